// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1_request.h"

#include <algorithm>
#include <cstring>

#include "gateway/http/chars.h"
#include "gateway/http/head_line.h"
#include "gateway/http/request_rules.h"

namespace postern::http {
namespace {

using base::Refusal;

Verdict take_version(std::string_view text, Version& version) {
  const bool shaped = text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
                      is_digit(text[7]);
  if (!shaped) return malformed("the request line does not end in an HTTP version");
  if (text == "HTTP/1.1") {
    version = Version::Http11;
  } else if (text == "HTTP/1.0") {
    version = Version::Http10;
  } else {
    return refused(Refusal::VersionNotSupported, "the version is neither HTTP/1.1 nor HTTP/1.0");
  }
  return accepted();
}

}  // namespace

HeadStep RequestParser::parse(std::string_view bytes) {
  if (last_.state != HeadState::NeedMore) return last_;
  while (true) {
    const std::size_t longest =
        has_request_line_ ? limits_.head : std::min(limits_.head, limits_.target + kLineOverhead);
    const HeadLine line = next_line(bytes, line_begin_, scanned_, longest);
    switch (line.state) {
      case HeadLine::State::NeedMore:
        return last_;
      case HeadLine::State::TooLong:
        return finish({HeadState::Refused, 0,
                       has_request_line_ || longest == limits_.head
                           ? refused(Refusal::HeadTooLarge, "the head is longer than the limit")
                           : refused(Refusal::TargetTooLong, "the request line is longer than the limit")});
      case HeadLine::State::BareLf:
        return finish({HeadState::Refused, 0, malformed("a line does not end in CR LF")});
      case HeadLine::State::Line:
        break;
    }
    if (line.text.empty() && has_request_line_) {
      const Verdict verdict = judge_request(head_);
      return finish(
          {verdict.ok() ? HeadState::Complete : HeadState::Refused, verdict.ok() ? line_begin_ : 0, verdict});
    }
    if (const Verdict verdict = take_line(line.text); !verdict.ok())
      return finish({HeadState::Refused, 0, verdict});
  }
}

Verdict RequestParser::take_line(std::string_view line) {
  if (has_request_line_) return take_field_line(line, limits_.fields, head_.fields);
  if (!line.empty()) {
    has_request_line_ = true;
    return take_request_line(line);
  }
  // RFC 9112 section 2.2: at least one empty line before the request line is passed over. One is what old
  // clients send.
  if (skipped_empty_line_) return malformed("more than one empty line stands before the request line");
  skipped_empty_line_ = true;
  return accepted();
}

Verdict RequestParser::take_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return malformed("the method is not a token");
  const std::size_t last = line.rfind(' ');
  if (last == first) return malformed("the request line is not method, target and version");
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.size() > limits_.target)
    return refused(Refusal::TargetTooLong, "the target is longer than the limit");
  if (!is_target_text(target)) return malformed("the target is not made of visible ASCII");
  if (const Verdict verdict = take_version(line.substr(last + 1), head_.version); !verdict.ok())
    return verdict;
  const std::optional<Method> known = parse_method(method);
  if (!known) return refused(Refusal::MethodNotSupported, "the method is not one that is forwarded");
  head_.method = *known;
  head_.target.assign(target);
  return accepted();
}

HeadStep RequestParser::finish(HeadStep step) {
  last_ = step;
  return step;
}

void RequestParser::reset() {
  head_.clear();
  last_ = {};
  line_begin_ = 0;
  scanned_ = 0;
  skipped_empty_line_ = false;
  has_request_line_ = false;
}

}  // namespace postern::http
