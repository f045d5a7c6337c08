// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The ids of the newest events. A role sends again what a lost ledger had not acknowledged; what is in the
// log already is known by its id and dropped. Bounded: the lowest, which is the oldest, is forgotten when a new one
// comes.
//
// Each role makes ids that rise (base/ulid.h), so the log's are a few rising rows in turns. They are kept as such: an id
// goes behind the highest end that is below it, which takes as many rows as there are roles that write. Nothing is
// searched for an id beyond all others, and nothing is moved.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <set>
#include <string_view>
#include <vector>

namespace postern::ledger {

class RecentIds {
 public:
  explicit RecentIds(std::size_t most);
  // A ULID that is not there yet.
  void add(std::string_view id);
  bool contains(std::string_view id) const;

 private:
  using Key = std::array<char, 26>;
  using Row = std::deque<Key>;
  static constexpr std::size_t kMostRows = 64;
  static Key key_of(std::string_view id);
  void forget_lowest();

  std::vector<Row> rows_;  // none is empty
  std::set<Key> others_;   // that went behind no row, when there were as many as may be: a clock stepped back
  std::size_t most_;
  std::size_t count_ = 0;
};

}  // namespace postern::ledger
