// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The server's name in a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3), which is all that the relay reads of what
// engineers send. Strict: lengths that do not fit exactly, an extension that stands twice, more than one name are no hello.
// A hello may come in any number of records, and records in any number of pieces.
//
// With Encrypted Client Hello (extension 0xfe0d) it is the outer name that stands here, and it is by that one that is relayed;
// browsers send the extension without meaning it, so it is nobody's fault. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern::mission {

inline constexpr std::size_t kHelloLimit = 16U << 10U;          // bytes of the message
inline constexpr std::size_t kHelloBytes = kHelloLimit + 2048;  // of all its records with their headers

struct Hello {
  enum class State {
    More,   // it is not whole yet
    Whole,  // name is what it asks for, in lower case; empty: it asks for none, or for what is no DNS name
    TooLarge,
    Http,  // a plain HTTP request, by its looks
    None,  // anything else
  };
  State state = State::More;
  std::string name;
};
// bytes: all that came so far.
Hello read_hello(std::string_view bytes);

// TLS alerts (RFC 8446 section 6.2), as a record that ends a handshake before it began.
enum class Alert : unsigned char {
  DecodeError = 50,
  AccessDenied = 49,
  InternalError = 80,
  UnrecognizedName = 112,
};
std::string alert_record(Alert alert);

}  // namespace postern::mission
