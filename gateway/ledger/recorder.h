// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The journal on a loop: what a turn appends is written at its end (Stage::Record) and synced together, on a
// thread of the pool. If somebody waits the sync begins with that turn, or as soon as the one under way is
// done; otherwise within kLazySync. When the disk fails, all that is not durable is kept and tried again
// every kRetry until it works.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "audit/fresh_lines.h"
#include "audit/journal.h"
#include "base/result.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

inline constexpr base::Nanos kLazySync = 50 * base::kMillisecond;
inline constexpr base::Nanos kRetry = 500 * base::kMillisecond;

struct RecorderCalls {
  std::function<void()> on_durable;  // durable() has risen
  // The log cannot be written, and why; or it can again. Called when that changes.
  std::function<void(bool writable, const std::string& why)> on_status;
};

class Recorder {
 public:
  // fresh: is shown each event that is appended; may be nullptr.
  Recorder(loop::Loop& loop, std::unique_ptr<audit::Journal> journal, RecorderCalls calls,
           std::shared_ptr<audit::FreshLines> fresh = nullptr);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Returns the index. Fails with Limit only: the line is too long, or too much waits for the disk.
  // event: what was read of line, where somebody has read it.
  base::Result<std::uint64_t> append(std::string_view line, bool wants_durable,
                                     const audit::EventFields* event = nullptr);

  // As of audit::Journal.
  void begin_segment() { journal_->begin_segment(); }

  bool writable() const { return writable_; }
  const std::string& why() const { return why_; }
  std::uint64_t size() const { return journal_->size(); }
  std::uint64_t written() const { return journal_->written(); }
  std::uint64_t durable() const { return journal_->durable(); }
  std::size_t memory() const { return journal_->memory(); }

 private:
  bool record();
  bool write();
  void begin_sync();
  void on_synced(const audit::SyncTask& task, const base::Status& status);
  void failed(const base::Error& why);
  void recovered();
  void retry();

  loop::Loop& loop_;
  std::unique_ptr<audit::Journal> journal_;
  RecorderCalls calls_;
  std::shared_ptr<audit::FreshLines> fresh_;
  std::shared_ptr<bool> alive_;  // a sync may end after us
  loop::Timer lazy_;
  loop::Timer retry_;
  std::unique_ptr<loop::Loop::Hook> hook_;
  bool wanted_ = false;  // somebody waits for a sync
  bool syncing_ = false;
  bool writable_ = true;
  std::string why_;
};

}  // namespace postern::ledger
