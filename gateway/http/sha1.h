// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// SHA-1 (FIPS 180-4), for the one place where a protocol of ours demands it: the WebSocket handshake, where it proves
// that a server means WebSocket and protects nothing. Never use it for anything else. By OpenSSL: load it first
// (certs/library.h) where walls are built later.
#pragma once

#include <string>
#include <string_view>

namespace postern::http {

std::string sha1(std::string_view bytes);  // 20 bytes

}  // namespace postern::http
