// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/announcements.h"

#include <algorithm>

namespace postern::ledger {

bool Announcements::add(Announcement announcement) {
  const bool closes = announcement.closes;
  if (closes) {
    for (Entry& entry : waiting_) {
      if (!entry.announcement.closes && entry.announcement.about == announcement.about)
        entry.overtaken = true;
    }
  }
  waiting_.push_back({std::move(announcement), false});
  return closes;
}

Announcements::Released Announcements::release(std::uint64_t durable) {
  Released released;
  released_ = std::max(released_, durable);
  while (!waiting_.empty() && waiting_.front().announcement.index < durable) {
    Entry entry = std::move(waiting_.front());
    waiting_.pop_front();
    durable_.apply(entry.announcement.event);
    if (entry.overtaken) released.gap = true;
    if (!entry.announcement.closes) released.changes.push_back(std::move(entry.announcement));
  }
  if (released.gap) released.changes.clear();
  return released;
}

state::State Announcements::told() const {
  state::State state = durable_;
  for (const Entry& entry : waiting_) {
    if (entry.announcement.closes) state.apply(entry.announcement.event);
  }
  return state;
}

}  // namespace postern::ledger
