// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/component_carrier.h"

#include <array>

namespace postern::enforcer {

void send_head(ComponentCarrier& carrier, const http::RequestLine& line, const http::Fields& fields,
               http::Framing body, const Shown& shown, bool keep_alive) {
  std::array<http::AddedField, 2> added;
  std::size_t count = 0;
  if (shown.credential != nullptr && !shown.credential->is_certificate())
    added[count++] = {shown.credential->field, shown.credential->value.view()};
  if (!shown.cookies.empty()) added[count++] = {"cookie", shown.cookies};
  carrier.write_head(line, fields, body, std::span(added).first(count), keep_alive);
}

}  // namespace postern::enforcer
