// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/peers.h"

#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"

namespace postern::mission {

bool Peers::join() {
  self_.connected = 0;
  base::Status done = parts_.store.join(self_);
  // A file has one server at a time: who was in it before is gone.
  const auto others = parts_.store.servers();
  if (done.ok() && !others.ok()) done = others.error();
  const bool clear = done.ok() && alone_;
  for (std::size_t i = 0; clear && i < others->size(); ++i) {
    const Server& one = (*others)[i];
    if (one.id == self_.id) continue;
    if (const auto gone = parts_.store.forget_server(one); !gone.ok()) done = gone.error();
  }
  if (!done.ok()) return false;
  joined_ = true;
  lives_.claim_again();
  parts_.commits.then([this](bool durable) { joined_ = joined_ && durable; });
  return true;
}

bool Peers::beat() {
  if (!joined_) return join();
  self_.connected = static_cast<std::int64_t>(lives_.size());
  const auto there = parts_.store.beat(self_);
  if (!there.ok()) return false;
  if (*there) return true;
  base::log_warning(
      "the other servers took this one for dead, or another one has its id: each needs a state directory of "
      "its own");
  return join();
}

void Peers::ready() {
  seen_.clear();
  resumed_ = false;
  go_on();
}

void Peers::look() {
  if ((alone_ && joined_ && resumed_) || parts_.clock.monotonic() - beaten_ < kBeat) return;
  go_on();
}

void Peers::go_on() {
  const base::Nanos now = beaten_ = parts_.clock.monotonic();
  // While nobody can write his beat, nobody is held for dead.
  if (!beat()) return seen_.clear();
  if (!resumed_) resumed_ = lives_.resume().ok();
  if (alone_) return;
  take_tasks();
  watch();
  if (now - retired_asked_ < kRetiredEvery) return;
  retired_asked_ = now;
  lives_.end_retired();
}

void Peers::watch() {
  const auto all = parts_.store.servers();
  if (!all.ok()) return;
  const base::Nanos now = parts_.clock.monotonic();
  std::set<std::string> there;
  for (const Server& one : *all) {
    if (one.id == self_.id) continue;
    Seen& seen = seen_[one.id];
    if (seen.since == 0 || seen.run != one.run || seen.beat != one.beat) seen = {one.run, one.beat, now};
    bool gone = false;
    if (now - seen.since >= kDead) {
      const auto forgotten = parts_.store.forget_server(one);
      gone = forgotten.ok() && *forgotten;
      if (gone)
        base::log_warning("server " + one.id + " on " + base::printable(one.name) +
                          " is silent: it is taken out");
    }
    if (!gone) there.insert(one.id);
  }
  std::erase_if(seen_, [&](const auto& each) {
    if (there.contains(each.first)) return false;
    lives_.adopt(each.first);
    return true;
  });
}

void Peers::heard(std::string_view text) {
  if (text == self_.id) take_tasks();
}

void Peers::take_tasks() {
  auto tasks = parts_.store.take_tasks(self_.id);
  if (!tasks.ok() || tasks->empty()) return;
  parts_.commits.then([this, tasks = *std::move(tasks)](bool durable) {
    for (const auto& [installation, text] : tasks) {
      if (durable) lives_.do_task(installation, text);
    }
  });
}

base::Result<base::Json> servers_json(Parts& parts, const Lives& lives) {
  const auto all = parts.store.servers();
  if (!all.ok()) return all.error();
  base::Json out = base::Json::array();
  for (const Server& one : *all) {
    const bool here = one.id == parts.server;
    out.push_back({{"id", one.id},
                   {"name", one.name},
                   {"version", one.version},
                   {"started", base::format_time(one.started)},
                   {"connected", here ? static_cast<std::int64_t>(lives.size()) : one.connected},
                   {"here", here}});
  }
  return out;
}

}  // namespace postern::mission
