// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/retention.h"

#include "base/log.h"
#include "gateway/ledger/history.h"

namespace postern::ledger {

using audit::EventFields;
using audit::EventType;
using base::Ok;
using base::Result;
using base::Status;

// Touched by one task at a time: the loop hands it out and takes it back.
struct Retention::Work {
  audit::FileSystem& files;
  std::string directory;
  std::optional<Snapshot> present;
  std::set<std::string> needed = {};
  base::Micros before = 0;
  std::uint64_t upto = 0;
  audit::RetentionPlan plan = {};
  std::optional<Snapshot> next = {};
  std::string sha256 = {};
  std::size_t removed = 0;
  Status status = Ok{};

  std::uint64_t first() const { return present ? present->first : 0; }

  void cut() {
    next.reset();
    status = [&]() -> Status {
      auto journal = audit::JournalReader::open(files, directory + "/journal");
      if (!journal.ok()) return journal.error();
      const auto planned = audit::plan_retention(
          **journal, {first(), upto, before, [this](const EventFields& event) { return is_needed(event); }});
      if (!planned.ok()) return planned.error();
      plan = *planned;
      return plan.first_kept > first() ? fold(**journal) : Status(Ok{});
    }();
  }

  Status fold(audit::JournalReader& journal) {
    auto history = read_history(journal, {}, {present ? &*present : nullptr, plan.first_kept});
    if (!history.ok()) return history.error();
    Snapshot snapshot{plan.first_kept, std::move(history->state), std::move(history->key_ordered)};
    const auto written = write_next_snapshot(files, directory, snapshot);
    if (!written.ok()) return written.error();
    sha256 = *written;
    next = std::move(snapshot);
    return Ok{};
  }

  bool is_needed(const EventFields& event) const {
    switch (event.type) {
      case EventType::SessionOpened:
        return needed.count(std::string(event.session)) > 0;
      case EventType::RequestCreated:
      case EventType::RequestApproved:
      case EventType::GrantStarted:
      case EventType::HoldCreated:
        return needed.count(audit::unescape(event.subject)) > 0;
      default:
        return false;
    }
  }

  void adopt() {
    status = adopt_next_snapshot(files, directory, sha256);
    if (status.ok()) present = std::move(next);
    next.reset();
  }

  // Of an event of ours after which the process ended: the snapshot that belongs to it may be there still.
  void adopt_late() {
    status = adopt_next_snapshot(files, directory, sha256);
    if (!status.ok()) return;
    auto adopted = read_snapshot(files, directory);
    if (!adopted.ok()) status = adopted.error();
    if (adopted.ok() && *adopted) present = std::move((*adopted)->snapshot);
  }

  void remove_some() {
    auto gone = audit::remove_segments(files, directory + "/journal", first(), kFilesAtOnce);
    if (gone.ok() && *gone == 0)
      gone = audit::remove_bundles(files, directory + "/log", first(), kFilesAtOnce);
    removed = gone.ok() ? *gone : 0;
    status = gone.ok() ? Status(Ok{}) : gone.error();
  }
};

Retention::Retention(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files,
                     Beginning beginning, Calls calls)
    : loop_(loop),
      clock_(clock),
      calls_(std::move(calls)),
      work_(
          std::make_shared<Work>(Work{files, std::move(beginning.directory), std::move(beginning.snapshot)})),
      alive_(std::make_shared<bool>(true)),
      next_(clock.monotonic() + kFirst),
      wall_at_(clock.wall()),
      monotonic_at_(clock.monotonic()) {
  if (beginning.newest != 0 && wall_at_ - beginning.newest > kJump) held_until_ = monotonic_at_ + kHold;
  const std::uint64_t first = work_->first();
  if (first > 0) {
    calls_.trim_index(first);
    step_ = Step::Remove;  // of what an earlier process began
  }
  if (beginning.last && beginning.last->first_kept > first) {
    sha256_ = beginning.last->state_sha256;
    event_end_ = beginning.last->index + 1;
    step_ = Step::AwaitCheckpoint;
  }
}

Retention::~Retention() { *alive_ = false; }

void Retention::tick() {
  watch_clock();
  if (step_ == Step::AwaitCheckpoint && calls_.published() >= event_end_) adopt();
  if (step_ == Step::Remove) remove();
  if (step_ != Step::Idle || clock_.monotonic() < next_ || calls_.keep() == 0) return;
  next_ = clock_.monotonic() + kEvery;
  calls_.begin_segment();
  if (clock_.monotonic() < held_until_) {
    base::log_warning(
        "retention waits: the clock ran ahead, or the log was silent for long; if the time is right, nothing "
        "need be done");
    return;
  }
  begin();
}

void Retention::watch_clock() {
  const base::Micros wall = clock_.wall();
  const base::Nanos monotonic = clock_.monotonic();
  if (wall - wall_at_ > (monotonic - monotonic_at_) / 1000 + kJump) held_until_ = monotonic + kHold;
  wall_at_ = wall;
  monotonic_at_ = monotonic;
}

std::set<std::string> Retention::needed() const {
  const state::State& state = calls_.state();
  std::set<std::string> out;
  for (const auto& [id, session] : state.sessions()) out.insert(id);
  for (const auto& [id, hold] : state.holds()) out.insert(id);
  for (const auto& [id, request] : state.requests()) {
    if (request.state == state::RequestState::Pending) out.insert(id);
  }
  for (const auto& [id, grant] : state.grants()) {
    if (grant.ended) continue;
    out.insert(id);
    out.insert(grant.request);
  }
  return out;
}

void Retention::begin() {
  step_ = Step::Working;
  work_->needed = needed();
  work_->before = clock_.wall() - calls_.keep();
  work_->upto = calls_.published();
  loop_.run_elsewhere([work = work_] { work->cut(); },
                      [this, alive = alive_] {
                        if (*alive) planned();
                      });
}

void Retention::planned() {
  if (!work_->status.ok()) return failed(work_->status.error());
  if (!work_->next) {
    step_ = work_->first() > 0 ? Step::Remove : Step::Idle;  // what an earlier run left
    return;
  }
  sha256_ = work_->sha256;
  const std::uint64_t first_kept = work_->next->first;
  Draft draft{EventType::LogRetention, "gateway", {}, {}, {}, {}, false};
  draft.detail = Detail()
                     .number("first_kept", static_cast<std::int64_t>(first_kept))
                     .number("removed", static_cast<std::int64_t>(first_kept - work_->first()))
                     .time("oldest", work_->plan.oldest)
                     .time("newest", work_->plan.newest)
                     .number("keep_us", calls_.keep())
                     .text("state_sha256", sha256_)
                     .done();
  const auto index = calls_.record(draft);
  if (!index) return failed(base::fail(base::Code::Unavailable, "its event cannot be recorded"));
  event_end_ = *index + 1;
  step_ = Step::AwaitCheckpoint;
}

void Retention::adopt() {
  step_ = Step::Working;
  const bool late = !work_->next;
  work_->sha256 = sha256_;
  loop_.run_elsewhere([work = work_, late] { late ? work->adopt_late() : work->adopt(); },
                      [this, alive = alive_] {
                        if (!*alive) return;
                        if (!work_->status.ok()) return failed(work_->status.error());
                        calls_.trim_index(work_->first());
                        step_ = Step::Remove;
                      });
}

void Retention::remove() {
  step_ = Step::Working;
  loop_.run_elsewhere([work = work_] { work->remove_some(); },
                      [this, alive = alive_] {
                        if (!*alive) return;
                        if (!work_->status.ok()) return failed(work_->status.error());
                        step_ = work_->removed > 0 ? Step::Remove : Step::Idle;
                      });
}

// What was begun is gone on with by the next run: a new cut covers this one.
void Retention::failed(const base::Error& why) {
  base::log_error("old events were not removed: " + why.message);
  step_ = Step::Idle;
  next_ = clock_.monotonic() + kAgain;
}

}  // namespace postern::ledger
