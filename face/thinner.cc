// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/thinner.h"

#include <algorithm>

namespace postern::face {

bool Thinner::due(const std::string& key, base::Nanos now) const {
  const auto found = last_.find(key);
  return found == last_.end() || now - found->second >= interval_;
}

void Thinner::recorded(const std::string& key, base::Nanos now) {
  last_[key] = now;
  if (last_.size() <= most_) return;
  std::erase_if(last_, [&](const auto& entry) { return now - entry.second >= interval_; });
  if (last_.size() <= most_) return;
  last_.erase(std::min_element(last_.begin(), last_.end(),
                               [](const auto& a, const auto& b) { return a.second < b.second; }));
}

}  // namespace postern::face
