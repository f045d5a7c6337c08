// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Keys at rest and on the way to their owner, under a passphrase: the key of an authority that lies on a medium (PKCS#8,
// scrypt, AES-256), and a client's key with its certificate as one file that browsers import (PKCS#12). What comes in and
// goes out as text is the caller's to wipe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/issue.h"

namespace postern::certs {

inline constexpr std::size_t kShortestPassphrase = 12;   // bytes
inline constexpr std::size_t kLongestPassphrase = 1024;  // bytes

// Invalid if there is no key, or the passphrase is too short or too long. About 50 ms and 16 MiB.
base::Result<std::string> seal_key(std::string_view key_pem, std::string_view passphrase);
bool is_sealed_key(std::string_view pem);
// Denied if it is not this passphrase.
base::Result<std::string> open_sealed_key(std::string_view pem, std::string_view passphrase);

// name: what the browser's list shows.
base::Result<std::string> make_pkcs12(const Credentials& credentials, std::string_view issuer_pem,
                                      const std::string& name, const std::string& password);

}  // namespace postern::certs
