// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/link_words.h"

namespace postern::supervisor {

bool LinkWords::may_speak(const std::string& name, base::Nanos now) {
  return names_[name].words.take(kWords, now) == 0;
}

bool LinkWords::may_record(const std::string& name, bool severe, base::Nanos now, base::Json& detail) {
  PacedEvents& events = names_[name].events;
  if (!events.take(now, severe)) return false;
  events.say_unrecorded(detail);
  return true;
}

void LinkWords::ask_again() {
  for (auto& [name, one] : names_) {
    one.words = {};
    one.events.pace = {};
  }
}

void LinkWords::keep_only(const std::function<bool(const std::string&)>& known) {
  std::erase_if(names_, [&](const auto& one) { return !known(one.first); });
}

}  // namespace postern::supervisor
