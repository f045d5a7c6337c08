// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/recent_ids.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace postern::ledger {

RecentIds::RecentIds(std::size_t most) : most_(most) { POSTERN_CHECK(most > 0); }

std::size_t RecentIds::Hash::operator()(const Key& key) const {
  return std::hash<std::string_view>{}({key.data(), key.size()});
}

RecentIds::Key RecentIds::key_of(std::string_view id) {
  POSTERN_CHECK(id.size() == std::tuple_size_v<Key>);
  Key key;
  std::copy(id.begin(), id.end(), key.begin());
  return key;
}

bool RecentIds::contains(std::string_view id) const {
  const Key key = key_of(id);
  return key <= newest_ && ids_.count(key) > 0;
}

bool RecentIds::add(std::string_view id) {
  const Key key = key_of(id);
  if (!ids_.insert(key).second) return false;
  newest_ = std::max(newest_, key);
  if (order_.size() < most_) {
    order_.push_back(key);
    return true;
  }
  ids_.erase(order_[oldest_]);
  order_[oldest_] = key;
  oldest_ = (oldest_ + 1) % most_;
  return true;
}

}  // namespace postern::ledger
