// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/live.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace postern::console {
namespace {

// Events about nodes that are looked at, at start, for the state of each: with more changes than these since,
// a node that has been quiet is shown as unknown.
constexpr std::size_t kNodeEvents = 2'000;
constexpr std::size_t kLinesPerBeat = 5'000;

}  // namespace

Live::Live(loop::Loop& loop, LogReader& log, NodeStates& nodes)
    : log_(log), nodes_(nodes), beat_(loop, [this] { beat(); }), ping_(loop, [this] { ping(); }) {
  ping_.start(kPing, kPing);
}

Live::~Live() = default;

void Live::start() {
  started_ = catch_up();
  if (started_) return;
  log_pending_ = true;
  beat_soon();
}

// Nobody listens, so nobody reads the log as it grows: what is to be known of nodes is asked for when it is wanted.
void Live::look() {
  if (audience_.size() == 0) started_ = catch_up() || started_;
}

void Live::beat_soon() {
  if (!beat_.running()) beat_.start(kBeat);
}

// From the index, which lags behind the journal: what it does not have yet is read from there, by the next beats.
bool Live::catch_up() {
  audit::EventFilter newest;
  newest.limit = 1;
  const auto last = log_.find(newest);
  if (!last.ok()) return false;
  const std::uint64_t end = last->events.empty() ? 0 : last->events.front().index + 1;
  if (end <= next_) return true;
  audit::EventFilter filter;
  filter.types = {"node", "config.changed"};
  filter.limit = kNodeEvents;
  if (next_ > 0) filter.after = next_ - 1;
  const auto found = log_.find(filter);
  if (!found.ok()) return false;
  for (const audit::FoundEvent& event : found->events) {
    const auto json = base::parse_json(event.line);
    if (json.ok()) nodes_.take(*json);
  }
  next_ = end;
  return true;
}

void Live::state_changed(std::uint64_t version) {
  version_ = version;
  state_pending_ = true;
  beat_soon();
}

void Live::log_grew(std::uint64_t upto) {
  upto_ = upto;
  if (started_ && audience_.size() == 0) return;
  log_pending_ = true;
  beat_soon();
}

void Live::beat() {
  audience_.ask();
  if (std::exchange(state_pending_, false))
    audience_.tell("state", base::dump_json(base::Json{{"version", version_}}));
  if (!std::exchange(log_pending_, false)) return;
  if (!started_) {
    start();
  } else if (read_log()) {
    log_pending_ = true;
    beat_soon();
  }
}

// True if there is more to read than one beat tells.
bool Live::read_log() {
  const base::Result<std::uint64_t> size = log_.size();
  if (!size.ok()) {
    base::log_warning("cannot read the log: " + size.error().message);
    return false;
  }
  const std::uint64_t end = std::min(*size, upto_);
  if (end <= next_) return false;
  // Those that are left out are looked at all the same, for what they say about nodes.
  const std::uint64_t told_from = end > kMostPerBeat ? end - kMostPerBeat : 0;
  const auto lines =
      log_.lines(next_, static_cast<std::size_t>(std::min<std::uint64_t>(end - next_, kLinesPerBeat)));
  if (!lines.ok()) {
    base::log_warning("cannot read the log: " + lines.error().message);
    return false;
  }
  if (const std::uint64_t skipped = std::min(told_from, next_ + lines->size()); skipped > next_) {
    audience_.tell("more", base::dump_json(base::Json{{"skipped", skipped - next_}}));
  }
  for (const std::string& line : *lines) {
    const std::uint64_t index = next_++;
    const bool about_node = line.find("\"type\":\"node.") != std::string::npos ||
                            line.find("\"type\":\"config.changed\"") != std::string::npos;
    const bool told = index >= told_from && audience_.size() > 0;
    if (!about_node && !told) continue;
    const auto event = event_json(index, line);
    if (!event) continue;
    nodes_.take(*event);
    if (told) audience_.tell("event", base::dump_json(*event));
  }
  return next_ < end && !lines->empty();
}

void Live::ping() {
  audience_.ask();
  audience_.tell("ping", "{}");
}

std::unique_ptr<Source> Live::open(std::function<bool()> allowed) {
  look();
  log_pending_ = true;  // what the index did not have yet
  beat_soon();
  return audience_.open(std::move(allowed));
}

}  // namespace postern::console
