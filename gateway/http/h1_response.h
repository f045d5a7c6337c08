// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reads response heads off a connection to the component (RFC 9112 sections 4 to 6), client side. As strict
// about framing as the server side; docs/HTTP.md names each tolerance that real servers need. Each Refused is
// the component's fault and carries component_malformed.
#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/http/h1_request.h"
#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

class ResponseParser {
 public:
  explicit ResponseParser(const HeadLimits& limits) : limits_(limits) {}

  // method: of the request that is being answered; it decides whether a body follows (RFC 9112 section 6.3).
  // bytes: as for RequestParser::parse. After an interim head (status 1xx, never 101), call reset() and parse on
  // behind it. upgrade: a WebSocket was asked for, and 101 may be the answer; otherwise that is refused.
  HeadStep parse(std::string_view bytes, Method method, bool upgrade = false);

  ResponseHead& head() { return head_; }
  const ResponseHead& head() const { return head_; }
  bool begun() const { return scanned_ != 0; }
  void reset();

 private:
  Verdict take_line(std::string_view line);
  Verdict take_status_line(std::string_view line);

  HeadLimits limits_;
  ResponseHead head_;
  HeadStep last_;
  std::size_t line_begin_ = 0;
  std::size_t scanned_ = 0;
  bool has_status_line_ = false;
};

}  // namespace postern::http
