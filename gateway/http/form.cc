// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/form.h"

#include <string>

#include "base/bytes.h"
#include "gateway/http/chars.h"
#include "gateway/http/percent.h"

namespace postern::http {

Verdict parse_form(std::string_view body, const FormLimits& limits, Parameters& out) {
  if (body.size() > limits.bytes)
    return refused(base::Refusal::BodyTooLarge, "the form is longer than the limit");
  std::string canonical;
  return parse_parameters(body, limits.parameters, base::Refusal::Malformed, canonical, out);
}

bool is_form(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  return base::equals_ignoring_case(type, "application/x-www-form-urlencoded");
}

std::string encode_value(std::string_view value) {
  std::string out;
  for (const char byte : value) append_decoded(byte, out);
  return out;
}

void append_parameter(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += '&';
  out.append(name).append("=").append(encode_value(value));
}

}  // namespace postern::http
