// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/lives.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"

namespace postern::mission {
namespace {

// What another server is left to do (do_task).
std::string task_of(const base::Json& json) { return base::dump_json(json); }

}  // namespace

struct Lives::Queue {
  std::string lines;  // not taken yet
  bool ended = false;
  std::function<void()> wake;
};

struct Lives::Live {
  std::string life, client;
  base::Micros until = 0;
  base::Nanos pulsed = 0;
  std::string claim;                      // of this stream among all servers
  bool claimed = false, written = false;  // in the store: that we have it, that it is up
  std::shared_ptr<Queue> queue;

  void end() const {
    queue->ended = true;
    if (queue->wake) queue->wake();
  }
};

struct Lives::Table {
  struct Silent {
    base::Nanos noticed = 0;
    base::Micros since = 0;
    std::string server;  // where it was up
  };
  Lives* owner = nullptr;  // nullptr: gone
  std::map<std::string, Live, std::less<>> lives;
  std::map<std::string, Silent, std::less<>> silent;  // not late yet
  // When the last other life was told of: streams come and go meanwhile.
  std::map<std::string, base::Nanos, std::less<>> twice;
  std::map<std::string, std::string, std::less<>> leaving;  // whose claim is not taken back in the store yet
};

class Lives::Stream final : public answer::Source {
 public:
  Stream(std::shared_ptr<Table> state, std::string installation, std::shared_ptr<Queue> queue)
      : state_(std::move(state)), installation_(std::move(installation)), queue_(std::move(queue)) {}
  ~Stream() override {
    queue_->wake = nullptr;
    if (state_->owner != nullptr) state_->owner->closed(installation_, queue_.get());
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  State read(std::string& out, std::size_t most) override {
    const std::size_t size = std::min(most, queue_->lines.size());
    out.append(queue_->lines, 0, size);
    queue_->lines.erase(0, size);
    if (!queue_->lines.empty()) return State::More;
    return queue_->ended ? State::Done : State::Waiting;
  }
  void on_ready(std::function<void()> wake) override { queue_->wake = std::move(wake); }

 private:
  std::shared_ptr<Table> state_;
  std::string installation_;
  std::shared_ptr<Queue> queue_;
};

Lives::Lives(Parts& parts) : parts_(parts), state_(std::make_shared<Table>()) { state_->owner = this; }
Lives::~Lives() { state_->owner = nullptr; }

std::size_t Lives::size() const { return state_->lives.size(); }
bool Lives::connected(const std::string& installation) const { return state_->lives.contains(installation); }

bool Lives::contested(const std::string& installation) const { return state_->twice.contains(installation); }

base::Json Lives::life_of(const std::string& installation) const {
  const auto found = state_->lives.find(installation);
  if (found == state_->lives.end()) return nullptr;
  return {{"life", found->second.life}, {"client", found->second.client}};
}

void Lives::push(Live& live, const std::string& line) {
  Queue& queue = *live.queue;
  if (queue.ended) return;
  queue.lines += line;
  queue.ended = queue.lines.size() > kUnread;  // nobody reads: what is lost is said by the end
  if (queue.wake) queue.wake();
}

void Lives::push(Live& live, const line::Order& order) { push(live, line::format(order)); }

std::unique_ptr<answer::Source> Lives::open(const Newcomer& newcomer) {
  const std::string& installation = newcomer.installation;
  Live fresh{newcomer.life,   newcomer.client, newcomer.until, parts_.clock.monotonic(),
             parts_.new_id(), false,           false,          std::make_shared<Queue>()};
  const auto there = state_->lives.find(installation);
  if (there != state_->lives.end() && there->second.life != newcomer.life) {
    Live& first = there->second;
    if (may_tell_twice(installation)) {
      push(first, {line::OrderKind::Conflict, parts_.clock.wall(), newcomer.client});
      tell_twice({installation, parts_.server, first.claim, first.life, first.client}, fresh);
    }
    return nullptr;
  }
  if (there != state_->lives.end()) {  // the same life again
    there->second.end();
    state_->lives.erase(there);
  }
  Live& live = state_->lives[installation] = std::move(fresh);
  if (!settle(installation, live)) {
    state_->lives.erase(installation);
    return nullptr;
  }
  state_->silent.erase(installation);
  push(live, {line::OrderKind::Hello, parts_.clock.wall(), parts_.facts.version});
  return std::make_unique<Stream>(state_, installation, live.queue);
}

bool Lives::may_tell_twice(const std::string& installation) {
  const base::Nanos now = parts_.clock.monotonic();
  const auto [told, fresh] = state_->twice.try_emplace(installation, now);
  if (!fresh && now - told->second < kTwiceTold) return false;
  told->second = now;
  return true;
}

void Lives::tell_twice(const OpenLine& first, const Live& other) {
  base::log_warning("two lives of installation " + first.installation + ": one of them is a copy");
  parts_.note(first.installation, "installation.connected_twice",
              {{"life", first.life},
               {"client", first.client},
               {"other_life", other.life},
               {"other_client", other.client}});
}

// False: another life has it on another server. Where the store says nothing, look() asks again.
bool Lives::claim(const std::string& installation, Live& live) {
  const auto before = parts_.store.line_of(installation);
  if (!before.ok()) return true;
  const auto ours = parts_.store.claim_line(
      {installation, parts_.server, live.claim, live.life, live.client, parts_.clock.wall()});
  if (!ours.ok()) return true;
  const bool elsewhere = *before && (*before)->server != parts_.server;
  if (!*ours) {
    if (!elsewhere || !may_tell_twice(installation)) return false;
    static_cast<void>(parts_.store.leave_task((*before)->server, installation,
                                              task_of({{"do", "conflict"}, {"client", live.client}})));
    tell_twice(**before, live);
    return false;
  }
  if (elsewhere)
    static_cast<void>(parts_.store.leave_task((*before)->server, installation,
                                              task_of({{"do", "moved"}, {"claim", (*before)->claim}})));
  live.claimed = true;
  state_->leaving.erase(installation);
  return true;
}

// Where the disk does not take it, look() tries again.
bool Lives::settle(const std::string& installation, Live& live) {
  if (!live.claimed && !claim(installation, live)) return false;
  if (!live.claimed) return true;
  if (!live.written) write_up(installation, live);
  live.written = true;
  parts_.commits.then([table = std::weak_ptr<Table>(state_), installation, claim = live.claim](bool durable) {
    const auto still = table.lock();
    if (durable || still == nullptr) return;
    if (const auto found = still->lives.find(installation);
        found != still->lives.end() && found->second.claim == claim)
      found->second.claimed = found->second.written = false;
  });
  return true;
}

void Lives::write_up(const std::string& installation, const Live& live) {
  const auto known = parts_.store.installation(installation);
  if (!known.ok() || !*known) return;
  static_cast<void>(parts_.store.set_up(installation, parts_.server, parts_.clock.wall()));
  if ((*known)->standing != Standing::Up)
    parts_.note(installation, "installation.up", {{"life", live.life}, {"client", live.client}});
}

// Whoever came to another server meanwhile is up there, and not late.
void Lives::write_late(const std::string& installation) {
  auto entry = state_->silent.extract(installation);
  const Table::Silent silent = entry.mapped();
  const auto late = parts_.store.set_late(installation, silent.server, silent.since);
  if (late.ok() && *late)
    parts_.note(installation, "installation.late", {{"silent_since", base::format_time(silent.since)}});
  parts_.commits.then([table = std::weak_ptr<Table>(state_), installation, silent](bool durable) {
    const auto still = table.lock();
    if (!durable && still != nullptr && !still->lives.contains(installation))
      still->silent[installation] = silent;
  });
}

void Lives::closed(const std::string& installation, const Queue* queue) {
  const auto live = state_->lives.find(installation);
  if (live == state_->lives.end() || live->second.queue.get() != queue) return;
  base::log_info("the line of installation " + installation + " from " + live->second.client + " is closed");
  leave(installation, live->second.claim);
  state_->lives.erase(live);
  expect(installation, parts_.server);
}

void Lives::leave(const std::string& installation, const std::string& claim) {
  state_->leaving[installation] = claim;
  static_cast<void>(parts_.store.drop_line(installation, claim));
  parts_.commits.then([table = std::weak_ptr<Table>(state_), installation, claim](bool durable) {
    const auto still = table.lock();
    if (!durable || still == nullptr) return;
    const auto found = still->leaving.find(installation);
    if (found != still->leaving.end() && found->second == claim) still->leaving.erase(found);
  });
}

void Lives::expect(const std::string& installation, const std::string& server) {
  if (state_->lives.contains(installation)) return;
  state_->silent.try_emplace(installation,
                             Table::Silent{parts_.clock.monotonic(), parts_.clock.wall(), server});
}

void Lives::end(const std::string& installation) {
  if (ended_) ended_(installation);
  state_->silent.erase(installation);
  auto live = state_->lives.extract(installation);
  if (live.empty()) return;
  live.mapped().end();
  leave(installation, live.mapped().claim);
}

void Lives::retire(const std::string& installation) {
  const auto line = parts_.store.line_of(installation);
  if (line.ok() && *line && (*line)->server != parts_.server)
    static_cast<void>(parts_.store.leave_task((*line)->server, installation, task_of({{"do", "retired"}})));
  parts_.commits.then([table = std::weak_ptr<Table>(state_), installation](bool durable) {
    const auto still = table.lock();
    if (durable && still != nullptr && still->owner != nullptr) still->owner->end(installation);
  });
}

void Lives::end_retired() {
  const auto retired = parts_.store.retired_on(parts_.server);
  if (!retired.ok()) return;
  for (const std::string& installation : *retired) end(installation);
}

base::Result<bool> Lives::tell(const std::string& installation, const line::Order& order) {
  if (const auto here = state_->lives.find(installation); here != state_->lives.end()) {
    push(here->second, order);
    return true;
  }
  const auto line = parts_.store.line_of(installation);
  if (!line.ok()) return line.error();
  if (!*line || (*line)->server == parts_.server) return false;
  base::Status left = parts_.store.leave_task((*line)->server, installation,
                                              task_of({{"do", "order"}, {"line", line::format(order)}}));
  if (!left.ok()) return std::move(left).error();
  return true;
}

void Lives::do_task(const std::string& installation, std::string_view text) {
  const auto task = base::parse_json(text);
  const auto live = state_->lives.find(installation);
  if (!task.ok() || live == state_->lives.end()) return;
  const std::string what = base::json_text_or(*task, "do", "");
  if (what == "retired") return end(installation);
  if (what == "order") return push(live->second, base::json_text_or(*task, "line", ""));
  if (what == "conflict")
    return push(live->second,
                {line::OrderKind::Conflict, parts_.clock.wall(), base::json_text_or(*task, "client", "")});
  if (what != "moved" || live->second.claim != base::json_text_or(*task, "claim", "")) return;
  base::log_info("the line of installation " + installation + " has moved to another server");
  live->second.end();
  state_->lives.erase(live);
}

void Lives::adopt(const std::string& server) {
  const auto up = parts_.store.up_on(server);
  if (!up.ok()) return;
  for (const Lines::Place& one : *up) expect(one.installation, server);
}

void Lives::claim_again() {
  for (auto& [installation, live] : state_->lives) live.claimed = live.written = false;
}

void Lives::end_all() {
  for (auto& [installation, live] : state_->lives) live.end();
}

void Lives::look() {
  const base::Nanos now = parts_.clock.monotonic();
  const base::Micros wall = parts_.clock.wall();
  for (auto& [installation, live] : state_->lives) {
    if (live.until > 0 && live.until <= wall && !live.queue->ended) {
      base::log_info("the certificate of installation " + installation + " is over: its line ends");
      live.end();
    }
    // Another life came while this server was away from the others.
    if ((!live.claimed || !live.written) && !settle(installation, live)) {
      push(live, {line::OrderKind::Conflict, wall, ""});
      live.end();
    }
    if (now - live.pulsed < kPulseEvery) continue;
    live.pulsed = now;
    push(live, {line::OrderKind::Pulse, wall, {}});
  }
  std::erase_if(state_->twice, [&](const auto& one) { return now - one.second >= kTwiceTold; });
  const auto leaving = state_->leaving;  // which change meanwhile
  for (const auto& [installation, claim] : leaving) leave(installation, claim);
  const auto silent = state_->silent;
  for (const auto& [installation, one] : silent) {
    if (now - one.noticed >= line::kSilence) write_late(installation);
  }
}

// Also after the store was away: whoever is connected is not among them.
base::Status Lives::resume() {
  const auto here = parts_.store.up_on(parts_.server);
  if (!here.ok()) return here.error();
  const auto nowhere = parts_.store.up_nowhere();
  if (!nowhere.ok()) return nowhere.error();
  for (const auto* all : {&*here, &*nowhere}) {
    for (const Lines::Place& one : *all) expect(one.installation, one.server);
  }
  end_retired();
  return base::Ok{};
}

}  // namespace postern::mission
