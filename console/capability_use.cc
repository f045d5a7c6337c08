// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/capability_use.h"

#include <algorithm>

namespace postern::console {
namespace {

constexpr std::size_t kUsesAtOnce = 1'000;
constexpr std::string_view kEngineer = "engineer:";

}  // namespace

// Newest first, so the first that is seen of a capability in one refresh is its last use; the next refresh looks only
// at newer ones.
void CapabilityUse::take(const audit::FoundEvent& found) {
  const auto event = audit::read_event_head(found.line);
  if (!event.ok() || !event->actor.starts_with(kEngineer)) return;
  Use& use = uses_[audit::unescape(event->subject)];
  if (event->time <= use.time) return;
  use = {audit::unescape(event->actor.substr(kEngineer.size())), std::string(event->session),
         std::string(event->id), event->time};
}

// Between what was known and what is looked at now lies a gap: a use before it may not be the last one.
void CapabilityUse::forget_before(base::Micros time) {
  since_ = time;
  std::erase_if(uses_, [time](const auto& entry) { return entry.second.time < time; });
}

base::Status CapabilityUse::refresh(LogReader& log) {
  audit::EventFilter filter;
  filter.types = {"exchange.forwarded"};
  filter.after = newest_;
  filter.limit = kUsesAtOnce;
  std::optional<std::uint64_t> newest;
  for (std::size_t looked_at = 0; looked_at < kMostLookedAt;) {
    const auto found = log.find(filter);
    if (!found.ok()) return found.error();
    for (const audit::FoundEvent& event : found->events) take(event);
    looked_at += found->events.size();
    if (!newest && !found->events.empty()) newest = found->events.front().index;
    if (!found->next || found->events.empty()) break;
    filter.before = found->next;
    if (looked_at < kMostLookedAt) continue;
    if (const auto oldest = audit::read_event_head(found->events.back().line); oldest.ok())
      forget_before(oldest->time);
  }
  newest_ = newest ? newest : newest_;
  return base::Ok{};
}

base::Json CapabilityUse::to_json() const {
  base::Json items = base::Json::array();
  for (const auto& [name, use] : uses_) {
    items.push_back({{"capability", name},
                     {"engineer", use.engineer},
                     {"session", use.session},
                     {"time", base::format_time(use.time)},
                     {"event", use.event}});
  }
  base::Json json{{"items", std::move(items)}};
  if (since_) json["since"] = base::format_time(*since_);
  return json;
}

}  // namespace postern::console
