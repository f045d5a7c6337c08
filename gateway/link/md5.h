// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// MD5 (RFC 1321), for the one place where a protocol of ours demands it: a proxy that asks for Digest and knows no better
// algorithm (RFC 7616 section 3.2). Never use it for anything else. By OpenSSL: load it first (certs/library.h) where
// walls are built later.
#pragma once

#include <string>
#include <string_view>

namespace postern::link {

std::string md5_hex(std::string_view bytes);  // empty: this machine's OpenSSL does not do it any more

}  // namespace postern::link
