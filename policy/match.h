// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Templates compiled for decide(): from a path to every template that matches it, at a cost that does not
// depend on how many there are. Templates of one arrangement (which segments are {}, whether ** follows and
// where) can be looked up by hash: leave those segments out and what remains of the path is the key. So a
// path is asked for once per arrangement that fits its number of segments. There are at most
// kArrangementLimit of them in all, which is what bounds the cost; real policies have a handful, most of
// other lengths.
//
// One table of 8-byte slots (open addressing, at most half full) leads to one record per template: its
// entries and its literals side by side. So that a large policy costs two cache misses, all slots are
// prefetched before the first is read. A record is compared byte by byte: a hash proves nothing.
//
// A tree with a hash lookup per segment was tried first: 600 ns with 100,000 operations, because each level
// waits for the miss of the one above.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/template.h"

namespace postern::policy {

// A path cut into segments, with their hashes. Made once per decision, asked of two matchers. Views the path.
class SegmentedPath {
 public:
  explicit SegmentedPath(std::string_view path);

 private:
  friend class Matcher;
  // segments beyond kTemplateSegments are one rest, which only ** can match
  std::string_view path_;
  std::uint32_t count_ = 0;  // kTemplateSegments + 1 if there is a rest
  bool last_empty_ = false;
  std::array<std::uint32_t, kTemplateSegments + 2>
      begin_;  // begin_[i]: after the slash before segment i; one past the end
  std::array<std::uint64_t, kTemplateSegments> hash_;     // of segment i at place i
  std::array<std::uint64_t, kTemplateSegments + 1> sum_;  // sum_[i]: of the first i hashes
};

class Matcher {
 public:
  // What decide() must know of a match, without a further cache miss.
  struct Entry {
    std::uint32_t item = 0;        // index of the operation or never rule
    std::uint16_t capability = 0;  // of the operation
    MethodSet methods = 0;
    bool write : 1 = false;  // class of the capability
    bool plain : 1 = false;  // no constraints of its own
  };
  static_assert(sizeof(Entry) == 8);

  // entries[i] belongs to *paths[i]; at most kArrangementLimit arrangements.
  Matcher(std::span<const Template* const> paths, std::span<const Entry> entries);

  // Calls visit(entry) for each entry whose template matches path and whose methods include method, in no
  // promised order.
  template <typename Visit>
  void each(const SegmentedPath& path, MethodSet method, Visit visit) const;

 private:
  struct Arrangement {
    std::uint32_t parameters = 0;  // bit i: segment i is {}
    std::uint32_t segments = 0;    // how many stand before the end or the **
    bool tail = false;
    bool operator==(const Arrangement&) const = default;
  };
  struct Slot {
    std::uint32_t tag = 0;     // upper half of the hash
    std::uint32_t record = 0;  // offset in records_; 0 if the slot is free
  };
  struct Head {  // of a record; the entries and then the literals follow
    std::uint32_t entries;
    std::uint16_t literals;     // bytes, at most kTemplateLength
    std::uint16_t arrangement;  // index in arrangements_
  };
  struct Question {
    std::uint64_t hash;
    std::size_t arrangement;
  };

  static Arrangement arrangement_of(const Template& path);
  static bool fits(const Arrangement& arrangement, const SegmentedPath& path);
  static std::uint64_t hash(const Arrangement& arrangement, const SegmentedPath& path);
  static std::uint64_t number(const Arrangement& arrangement);
  static bool same_literals(std::string_view literals, const Arrangement& arrangement,
                            const SegmentedPath& path);
  std::size_t index_of(const Arrangement& arrangement);  // in arrangements_, added if it is new
  void add(const Template& path, std::span<const Entry> entries);

  // The arrangements that can match path with their hashes, slots on their way into the cache.
  std::size_t prepare(const SegmentedPath& path, std::array<Question, kArrangementLimit>& out) const;
  std::span<const Entry> find(const Question& question, const SegmentedPath& path) const;

  std::vector<Arrangement> arrangements_;
  std::vector<Slot> slots_;         // a power of two
  std::vector<std::byte> records_;  // each begins at a multiple of 8
};

template <typename Visit>
void Matcher::each(const SegmentedPath& path, MethodSet method, Visit visit) const {
  std::array<Question, kArrangementLimit> questions;
  const std::size_t count = prepare(path, questions);
  for (std::size_t i = 0; i < count; ++i) {
    for (const Entry& entry : find(questions[i], path)) {
      if ((entry.methods & method) != 0) visit(entry);
    }
  }
}

}  // namespace postern::policy
