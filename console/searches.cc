// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/searches.h"

#include <algorithm>

namespace postern::console {

Searches::Searches(loop::Loop& loop, const std::string& state_directory) : loop_(loop) {
  for (auto& desk : desks_) desk = std::make_shared<Desk>(state_directory);
}

bool Searches::ask(Look look, std::function<void()> done) {
  for (const auto& desk : desks_) {
    if (desk->busy) continue;
    begin(desk, {std::move(look), std::move(done)});
    return true;
  }
  if (waiting_.size() >= kWaiting) return false;
  waiting_.push_back({std::move(look), std::move(done)});
  return true;
}

std::size_t Searches::under_way() const {
  const auto busy = std::count_if(desks_.begin(), desks_.end(), [](const auto& desk) { return desk->busy; });
  return static_cast<std::size_t>(busy) + waiting_.size();
}

void Searches::begin(const std::shared_ptr<Desk>& desk, Asked asked) {
  desk->busy = true;
  const auto work = std::make_shared<Asked>(std::move(asked));
  loop_.run_elsewhere([desk, work] { work->look(desk->log); },
                      [this, desk, work, alive = std::weak_ptr<const bool>(alive_)] {
                        if (!alive.expired()) ended(desk, *work);
                      });
}

void Searches::ended(const std::shared_ptr<Desk>& desk, const Asked& asked) {
  desk->busy = false;
  if (!waiting_.empty()) {
    Asked next = std::move(waiting_.front());
    waiting_.pop_front();
    begin(desk, std::move(next));
  }
  asked.done();
}

}  // namespace postern::console
