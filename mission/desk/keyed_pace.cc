// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/keyed_pace.h"

namespace postern::mission {

base::Nanos KeyedPace::look(const std::string& key, base::Nanos now) {
  const auto found = paces_.find(key);
  if (found != paces_.end()) return found->second.look(settings_.rate, now);
  if (paces_.size() >= settings_.keys) forget(now);
  return paces_.size() < settings_.keys ? 0 : settings_.rate.interval;
}

base::Nanos KeyedPace::take(const std::string& key, base::Nanos now) {
  const base::Nanos wait = look(key, now);
  return wait > 0 ? wait : paces_[key].take(settings_.rate, now);
}

void KeyedPace::forget(base::Nanos now) {
  std::erase_if(paces_, [&](const auto& one) { return one.second.full(now); });
}

}  // namespace postern::mission
