// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a connection: a head that we forward http-parser accepts too, with the same method and target, and it finds the same fields.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "fuzz/second_opinion.h"
#include "gateway/http/chars.h"
#include "gateway/http/forwarding.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/target.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  RequestParser parser{HeadLimits{}};
  const HeadStep step = parser.parse(bytes);
  if (step.state != HeadState::Complete) return 0;
  const RequestHead& head = parser.head();
  static const std::vector<Authority> ours = {{"a", 0}};
  CanonicalTarget target;
  if (!canonicalise(head.target, {.ours = ours}, target).ok()) return 0;  // it judges targets too
  bool confusing = false;  // what it takes for framing, and we take out
  head.fields.for_each(
      [&](const Field& field) { confusing |= field.id == FieldId::Other && has_meaning(field); });
  if (confusing) return 0;
  if (head.fields.has(FieldId::Upgrade)) return 0;  // it hands the connection over
  // With the length that we found: it must find the end of the request there.
  std::string whole = with_known_space(bytes.substr(0, step.consumed));
  if (head.body.kind == BodyKind::Chunked) whole += "1\r\nb\r\n0\r\n\r\n";
  if (head.body.kind == BodyKind::Sized && head.body.size > 4096) return 0;
  if (head.body.kind == BodyKind::Sized) whole.append(head.body.size, 'b');
  const Opinion theirs = ask_http_parser(whole);
  POSTERN_CHECK(theirs.accepted && theirs.messages == 1);
  POSTERN_CHECK(theirs.method == to_text(head.method) && theirs.target == head.target);
  POSTERN_CHECK(theirs.body.size() == (head.body.kind == BodyKind::Chunked ? 1 : head.body.size));
  std::string_view lines = theirs.fields;
  head.fields.for_each([&](const Field& field) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(line.size() + 1);
    POSTERN_CHECK(line.substr(0, line.find(':')) == field.name);
    POSTERN_CHECK(trim(line.substr(line.find(':') + 1)) == field.value);
  });
  return 0;
}
