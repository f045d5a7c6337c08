// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A head as a terminator hands it over that may be anybody's by now: judged again, it is a breach, a refusal, or a request that can be
// written, and what was written is the same request to whoever reads it.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/enforcer/incoming.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/h1_write.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const enforcer::Settings settings = [] {
    enforcer::Settings made;
    made.names = {*http::parse_authority("support.example")};
    return made;
  }();
  ipc::RequestHead wire;
  if (!ipc::decode({reinterpret_cast<const char*>(data), size}, wire)) return 0;
  http::RequestHead head;
  http::CanonicalTarget target;
  const auto verdict = enforcer::read_head(wire, settings, head, target);
  if (!verdict || !verdict->ok()) return 0;
  static_cast<void>(enforcer::is_cross_site(head, settings.names));
  std::string text;
  http::write_request_head(text, {head.method, target.text(), "a.example"}, head.fields, head.body, true);
  http::RequestParser parser{http::HeadLimits{1U << 20U, 1U << 16U, 1000}};
  const http::HeadStep step = parser.parse(text);
  POSTERN_CHECK(step.state == http::HeadState::Complete && step.consumed == text.size());
  POSTERN_CHECK(parser.head().method == head.method && parser.head().target == target.text());
  POSTERN_CHECK(parser.head().body == head.body || head.body.kind == http::BodyKind::None);
  return 0;
}
