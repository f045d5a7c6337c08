// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1_response.h"

#include "base/bytes.h"
#include "gateway/http/chars.h"
#include "gateway/http/head_line.h"
#include "gateway/http/request_rules.h"

namespace postern::http {
namespace {

constexpr Verdict wrong(std::string_view sentence) {
  return refused(base::Refusal::ComponentMalformed, sentence);
}

// Fields whose second value would decide what a client does with the answer, or how the filter reads it.
Verdict judge_doubled(const Fields& fields) {
  for (const FieldId id : {FieldId::ContentLength, FieldId::TransferEncoding, FieldId::ContentType,
                           FieldId::ContentEncoding, FieldId::Location, FieldId::ContentRange}) {
    if (fields.count(id) > 1) return wrong("a field that may stand once stands twice in the answer");
  }
  return accepted();
}

bool has_no_body(int status, Method method) {
  return method == Method::Head || status < 200 || status == 204 || status == 304;
}

// RFC 9112 section 6.3. The fields are judged even where no body follows: an answer that contradicts itself
// is not passed on.
Verdict judge_framing(ResponseHead& head, Method method) {
  const auto coded = head.fields.find(FieldId::TransferEncoding);
  const auto sized = head.fields.find(FieldId::ContentLength);
  if (coded && sized) return wrong("the answer has both Content-Length and Transfer-Encoding");
  if (coded && head.version == Version::Http10) return wrong("an HTTP/1.0 answer has Transfer-Encoding");
  if (coded && !base::equals_ignoring_case(*coded, "chunked"))
    return wrong("the answer's Transfer-Encoding is not chunked alone");
  const std::optional<std::uint64_t> size = sized ? parse_content_length(*sized) : std::nullopt;
  if (sized && !size) return wrong("the answer's Content-Length is not one plain number");

  head.declared_size = size;
  if (head.status == 101) {
    if (coded || sized) return wrong("the answer 101 says how long its body is");
    if (head.version == Version::Http10) return wrong("an HTTP/1.0 answer changes the protocol");
    head.body = {BodyKind::WebSocket, 0};
  } else if (has_no_body(head.status, method)) {
    head.body = {};
  } else if (coded) {
    head.body = {BodyKind::Chunked, 0};
  } else if (size) {
    head.body = {*size == 0 ? BodyKind::None : BodyKind::Sized, *size};
  } else {
    head.body = {BodyKind::UntilClose, 0};
  }
  return accepted();
}

}  // namespace

HeadStep ResponseParser::parse(std::string_view bytes, Method method, bool upgrade) {
  while (last_.state == HeadState::NeedMore) {
    const HeadLine line = next_line(bytes, line_begin_, scanned_, limits_.head);
    if (line.state == HeadLine::State::NeedMore) break;
    Verdict verdict;
    bool complete = false;
    if (line.state == HeadLine::State::TooLong) {
      verdict = wrong("the answer's head is longer than the limit");
    } else if (line.state == HeadLine::State::BareLf) {
      verdict = wrong("a line of the answer does not end in CR LF");
    } else if (line.text.empty() && has_status_line_) {
      verdict = judge(method, upgrade);
      complete = true;
    } else {
      verdict = take_line(line.text);
    }
    if (!verdict.ok()) {
      last_ = {HeadState::Refused, 0, wrong(verdict.sentence)};
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
    return wrong("the answer does not begin with HTTP/1.1 or HTTP/1.0");
  }
  const std::string_view rest = line.substr(8);
  const bool shaped = rest.size() >= 4 && rest[0] == ' ' && is_digit(rest[1]) && is_digit(rest[2]) &&
                      is_digit(rest[3]) && (rest.size() == 4 || rest[4] == ' ');
  if (!shaped) return wrong("the answer's status is not three digits");
  head_.status = (rest[1] - '0') * 100 + (rest[2] - '0') * 10 + (rest[3] - '0');
  if (head_.status < 100 || head_.status > 599)
    return wrong("the answer's status is not between 100 and 599");
  const std::string_view reason = trim(rest.substr(rest.size() == 4 ? 4 : 5));
  if (classify_value(reason) == ValueText::Invalid)
    return wrong("the answer's reason holds a control character");
  head_.reason.assign(reason);
  return accepted();
}

Verdict ResponseParser::judge(Method method, bool upgrade) {
  // Where we did not ask to change the protocol, nobody may agree to it (RFC 9110 section 15.2.2).
  if (head_.status == 101 && !upgrade) return wrong("the answer changes the protocol unasked");
  if (const Verdict verdict = judge_doubled(head_.fields); !verdict.ok()) return verdict;
  if (const Verdict verdict = judge_framing(head_, method); !verdict.ok()) return verdict;
  const ConnectionOptions options = connection_options(head_.fields);
  if (!options.valid) return wrong("the answer's Connection names something that is not a connection's own");
  head_.keep_alive = head_.body.kind != BodyKind::UntilClose && head_.body.kind != BodyKind::WebSocket &&
                     !options.close && (head_.version == Version::Http11 || options.keep_alive);
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
