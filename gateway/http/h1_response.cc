// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1_response.h"

#include "gateway/http/chars.h"
#include "gateway/http/head_line.h"
#include "gateway/http/response_rules.h"

namespace postern::http {
HeadStep ResponseParser::parse(std::string_view bytes, Method method, bool upgrade) {
  while (last_.state == HeadState::NeedMore) {
    const HeadLine line = next_line(bytes, line_begin_, scanned_, limits_.head);
    if (line.state == HeadLine::State::NeedMore) break;
    Verdict verdict;
    bool complete = false;
    if (line.state == HeadLine::State::TooLong) {
      verdict = wrong_answer("the answer's head is longer than the limit");
    } else if (line.state == HeadLine::State::BareLf) {
      verdict = wrong_answer("a line of the answer does not end in CR LF");
    } else if (line.text.empty() && has_status_line_) {
      verdict = judge_response(head_, method, upgrade);
      complete = true;
    } else {
      verdict = take_line(line.text);
    }
    if (!verdict.ok()) {
      last_ = {HeadState::Refused, 0, wrong_answer(verdict.sentence)};
    } else if (complete) {
      last_ = {HeadState::Complete, line_begin_, verdict};
    }
  }
  return last_;
}

Verdict ResponseParser::take_line(std::string_view line) {
  if (has_status_line_) return take_field_line(line, limits_.fields, head_.fields);
  has_status_line_ = true;
  return take_status_line(line);
}

// Tolerated because servers do it: no SP behind the status where there is no reason (RFC 9112 section 4 wants
// the SP).
Verdict ResponseParser::take_status_line(std::string_view line) {
  const std::string_view version = line.substr(0, 8);
  if (version == "HTTP/1.1") {
    head_.version = Version::Http11;
  } else if (version == "HTTP/1.0") {
    head_.version = Version::Http10;
  } else {
    return wrong_answer("the answer does not begin with HTTP/1.1 or HTTP/1.0");
  }
  const std::string_view rest = line.substr(8);
  const bool shaped = rest.size() >= 4 && rest[0] == ' ' && is_digit(rest[1]) && is_digit(rest[2]) &&
                      is_digit(rest[3]) && (rest.size() == 4 || rest[4] == ' ');
  if (!shaped) return wrong_answer("the answer's status is not three digits");
  head_.status = (rest[1] - '0') * 100 + (rest[2] - '0') * 10 + (rest[3] - '0');
  if (head_.status < 100 || head_.status > 599)
    return wrong_answer("the answer's status is not between 100 and 599");
  const std::string_view reason = trim(rest.substr(rest.size() == 4 ? 4 : 5));
  if (classify_value(reason) == ValueText::Invalid)
    return wrong_answer("the answer's reason holds a control character");
  head_.reason.assign(reason);
  return accepted();
}

void ResponseParser::reset() {
  head_.clear();
  last_ = {};
  line_begin_ = 0;
  scanned_ = 0;
  has_status_line_ = false;
}

}  // namespace postern::http
