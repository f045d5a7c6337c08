// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where a keeper's private keys are: OpenSSL keeps what it computes with in memory of its own, and a key is in
// many places there (numbers, contexts, intermediate results). So all memory that OpenSSL takes in a keeper is
// of one region: locked (never swapped out), left out of core dumps, with a guard page at either end, and wiped
// where it is given back. Keys that libsodium computes with are base::Secret, which is the same by other means.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace postern::keeper {

// Of the region, in bytes: below the 8 MiB that an unprivileged process may lock by default. A key of RSA 4096
// takes some 20 KiB while it signs. When the region is full OpenSSL gets no memory, and a request is refused.
inline constexpr std::size_t kLockedMemory = 4U << 20U;

// To be called once, before anything in this process has used OpenSSL. Unavailable, with what to do: the system
// does not let us lock so much.
base::Status lock_openssl_memory();

}  // namespace postern::keeper
