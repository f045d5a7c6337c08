// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/text_search.h"

#include "base/bytes.h"

namespace postern::audit {

TextSearch::TextSearch(std::string_view text) : text_(base::to_lower(text)) {
  steps_.fill(text_.size());
  for (std::size_t i = 0; i + 1 < text_.size(); ++i) {
    const char c = text_[i];
    const std::size_t step = text_.size() - 1 - i;
    steps_[static_cast<unsigned char>(c)] = step;
    if (c >= 'a' && c <= 'z') steps_[static_cast<unsigned char>(c - 'a' + 'A')] = step;
  }
}

bool TextSearch::stands_in(std::string_view line) const {
  if (text_.empty()) return true;
  const std::size_t last = text_.size() - 1;
  for (std::size_t at = 0; at + last < line.size();
       at += steps_[static_cast<unsigned char>(line[at + last])]) {
    std::size_t i = last;
    while (base::to_lower(line[at + i]) == text_[i]) {
      if (i == 0) return true;
      --i;
    }
  }
  return false;
}

}  // namespace postern::audit
