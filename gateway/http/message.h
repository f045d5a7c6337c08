// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Heads of requests and responses as values, whatever wire they came over. Everything in them has been
// checked byte by byte; what it means together (framing, Connection, Host ...) is the business of
// request_rules.h and h1_response.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/fields.h"

namespace postern::http {

// The methods that are forwarded. Every other one is refused.
enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options };
std::string_view to_text(Method method);                    // "GET"
std::optional<Method> parse_method(std::string_view text);  // exact case

enum class Version : std::uint8_t { Http10, Http11 };

// How the end of a body is found (RFC 9112 section 6.3).
enum class BodyKind : std::uint8_t {
  None,        // there is no body
  Sized,       // exactly size bytes
  Chunked,     // until the last chunk
  UntilClose,  // until the connection ends; responses only
  WebSocket,   // frames (ws_frame.h), from the answer 101 on; of a request: it asks for that
};
struct Framing {
  BodyKind kind = BodyKind::None;
  std::uint64_t size = 0;  // of Sized; otherwise 0

  bool operator==(const Framing&) const = default;
};

struct RequestHead {
  Method method = Method::Get;
  Version version = Version::Http11;
  bool keep_alive = true;        // the client wants to use the connection again
  bool expect_continue = false;  // the client waits for 100 (Continue) before it sends the body
  Framing body;
  std::string target;  // as sent: visible ASCII, not yet canonicalised
  Fields fields;

  void clear();  // keeps the memory
};

struct ResponseHead {
  int status = 0;  // 100 to 599
  Version version = Version::Http11;
  bool keep_alive = true;  // the component lets the connection be used again
  Framing body;
  std::optional<std::uint64_t>
      declared_size;   // what Content-Length says, also where no body follows (HEAD, 304)
  std::string reason;  // may be empty
  Fields fields;

  bool interim() const { return status < 200 && status != 101; }
  void clear();  // keeps the memory
};

// "Not Found"; empty for a status that RFC 9110 does not name.
std::string_view reason_of(int status);

}  // namespace postern::http
