// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A list of fields, as HTTP/1.1 writes it, on its way through either door: what belongs to a connection or claims who asks is gone, and
// going through twice changes nothing.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "gateway/http/accept.h"
#include "gateway/http/forwarding.h"
#include "gateway/http/h1_request.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string lines(reinterpret_cast<const char*>(data), size);
  RequestParser parser{HeadLimits{}};
  if (parser.parse("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n\r\n").state != HeadState::Complete)
    return 0;
  Fields& fields = parser.head().fields;
  fields.for_each([](const Field& field) { static_cast<void>(wants_html(field.value)); });
  static_cast<void>(strip_request_fields(fields));
  fields.for_each([](const Field& field) {
    const FieldRule& rule = rule_of(field.id);
    POSTERN_CHECK(!rule.hop_by_hop && !rule.strip_request && field.name.find('_') == std::string::npos);
    POSTERN_CHECK(!field.name.starts_with("x-forwarded-") && !field.name.starts_with("x-postern-"));
    POSTERN_CHECK(!may_be_trailer(field) || !has_meaning(field));
  });
  POSTERN_CHECK(strip_request_fields(fields) == 0);
  static_cast<void>(strip_response_fields(fields));
  POSTERN_CHECK(strip_response_fields(fields) == 0);
  return 0;
}
