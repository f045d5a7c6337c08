// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The head of a component's answer on its way out: the component's address is in no field that names an origin, nothing that is ours to say
// is left, and what is left can be written.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/enforcer/rewrite.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/h1_write.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const enforcer::Node node = [] {
    enforcer::Node made;
    made.authority = "10.0.0.7:9090";
    return made;
  }();
  static const enforcer::Service service;
  http::ResponseParser parser{http::HeadLimits{}};
  if (parser.parse({reinterpret_cast<const char*>(data), size}, http::Method::Get).state !=
      http::HeadState::Complete)
    return 0;
  http::Fields& fields = parser.head().fields;
  enforcer::rewrite_response(fields, {"support.example", "192.0.2.1", &node, &service});
  POSTERN_CHECK(!fields.has(http::FieldId::SetCookie) && !fields.has(http::FieldId::PosternEvent));
  const std::string_view location = fields.find(http::FieldId::Location).value_or("");
  POSTERN_CHECK(!location.starts_with("http://10.0.0.7:9090/"));
  std::string text;
  http::write_response_head(text, {200, ""}, fields, {}, true);
  return 0;
}
