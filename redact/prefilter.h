// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where a secret could begin, found fast: every pattern is looked for by two neighbouring bytes that are rare
// in what is no secret. One table of 65,536 bytes says for each pair whether a pattern wants to look; text
// without such pairs costs one load a byte.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "redact/detect.h"

namespace postern::redact {

class Prefilter {
 public:
  Prefilter();
  void add(const Pattern& pattern);  // what it refers to must outlive the filter

  // The first place from `from` on whose byte and the next are a pair of some pattern; the last byte of the
  // text if there is none, since it may be half of one; text.size() if from is behind it.
  std::size_t next(std::string_view text, std::size_t from) const {
    const char* const p = text.data();
    const std::size_t size = text.size();
    std::size_t i = from;
    for (; i + 9 <= size; i += 8) {
      const unsigned any = at(p + i) | at(p + i + 1) | at(p + i + 2) | at(p + i + 3) | at(p + i + 4) |
                           at(p + i + 5) | at(p + i + 6) | at(p + i + 7);
      if (any != 0) break;
    }
    while (i + 1 < size && at(p + i) == 0) ++i;
    return i;
  }

  // What stands at that place: the finding that begins first; None if no pattern agrees.
  Finding look(const View& view, std::size_t place) const;

  // How many bytes at the end of a text may be the beginning of a pattern whose pair is not complete: they must
  // wait for what follows.
  std::size_t waiting(const View& view) const;

 private:
  std::uint8_t at(const char* two) const {
    std::uint16_t pair = 0;
    std::memcpy(&pair, two, 2);
    return groups_of_[pair];
  }

  std::array<std::uint8_t, 65536> groups_of_{};  // 0: nobody wants it
  std::vector<std::vector<Pattern>> groups_;
  std::array<std::vector<Pattern>, 256> by_first_byte_;
};

}  // namespace postern::redact
