// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/lives.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"

namespace postern::mission {

struct Lives::Queue {
  std::string lines;  // not taken yet
  bool ended = false;
  std::function<void()> wake;
};

struct Lives::Live {
  std::string life, client;
  base::Micros until = 0;
  base::Nanos pulsed = 0;
  bool written = false;  // that it is up
  std::shared_ptr<Queue> queue;
};

struct Lives::Table {
  Lives* owner = nullptr;  // nullptr: gone
  std::map<std::string, Live, std::less<>> lives;
  std::map<std::string, std::pair<base::Nanos, base::Micros>, std::less<>>
      silent;  // not late yet -> since when
  // When the last other life was told of: streams come and go meanwhile.
  std::map<std::string, base::Nanos, std::less<>> twice;
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

void Lives::push(Live& live, const line::Order& order) {
  Queue& queue = *live.queue;
  if (queue.ended) return;
  queue.lines += line::format(order);
  queue.ended = queue.lines.size() > kUnread;  // nobody reads: what is lost is said by the end
  if (queue.wake) queue.wake();
}

std::unique_ptr<answer::Source> Lives::open(const Newcomer& newcomer) {
  const base::Nanos now = parts_.clock.monotonic();
  const auto there = state_->lives.find(newcomer.installation);
  if (there != state_->lives.end() && there->second.life != newcomer.life) {
    Live& first = there->second;
    const auto [told, fresh] = state_->twice.try_emplace(newcomer.installation, now);
    if (fresh || now - told->second >= kTwiceTold) {
      told->second = now;
      base::log_warning("two lives of installation " + newcomer.installation + ": one of them is a copy");
      push(first, {line::OrderKind::Conflict, parts_.clock.wall(), newcomer.client});
      parts_.note(newcomer.installation, "installation.connected_twice",
                  {{"life", first.life},
                   {"client", first.client},
                   {"other_life", newcomer.life},
                   {"other_client", newcomer.client}});
    }
    return nullptr;
  }
  if (there != state_->lives.end()) {  // the same life again
    there->second.queue->ended = true;
    if (there->second.queue->wake) there->second.queue->wake();
    state_->lives.erase(there);
  }
  Live& live = state_->lives[newcomer.installation];
  live = {newcomer.life, newcomer.client, newcomer.until, now, false, std::make_shared<Queue>()};
  state_->silent.erase(newcomer.installation);
  write_up(newcomer.installation, live);
  push(live, {line::OrderKind::Hello, parts_.clock.wall(), parts_.facts.version});
  return std::make_unique<Stream>(state_, newcomer.installation, live.queue);
}

// Where the disk does not take it, look() tries again.
void Lives::write_up(const std::string& installation, Live& live) {
  const auto known = parts_.store.installation(installation);
  if (!known.ok() || !*known) return;
  live.written = true;
  if ((*known)->standing == Standing::Up) return;
  static_cast<void>(parts_.store.set_standing(installation, Standing::Up, parts_.clock.wall()));
  parts_.note(installation, "installation.up", {{"life", live.life}, {"client", live.client}});
  parts_.commits.then([table = std::weak_ptr<Table>(state_), installation](bool durable) {
    const auto still = table.lock();
    if (durable || still == nullptr) return;
    if (const auto found = still->lives.find(installation); found != still->lives.end())
      found->second.written = false;
  });
}

void Lives::write_late(const std::string& installation, base::Nanos noticed, base::Micros since) {
  state_->silent.erase(installation);
  static_cast<void>(parts_.store.set_standing(installation, Standing::Late, since));
  parts_.note(installation, "installation.late", {{"silent_since", base::format_time(since)}});
  parts_.commits.then([table = std::weak_ptr<Table>(state_), installation, noticed, since](bool durable) {
    const auto still = table.lock();
    if (!durable && still != nullptr && !still->lives.contains(installation))
      still->silent[installation] = {noticed, since};
  });
}

void Lives::closed(const std::string& installation, const Queue* queue) {
  const auto live = state_->lives.find(installation);
  if (live == state_->lives.end() || live->second.queue.get() != queue) return;
  base::log_info("the line of installation " + installation + " from " + live->second.client + " is closed");
  state_->lives.erase(live);
  state_->silent[installation] = {parts_.clock.monotonic(), parts_.clock.wall()};
}

void Lives::end(const std::string& installation) {
  state_->silent.erase(installation);
  auto live = state_->lives.extract(installation);
  if (live.empty()) return;
  live.mapped().queue->ended = true;
  if (live.mapped().queue->wake) live.mapped().queue->wake();
}

void Lives::end_all() {
  for (auto& [installation, live] : state_->lives) {
    live.queue->ended = true;
    if (live.queue->wake) live.queue->wake();
  }
}

void Lives::look() {
  const base::Nanos now = parts_.clock.monotonic();
  const base::Micros wall = parts_.clock.wall();
  for (auto& [installation, live] : state_->lives) {
    if (live.until > 0 && live.until <= wall && !live.queue->ended) {
      base::log_info("the certificate of installation " + installation + " is over: its line ends");
      live.queue->ended = true;
      if (live.queue->wake) live.queue->wake();
    }
    if (!live.written) write_up(installation, live);
    if (now - live.pulsed < kPulseEvery) continue;
    live.pulsed = now;
    push(live, {line::OrderKind::Pulse, wall, {}});
  }
  std::erase_if(state_->twice, [&](const auto& one) { return now - one.second >= kTwiceTold; });
  const auto silent = state_->silent;  // which changes meanwhile
  for (const auto& [installation, since] : silent) {
    if (now - since.first >= line::kSilence) write_late(installation, since.first, since.second);
  }
}

base::Status Lives::resume() {
  const auto known = parts_.store.installations();
  if (!known.ok()) return known.error();
  for (const Installation& one : *known) {
    if (one.standing == Standing::Up)
      state_->silent[one.id] = {parts_.clock.monotonic(), parts_.clock.wall()};
  }
  return base::Ok{};
}

}  // namespace postern::mission
