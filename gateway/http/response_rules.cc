// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/response_rules.h"

#include <optional>

#include "base/bytes.h"
#include "gateway/http/request_rules.h"

namespace postern::http {
namespace {

// Fields whose second value would decide what a client does with the answer, or how the filter reads it.
Verdict judge_doubled(const Fields& fields) {
  for (const FieldId id : {FieldId::ContentLength, FieldId::TransferEncoding, FieldId::ContentType,
                           FieldId::ContentEncoding, FieldId::Location, FieldId::ContentRange}) {
    if (fields.count(id) > 1) return wrong_answer("a field that may stand once stands twice in the answer");
  }
  return accepted();
}

bool has_no_body(int status, Method method) {
  return method == Method::Head || status < 200 || status == 204 || status == 304;
}

// RFC 9110 section 8.6, RFC 9112 section 6.1: who announces a body where there is none may send it all the same, and it may
// come when the connection has another's request: it would be read as its answer.
bool may_send_a_body_all_the_same(const ResponseHead& head) {
  const bool coded = head.fields.has(FieldId::TransferEncoding);
  return (head.status == 204 && (coded || head.declared_size.value_or(0) > 0)) ||
         (head.status == 304 && coded);
}

// RFC 9112 section 6.3. The fields are judged even where no body follows: an answer that contradicts itself
// is not passed on.
Verdict judge_framing(ResponseHead& head, Method method) {
  const auto coded = head.fields.find(FieldId::TransferEncoding);
  const auto sized = head.fields.find(FieldId::ContentLength);
  if (coded && sized) return wrong_answer("the answer has both Content-Length and Transfer-Encoding");
  if (coded && head.version == Version::Http10)
    return wrong_answer("an HTTP/1.0 answer has Transfer-Encoding");
  if (coded && !base::equals_ignoring_case(*coded, "chunked"))
    return wrong_answer("the answer's Transfer-Encoding is not chunked alone");
  const std::optional<std::uint64_t> size = sized ? parse_content_length(*sized) : std::nullopt;
  if (sized && !size) return wrong_answer("the answer's Content-Length is not one plain number");

  head.declared_size = size;
  if (head.status == 101) {
    if (coded || sized) return wrong_answer("the answer 101 says how long its body is");
    if (head.version == Version::Http10) return wrong_answer("an HTTP/1.0 answer changes the protocol");
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

Verdict judge_response(ResponseHead& head, Method method, bool upgrade) {
  // Where we did not ask to change the protocol, nobody may agree to it (RFC 9110 section 15.2.2).
  if (head.status == 101 && !upgrade) return wrong_answer("the answer changes the protocol unasked");
  if (const Verdict verdict = judge_doubled(head.fields); !verdict.ok()) return verdict;
  if (const Verdict verdict = judge_framing(head, method); !verdict.ok()) return verdict;
  const ConnectionOptions options = connection_options(head.fields);
  if (!options.valid)
    return wrong_answer("the answer's Connection names something that is not a connection's own");
  head.keep_alive = head.body.kind != BodyKind::UntilClose && head.body.kind != BodyKind::WebSocket &&
                    !options.close && (head.version == Version::Http11 || options.keep_alive) &&
                    !may_send_a_body_all_the_same(head);
  return accepted();
}

}  // namespace postern::http
