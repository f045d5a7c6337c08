// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/pace.h"

#include <algorithm>

namespace postern::mission {

base::Nanos Pace::look(const std::string& key, base::Nanos now) {
  const auto found = full_at_.find(key);
  if (found == full_at_.end() && full_at_.size() >= settings_.keys) forget(now);
  if (found == full_at_.end()) return full_at_.size() < settings_.keys ? 0 : settings_.interval;
  const base::Nanos owed = std::max<base::Nanos>(found->second - now, 0) + settings_.interval;
  return std::max<base::Nanos>(owed - settings_.at_once * settings_.interval, 0);
}

base::Nanos Pace::take(const std::string& key, base::Nanos now) {
  const base::Nanos wait = look(key, now);
  if (wait > 0) return wait;
  base::Nanos& full = full_at_[key];
  full = std::max(full, now) + settings_.interval;
  return 0;
}

void Pace::forget(base::Nanos now) {
  std::erase_if(full_at_, [&](const auto& one) { return one.second <= now; });
}

}  // namespace postern::mission
