// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/match.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "base/check.h"

namespace postern::policy {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kFirst = 0xA0761D6478BD642FU;  // the constants of wyhash: odd, half of the bits set
constexpr std::uint64_t kSecond = 0xE7037ED1A0B428DBU;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

template <typename Word>
std::uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// All bytes of a text of at most 8, in a word. Overlapping loads instead of a memcpy of unknown size.
std::uint64_t load_short(const char* text, std::size_t size) {
  if (size == 8) return load<std::uint64_t>(text);
  if (size >= 4) return load<std::uint32_t>(text) | load<std::uint32_t>(text + size - 4) << 32U;
  if (size == 0) return 0;
  const auto byte = [&](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(text[i])}; };
  return byte(0) | byte(size / 2) << 8U | byte(size - 1) << 16U;
}

// The hash of a segment at its place: "/a/b" and "/b/a" differ although the hashes of segments are added.
std::uint64_t hash_segment(std::string_view segment, std::size_t place) {
  std::uint64_t state = kFirst + segment.size() + (place << 32U);
  while (segment.size() > 8) {
    state = fold(state ^ load<std::uint64_t>(segment.data()), kSecond);
    segment.remove_prefix(8);
  }
  return fold(state ^ load_short(segment.data(), segment.size()), kSecond ^ (place << 48U));
}

// The literals of a template, its parameters left empty: "/a/{x}/b" -> "/a//b".
std::string literals_of(const Template& path) {
  std::string out;
  for (const Segment& segment : path.segments) out += segment.parameter ? "/" : "/" + segment.text;
  return out;
}

}  // namespace

SegmentedPath::SegmentedPath(std::string_view path) : path_(path) {
  sum_[0] = 0;
  begin_[0] = 1;
  if (path.empty() || path[0] != '/') return;
  std::size_t begin = 1;
  while (begin <= path.size()) {
    if (count_++ == kTemplateSegments) return;
    std::size_t end = begin;
    while (end < path.size() && path[end] != '/') ++end;
    const std::size_t place = count_ - 1;
    hash_[place] = hash_segment(path.substr(begin, end - begin), place);
    sum_[place + 1] = sum_[place] + hash_[place];
    last_empty_ = begin == end;
    begin = end + 1;
    begin_[count_] = static_cast<std::uint32_t>(begin);
  }
}

Matcher::Arrangement Matcher::arrangement_of(const Template& path) {
  return {static_cast<std::uint32_t>(path.arrangement()), static_cast<std::uint32_t>(path.segments.size()),
          path.tail};
}

std::uint64_t Matcher::number(const Arrangement& arrangement) {
  return arrangement.parameters | std::uint64_t{arrangement.segments} << 32U |
         std::uint64_t{arrangement.tail} << 40U;
}

// An empty segment is no parameter. In a canonical path only the last one can be empty; a path that is not
// canonical is compared in find() like any other and can only fail to match.
bool Matcher::fits(const Arrangement& arrangement, const SegmentedPath& path) {
  if (arrangement.tail ? path.count_ < arrangement.segments : path.count_ != arrangement.segments)
    return false;
  return path.count_ != arrangement.segments || !path.last_empty_ ||
         (arrangement.parameters >> (path.count_ - 1) & 1U) == 0;
}

std::uint64_t Matcher::hash(const Arrangement& arrangement, const SegmentedPath& path) {
  std::uint64_t sum = path.sum_[arrangement.segments];
  for (std::uint32_t rest = arrangement.parameters; rest != 0; rest &= rest - 1) {
    sum -= path.hash_[static_cast<std::size_t>(std::countr_zero(rest))];
  }
  return fold(sum ^ number(arrangement), kFirst);
}

std::size_t Matcher::prepare(const SegmentedPath& path, std::array<Question, kArrangementLimit>& out) const {
  std::size_t count = 0;
  if (path.count_ == 0) return 0;
  for (std::size_t i = 0; i < arrangements_.size(); ++i) {
    if (!fits(arrangements_[i], path)) continue;
    const std::uint64_t hashed = hash(arrangements_[i], path);
    __builtin_prefetch(&slots_[hashed & (slots_.size() - 1)]);
    out[count++] = {hashed, i};
  }
  return count;
}

// The literals in one run up to each parameter.
bool Matcher::same_literals(std::string_view literals, const Arrangement& arrangement,
                            const SegmentedPath& path) {
  const auto take = [&](std::size_t begin, std::size_t end) {
    const std::string_view run = path.path_.substr(begin, end - begin);
    if (!literals.starts_with(run)) return false;
    literals.remove_prefix(run.size());
    return true;
  };
  std::size_t from = 0;
  for (std::uint32_t rest = arrangement.parameters; rest != 0; rest &= rest - 1) {
    const auto place = static_cast<std::size_t>(std::countr_zero(rest));
    if (path.begin_[place + 1] == path.begin_[place] + 1 || !take(from, path.begin_[place])) return false;
    from = path.begin_[place + 1] - 1;
  }
  return take(from, path.begin_[arrangement.segments] - 1) && literals.empty();
}

std::span<const Matcher::Entry> Matcher::find(const Question& question, const SegmentedPath& path) const {
  const auto tag = static_cast<std::uint32_t>(question.hash >> 32U);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = question.hash & mask; slots_[at].record != 0; at = (at + 1) & mask) {
    if (slots_[at].tag != tag) continue;
    const std::byte* const record = &records_[slots_[at].record];
    Head head;
    std::memcpy(&head, record, sizeof head);
    if (head.arrangement != question.arrangement) continue;
    const auto* const entries = reinterpret_cast<const Entry*>(record + sizeof head);
    const std::string_view literals(reinterpret_cast<const char*>(entries + head.entries), head.literals);
    if (same_literals(literals, arrangements_[question.arrangement], path)) return {entries, head.entries};
  }
  return {};
}

std::size_t Matcher::index_of(const Arrangement& arrangement) {
  const auto found = std::find(arrangements_.begin(), arrangements_.end(), arrangement);
  const auto index = static_cast<std::size_t>(found - arrangements_.begin());
  if (found == arrangements_.end()) arrangements_.push_back(arrangement);
  return index;
}

void Matcher::add(const Template& path, std::span<const Entry> entries) {
  const std::string literals = literals_of(path);
  const Arrangement arrangement = arrangement_of(path);
  Head head;
  head.entries = static_cast<std::uint32_t>(entries.size());
  head.literals = static_cast<std::uint16_t>(literals.size());
  head.arrangement = static_cast<std::uint16_t>(index_of(arrangement));
  const std::size_t offset = records_.size();
  const std::size_t bytes = sizeof head + entries.size_bytes() + literals.size();
  POSTERN_CHECK(offset + bytes < ~std::uint32_t{0});
  records_.resize(offset + (bytes + 7) / 8 * 8);
  std::byte* const record = &records_[offset];
  std::memcpy(record, &head, sizeof head);
  std::memcpy(record + sizeof head, entries.data(), entries.size_bytes());
  std::memcpy(record + sizeof head + entries.size_bytes(), literals.data(), literals.size());

  // An empty {} hashes like any other segment would: it is left out of the sum.
  const std::uint64_t hashed = hash(arrangement, SegmentedPath(literals));
  std::size_t at = hashed & (slots_.size() - 1);
  while (slots_[at].record != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {static_cast<std::uint32_t>(hashed >> 32U), static_cast<std::uint32_t>(offset)};
}

Matcher::Matcher(std::span<const Template* const> paths, std::span<const Entry> entries) {
  std::map<std::string, std::vector<std::size_t>> same;  // by what the template means
  for (std::size_t i = 0; i < paths.size(); ++i) same[paths[i]->key()].push_back(i);
  slots_.resize(std::bit_ceil(2 * same.size() + 2));
  records_.resize(8);  // so that 0 can mean a free slot
  for (const auto& [key, items] : same) {
    const Template& path = *paths[items.front()];
    std::vector<Entry> own;
    for (const std::size_t item : items) own.push_back(entries[item]);
    add(path, own);
  }
  POSTERN_CHECK(arrangements_.size() <= kArrangementLimit);
}

}  // namespace postern::policy
