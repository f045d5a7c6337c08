// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A ClientHello as it goes over the wire (RFC 8446 4.1.2), put together of its parts.
#pragma once

#include <string>
#include <string_view>

namespace postern::mission {

inline std::string number(std::size_t value, int size) {
  std::string out;
  for (int i = size - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
  return out;
}
inline std::string vector(std::string_view body, int size) {
  return number(body.size(), size) + std::string(body);
}
inline std::string extension(unsigned type, std::string_view body) {
  return number(type, 2) + vector(body, 2);
}
inline std::string server_name(std::string_view host) {
  return extension(0, vector(std::string(1, '\0') + vector(host, 2), 2));
}
inline std::string message(std::string_view extensions) {
  const std::string body = "\x03\x03" + std::string(32, 'r') + vector("", 1) + vector("\x13\x01", 2) +
                           vector(std::string(1, '\0'), 1) + vector(extensions, 2);
  return "\x01" + number(body.size(), 3) + body;
}
inline std::string record(std::string_view piece) { return "\x16\x03\x01" + vector(piece, 2); }

}  // namespace postern::mission
