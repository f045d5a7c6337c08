// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/recent_ids.h"

#include <algorithm>

#include "base/check.h"

namespace postern::ledger {

RecentIds::RecentIds(std::size_t most) : most_(most) { POSTERN_CHECK(most > 0); }

RecentIds::Key RecentIds::key_of(std::string_view id) {
  POSTERN_CHECK(id.size() == std::tuple_size_v<Key>);
  Key key;
  std::copy(id.begin(), id.end(), key.begin());
  return key;
}

bool RecentIds::contains(std::string_view id) const {
  const Key key = key_of(id);
  const auto in = [&key](const Row& row) {
    return key <= row.back() && key >= row.front() && std::binary_search(row.begin(), row.end(), key);
  };
  return std::any_of(rows_.begin(), rows_.end(), in) || others_.count(key) > 0;
}

void RecentIds::add(std::string_view id) {
  const Key key = key_of(id);
  Row* best = nullptr;
  for (Row& row : rows_) {
    if (row.back() < key && (best == nullptr || best->back() < row.back())) best = &row;
  }
  if (best != nullptr)
    best->push_back(key);
  else if (rows_.size() < kMostRows)
    rows_.emplace_back(1, key);
  else
    others_.insert(key);
  if (++count_ > most_) forget_lowest();
}

void RecentIds::forget_lowest() {
  --count_;
  const auto lowest = std::min_element(rows_.begin(), rows_.end(),
                                       [](const Row& a, const Row& b) { return a.front() < b.front(); });
  if (!others_.empty() && *others_.begin() < lowest->front()) {
    others_.erase(others_.begin());
    return;
  }
  lowest->pop_front();
  if (lowest->empty()) rows_.erase(lowest);
}

}  // namespace postern::ledger
