// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/percent.h"

#include "base/bytes.h"
#include "gateway/http/chars.h"

namespace postern::http {

int percent_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void append_percent(char byte, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  const char encoded[] = {'%', kDigits[value >> 4U], kDigits[value & 15U]};
  out.append(encoded, sizeof encoded);
}

void append_decoded(char byte, std::string& out) {
  is_unreserved(byte) ? out.push_back(byte) : append_percent(byte, out);
}

bool is_clean_utf8(std::string_view text) {
  if (!base::is_utf8(text)) return false;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
  }
  return true;
}

bool is_encoded_twice(std::string_view canonical) {
  for (std::size_t at = canonical.find("%25"); at != std::string_view::npos;
       at = canonical.find("%25", at + 3)) {
    if (at + 4 < canonical.size() && hex_value(canonical[at + 3]) >= 0 && hex_value(canonical[at + 4]) >= 0)
      return true;
  }
  return false;
}

}  // namespace postern::http
