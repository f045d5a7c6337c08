// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/patch.h"

namespace postern::enforcer {
namespace {

int depth_of(const base::Json& value) {
  if (!value.is_structured()) return 0;
  int deepest = 0;
  for (const base::Json& item : value) deepest = std::max(deepest, depth_of(item));
  return deepest + 1;
}

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

std::string as_detail(const base::Json& value, std::size_t most) {
  if (depth_of(value) > kPatchDepth) return {};
  const std::string text = base::dump_json(value);
  std::string out;
  for (std::size_t i = 0; i < text.size() && out.size() <= most; ++i) {
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
  return out.size() <= most ? out : std::string();
}

Patch make_patch(const base::Json& before, const base::Json& after) {
  base::Json operations = base::Json::diff(before, after);
  // What is removed from a list is removed from its end, one after the other, so each path still names what
  // stands there in the document as it was.
  for (base::Json& operation : operations) {
    const std::string op = base::json_text_or(operation, "op", "");
    if (op == "add") continue;
    const base::Json::json_pointer path(base::json_text_or(operation, "path", ""));
    if (before.contains(path)) operation["old"] = before.at(path);
  }
  Patch out;
  out.operations = static_cast<std::int64_t>(operations.size());
  out.text = as_detail(operations, kPatchLimit);
  return out;
}

}  // namespace postern::enforcer
