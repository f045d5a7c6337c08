// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/recorder.h"

#include "base/log.h"
#include "gateway/ipc/figures.h"

namespace postern::ledger {

Recorder::Recorder(loop::Loop& loop, std::unique_ptr<audit::Journal> journal, RecorderCalls calls,
                   std::shared_ptr<audit::FreshLines> fresh)
    : loop_(loop),
      journal_(std::move(journal)),
      calls_(std::move(calls)),
      fresh_(std::move(fresh)),
      alive_(std::make_shared<bool>(true)),
      lazy_(loop, [this] { wanted_ = true; }),
      retry_(loop, [this] { retry(); }),
      hook_(loop.at_turn_end(loop::Stage::Record, [this] { return record(); })) {}

Recorder::~Recorder() { *alive_ = false; }

base::Result<std::uint64_t> Recorder::append(std::string_view line, bool wants_durable,
                                             const audit::EventFields* event) {
  auto index = journal_->append(line);
  if (!index.ok()) return index;
  if (fresh_ != nullptr) fresh_->add(*index, line, event);
  if (wants_durable) {
    wanted_ = true;
  } else if (!lazy_.running()) {
    lazy_.start(kLazySync);
  }
  return index;
}

// While the disk fails only retry() touches it: a full disk is not asked again for every event.
bool Recorder::record() {
  if (!writable_ || !write()) return false;
  if (wanted_ && !syncing_) begin_sync();
  return false;  // what a sync leads to comes with a later turn
}

bool Recorder::write() {
  if (journal_->written() == journal_->size()) return true;
  const base::Status status = journal_->write();
  if (!status.ok()) failed(status.error());
  return status.ok();
}

void Recorder::begin_sync() {
  auto task = journal_->begin_sync();
  if (!task) {  // all of it is durable
    wanted_ = false;
    if (!writable_) recovered();
    return;
  }
  wanted_ = false;
  syncing_ = true;
  lazy_.stop();
  struct Work {
    audit::SyncTask task;
    base::Nanos began;
    base::Status status = base::Ok{};
  };
  auto work = std::make_shared<Work>(Work{std::move(*task), loop_.now()});
  loop_.run_elsewhere([work] { work->status = work->task.run(); },
                      [this, work, alive = alive_] {
                        if (!*alive) return;
                        ipc::time(ipc::Timing::LogSync, loop_.now() - work->began);
                        on_synced(work->task, work->status);
                      });
}

void Recorder::on_synced(const audit::SyncTask& task, const base::Status& status) {
  syncing_ = false;
  journal_->synced(task, status);
  if (!status.ok()) {
    failed(status.error());
    return;
  }
  if (!writable_) recovered();
  // What came meanwhile and nobody waits for is synced by the timer.
  if (journal_->durable() < journal_->size() && !wanted_ && !lazy_.running()) lazy_.start(kLazySync);
  calls_.on_durable();
}

void Recorder::failed(const base::Error& why) {
  if (!retry_.running()) retry_.start(kRetry, kRetry);
  if (!writable_ && why_ == why.message) return;
  if (writable_) base::log_error("the log cannot be written: " + why.message);
  writable_ = false;
  why_ = why.message;
  calls_.on_status(false, why_);
}

void Recorder::recovered() {
  retry_.stop();
  writable_ = true;
  why_.clear();
  base::log_info("the log can be written again");
  calls_.on_status(true, why_);
}

// Writable again only after a sync: a disk that takes bytes but cannot keep them is no log.
void Recorder::retry() {
  if (!syncing_ && write()) begin_sync();
}

}  // namespace postern::ledger
