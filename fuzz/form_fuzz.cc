// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A body of application/x-www-form-urlencoded, as pages post it: what is accepted is bounded text.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "gateway/http/form.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const FormLimits limits{.bytes = 4096, .parameters = 16};
  static_cast<void>(is_form(body));
  Parameters parameters;
  const Verdict verdict = parse_form(body, limits, parameters);
  POSTERN_CHECK(verdict.ok() == verdict.sentence.empty());
  if (!verdict.ok()) return 0;
  POSTERN_CHECK(body.size() <= limits.bytes && parameters.size() <= limits.parameters);
  for (const Parameter& one : parameters.all()) {
    POSTERN_CHECK(postern::base::is_utf8(one.name) && postern::base::is_utf8(one.value));
    POSTERN_CHECK(one.name.find('\0') == std::string_view::npos &&
                  one.value.find('\0') == std::string_view::npos);
    POSTERN_CHECK(parameters.only(one.name).has_value() == (parameters.count(one.name) == 1));
  }
  return 0;
}
