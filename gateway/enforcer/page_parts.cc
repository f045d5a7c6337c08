// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/page_parts.h"

#include <algorithm>
#include <string>

namespace postern::enforcer {

void write_trouble(Html& html, std::string_view message) {
  if (message.empty()) return;
  std::string sentence(message);
  if (sentence[0] >= 'a' && sentence[0] <= 'z') sentence[0] = static_cast<char>(sentence[0] - 'a' + 'A');
  if (!sentence.ends_with('.')) sentence += '.';
  html.raw("<p class=\"trouble\" role=\"alert\">").text(sentence).raw("</p>\n");
}

void write_time(Html& html, base::Micros time) {
  const std::string full = base::format_time(time);
  html.raw("<time datetime=\"").text(full).raw("\">").text(full.substr(0, 10)).raw(" ");
  html.text(full.substr(11, 5)).raw(" UTC</time>");
}

void write_left(Html& html, base::Micros now, base::Micros end) {
  const long long seconds = std::max<base::Micros>(0, end - now) / base::kWallSecond;
  html.raw("<span data-left=\"").number(seconds).raw("\">");
  if (seconds >= 3600) html.number(seconds / 3600).raw(" h ");
  if (seconds >= 60) html.number(seconds / 60 % 60).raw(" min");
  if (seconds < 60) html.number(seconds).raw(" s");
  html.raw("</span>");
}

}  // namespace postern::enforcer
