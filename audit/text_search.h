// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A text that is looked for in many lines, without regard to the case of ASCII letters (Horspool's algorithm: most of a
// line is stepped over, the further the longer the text is).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace postern::audit {

class TextSearch {
 public:
  explicit TextSearch(std::string_view text);
  // An empty text stands everywhere.
  bool stands_in(std::string_view line) const;

 private:
  std::string text_;                      // in lower case
  std::array<std::size_t, 256> steps_{};  // by the byte under the text's last one: so far may it be moved on
};

}  // namespace postern::audit
