// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/html.h"

#include <cstddef>

#include "base/bytes.h"

namespace postern::enforcer {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length that a UTF-8 lead byte announces; 1 for what is none, which then fails is_utf8.
std::size_t announced_length(unsigned char lead) {
  if (lead >= 0xF0) return 4;
  if (lead >= 0xE0) return 3;
  return lead >= 0xC0 ? 2 : 1;
}

// C1 controls (U+0080..9F), U+200E, U+200F, U+202A..202E and U+2066..2069, as UTF-8.
bool misleads(std::string_view character) {
  const auto last = static_cast<unsigned char>(character.back());
  if (character.size() == 2) return character[0] == '\xC2' && last < 0xA0;
  if (character.substr(0, 2) == "\xE2\x80")
    return last == 0x8E || last == 0x8F || (last >= 0xAA && last <= 0xAE);
  return character.size() == 3 && character.substr(0, 2) == "\xE2\x81" && last >= 0xA6 && last <= 0xA9;
}

std::string_view escape_ascii(const char& c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    case '\t':
    case '\n':
      return {&c, 1};
    default:
      break;
  }
  const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  return control ? kReplacement : std::string_view(&c, 1);
}

}  // namespace

void escape_html(std::string& out, std::string_view text) {
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      out.append(escape_ascii(text.front()));
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character =
        text.substr(0, announced_length(static_cast<unsigned char>(text.front())));
    const bool whole = character.size() > 1 && base::is_utf8(character);
    out.append(whole && !misleads(character) ? character : kReplacement);
    text.remove_prefix(whole ? character.size() : 1);
  }
}

}  // namespace postern::enforcer
