// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/prefilter.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/check.h"

namespace postern::redact {
namespace {

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

// Bytes in front of the second of a pair that may already belong to its pattern.
constexpr std::size_t kReach = 8;
// What may follow a name of one byte.
constexpr std::string_view kBehindName = ":= \t\"'\\";

}  // namespace

Prefilter::Prefilter() : groups_(1) {
  for (const Pattern& pattern : built_in_patterns()) add(pattern);
}

void Prefilter::add(const Pattern& pattern) {
  POSTERN_CHECK(!pattern.text.empty() && pattern.anchor < kReach);
  const char a = pattern.text[pattern.anchor];
  const bool lone = pattern.anchor + 1 >= pattern.text.size();
  const std::string_view seconds = lone ? kBehindName : pattern.text.substr(pattern.anchor + 1, 1);
  std::string pairs;
  for (const char b : seconds) {
    for (const char first : {a, base::to_lower(a), to_upper(a)}) {
      for (const char second : {b, base::to_lower(b), to_upper(b)}) {
        if (!pattern.any_case && (first != a || second != b)) continue;
        pairs += first;
        pairs += second;
      }
    }
  }
  const char first = pattern.text.front();
  for (const char c : {base::to_lower(first), to_upper(first)}) {
    std::vector<Pattern>& all = by_first_byte_[static_cast<unsigned char>(c)];
    const bool known = !all.empty() && all.back().text.data() == pattern.text.data();
    if (!known && (pattern.any_case || c == first)) all.push_back(pattern);
  }
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    std::uint16_t pair = 0;
    std::memcpy(&pair, pairs.data() + i, 2);
    std::uint8_t& group = groups_of_[pair];
    if (group == 0) {
      // Beyond 255 pairs they share a group: its patterns look at what is not theirs, and say no.
      if (groups_.size() < 256) groups_.emplace_back();
      group = static_cast<std::uint8_t>(groups_.size() - 1);
    }
    std::vector<Pattern>& all = groups_[group];
    if (all.empty() || all.back().text.data() != pattern.text.data()) all.push_back(pattern);
  }
}

std::size_t Prefilter::waiting(const View& view) const {
  const std::string_view text = view.text;
  for (std::size_t size = std::min(text.size(), kReach); size > 0; --size) {
    const std::size_t begin = text.size() - size;
    const std::string_view there = text.substr(begin);
    for (const Pattern& pattern : by_first_byte_[static_cast<unsigned char>(there.front())]) {
      if (size > pattern.anchor + 1) continue;  // its pair is there, and was looked at
      if (!pattern.within_words && !begins_word(view, begin)) continue;
      const std::string_view wanted = std::string_view(pattern.text).substr(0, size);
      if (pattern.any_case ? base::equals_ignoring_case(there, wanted) : there == wanted) return size;
    }
  }
  return 0;
}

Finding Prefilter::look(const View& view, std::size_t place) const {
  Finding best;
  for (const Pattern& pattern : groups_[at(view.text.data() + place)]) {
    if (place < pattern.anchor) continue;
    Finding finding = pattern.detect(view, place - pattern.anchor, pattern);
    if (finding.state == Finding::State::None) continue;
    if (best.state == Finding::State::None || finding.begin < best.begin) best = std::move(finding);
  }
  return best;
}

}  // namespace postern::redact
