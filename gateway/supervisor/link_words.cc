// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/link_words.h"

#include <algorithm>
#include <utility>

namespace postern::supervisor {

bool LinkWords::may_speak(const std::string& name, base::Nanos now) { return names_[name].words.take(now); }

bool LinkWords::may_record(const std::string& name, bool severe, base::Nanos now, base::Json& detail) {
  Name& one = names_[name];
  if (!one.events.take(now) && !severe) {
    ++one.unrecorded;
    return false;
  }
  if (one.unrecorded > 0) detail["unrecorded"] = std::exchange(one.unrecorded, 0);
  return true;
}

bool LinkWords::may_judge(base::Nanos now) {
  if (judging_since_ != 0)
    judging_left_ = std::min(kJudging, judging_left_ + (now - judging_since_) / kJudgingShare);
  judging_since_ = now;
  return judging_left_ > 0;
}

void LinkWords::ask_again() {
  for (auto& [name, one] : names_) {
    const std::int64_t unrecorded = one.unrecorded;
    one = {};
    one.unrecorded = unrecorded;
  }
}

void LinkWords::keep_only(const std::function<bool(const std::string&)>& known) {
  std::erase_if(names_, [&](const auto& one) { return !known(one.first); });
}

}  // namespace postern::supervisor
