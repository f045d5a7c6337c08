// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Removes events that are older than the configuration keeps them (audit/retention.h), once a day. Each step blocks on a
// thread of the pool, is short, and follows from what the one before left on the disk:
//
//   plan      where to cut; what is open now keeps what it began with
//   snapshot  the state before the cut, durable beside the present one
//   event     log.retention with the snapshot's hash: durable, and under a checkpoint
//   adopt     the snapshot takes the place of the present one
//   remove    rows of the index, segments, bundles: kFilesAtOnce at a time
//
// A clock that jumps ahead: nothing goes for kHold after the log was silent, or the clock ran ahead of the machine's own
// count, for longer than kJump. So whoever sets the clock wrongly has a week to see it, and then loses a month a day.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "audit/retention.h"
#include "base/clock.h"
#include "gateway/ledger/draft.h"
#include "gateway/ledger/snapshot.h"
#include "gateway/loop/loop.h"
#include "gateway/state/state.h"

namespace postern::ledger {

class Retention {
 public:
  struct Beginning {
    std::string directory;                       // with journal/, log/ and the snapshot
    std::optional<Snapshot> snapshot;            // the present one
    std::optional<audit::RetentionRecord> last;  // the newest event of ours in the log
    base::Micros newest = 0;                     // time of the last event before this process
  };
  struct Calls {
    std::function<base::Micros()> keep;  // 0: for ever
    std::function<const state::State&()> state;
    std::function<std::uint64_t()> published;                          // events under a checkpoint
    std::function<std::optional<std::uint64_t>(const Draft&)> record;  // its index; nothing: try again later
    std::function<void(std::uint64_t before)> trim_index;
    std::function<void()> begin_segment;
  };
  Retention(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, Beginning beginning,
            Calls calls);
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  // The owner calls it now and then.
  void tick();

  bool idle() const { return step_ == Step::Idle; }

  static constexpr base::Nanos kEvery = 24LL * 3600 * base::kSecond;
  static constexpr base::Nanos kFirst = 10LL * 60 * base::kSecond;  // after the start
  static constexpr base::Nanos kAgain = 3600LL * base::kSecond;     // after a failure
  static constexpr base::Micros kJump = 30LL * 24 * 3600 * base::kWallSecond;
  static constexpr base::Nanos kHold = 7LL * 24 * 3600 * base::kSecond;
  static constexpr std::size_t kFilesAtOnce = 16;

 private:
  enum class Step { Idle, Working, AwaitCheckpoint, Remove };
  struct Work;
  void watch_clock();
  void begin();
  void planned();
  void adopt();
  void remove();
  void failed(const base::Error& why);
  std::set<std::string> needed() const;

  loop::Loop& loop_;
  const base::Clock& clock_;
  Calls calls_;
  std::shared_ptr<Work> work_;
  std::shared_ptr<bool> alive_;
  Step step_ = Step::Idle;
  base::Nanos next_;  // when to look again
  base::Nanos held_until_ = 0;
  base::Micros wall_at_ = 0;  // when the clock was last looked at, by both
  base::Nanos monotonic_at_ = 0;
  std::uint64_t event_end_ = 0;  // events up to and with ours
  std::string sha256_;
};

}  // namespace postern::ledger
