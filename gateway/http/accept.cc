// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/accept.h"

#include <algorithm>

#include "base/bytes.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

// The weight of a member in thousandths (RFC 9110 section 12.4.2); -1 if its q is wrong.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = parameters.substr(0, parameters.find(';'));
    parameters.remove_prefix(parameter.size() + (parameter.size() < parameters.size() ? 1 : 0));
    const std::string_view text = trim(parameter);
    if (text.size() < 2 || base::to_lower(text[0]) != 'q' || text[1] != '=') continue;
    const std::string_view q = text.substr(2);
    if (q.empty() || q.size() > 5 || (q[0] != '0' && q[0] != '1') || (q.size() > 1 && q[1] != '.')) return -1;
    int value = q[0] == '1' ? 1000 : 0;
    int scale = 100;
    for (const char c : q.substr(q.size() > 1 ? 2 : 1)) {
      if (!is_digit(c)) return -1;
      value += (c - '0') * scale;
      scale /= 10;
    }
    return value <= 1000 ? value : -1;
  }
  return 1000;
}

}  // namespace

bool wants_html(std::string_view accept) {
  int html = 0;
  int json = 0;
  for (std::string_view member; next_member(accept, member);) {
    const std::string_view type = trim(member.substr(0, member.find(';')));
    const int weight = weight_of(member.substr(std::min(member.size(), type.size())));
    if (base::equals_ignoring_case(type, "text/html")) html = std::max(html, weight);
    if (base::equals_ignoring_case(type, "application/json") ||
        base::equals_ignoring_case(type, "application/problem+json")) {
      json = std::max(json, weight);
    }
  }
  return html > 0 && html >= json;
}

}  // namespace postern::http
