// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/detail.h"

#include <algorithm>

namespace postern::audit {
namespace {

// The short escapes, and DEL, as \u00XX.
void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u00";
  out += kHex[static_cast<unsigned char>(c) >> 4U];
  out += kHex[static_cast<unsigned char>(c) & 15U];
}

char meant_by(char escape) {
  switch (escape) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace

int depth_of(const base::Json& value) {
  if (!value.is_structured()) return 0;
  int deepest = 0;
  for (const base::Json& item : value) deepest = std::max(deepest, depth_of(item));
  return deepest + 1;
}

std::string as_detail(const base::Json& value) {
  const std::string text = base::dump_json(value);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x7f') {
      append_escaped(out, text[i]);
    } else if (text[i] != '\\') {
      out += text[i];
    } else if (const char meant = meant_by(text[++i]); meant != '\0') {
      append_escaped(out, meant);
    } else {
      out.append(1, '\\').append(1, text[i]);
    }
  }
  return out;
}

}  // namespace postern::audit
