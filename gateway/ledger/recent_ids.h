// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The ids of the newest events. A role sends again what a lost ledger had not acknowledged; what is in the
// log already is known by its id and dropped. Bounded: the oldest is forgotten when a new one comes.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace postern::ledger {

class RecentIds {
 public:
  explicit RecentIds(std::size_t most);
  // False if the id is there already. The id is a ULID.
  bool add(std::string_view id);
  bool contains(std::string_view id) const;

 private:
  using Key = std::array<char, 26>;
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  static Key key_of(std::string_view id);

  std::unordered_set<Key, Hash> ids_;
  std::vector<Key> order_;  // a circle once it is full
  std::size_t most_;
  std::size_t oldest_ = 0;
  Key newest_{};  // of all that ever were there: ids rise, so one beyond it needs no search
};

}  // namespace postern::ledger
