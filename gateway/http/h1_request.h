// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reads request heads off an HTTP/1.1 connection (RFC 9112 sections 2, 3 and 5), server side, strictly: one
// grammar, CRLF only, no line folding, no white space where none belongs. docs/HTTP.md lists each rule with
// its code. Touches no socket.
#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

struct HeadLimits {
  std::size_t head = 32 * 1024;    // bytes from the first to the empty line's last; beyond: head_too_large
  std::size_t target = 16 * 1024;  // bytes; beyond: target_too_long
  std::size_t fields = 100;        // beyond: head_too_large
};

enum class HeadState { NeedMore, Complete, Refused };

struct HeadStep {
  HeadState state = HeadState::NeedMore;
  std::size_t consumed = 0;  // Complete: the head's bytes; the body, or the next request, begins there
  Verdict
      verdict;  // Refused: why. The connection can only be closed; where the next request begins is unknown
};

class RequestParser {
 public:
  explicit RequestParser(const HeadLimits& limits) : limits_(limits) {}

  // bytes: everything received since the last head and body ended, from the first byte on each call, with
  // more at its end each time; they may lie elsewhere than before. The work done is linear in the bytes,
  // however they are cut. The answer does not depend on the cuts. Complete and Refused last until reset().
  HeadStep parse(std::string_view bytes);

  // After Complete: judged by judge_request. May be moved from.
  RequestHead& head() { return head_; }
  const RequestHead& head() const { return head_; }

  // Some bytes of a head have been seen: a close now cuts a request short, and the head's timeout runs.
  bool begun() const { return scanned_ != 0; }

  void reset();  // ready for the next request; keeps the memory

 private:
  Verdict take_line(std::string_view line);
  Verdict take_request_line(std::string_view line);
  HeadStep finish(HeadStep step);

  HeadLimits limits_;
  RequestHead head_;
  HeadStep last_;
  std::size_t line_begin_ = 0;  // where the line that is being read begins
  std::size_t scanned_ = 0;     // no line end before this
  bool skipped_empty_line_ = false;
  bool has_request_line_ = false;
};

}  // namespace postern::http
