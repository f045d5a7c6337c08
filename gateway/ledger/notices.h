// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Tells people outside what happens (docs/NOTIFICATIONS.md): keeps what is to be told to each target in the log's order,
// has webhooks signed by the keeper, and gives both webhooks and mail to the link, which carries them.
//
// At least once, in order: the next is sent when the one before was taken. Nothing is told before it is durable. How far
// each target is stands in notifications.json in the state directory, written after a notification was taken; whoever is
// started anew goes on from there, so one may be told twice, under the same id. A target that is new begins with what
// happens from now on.
//
// Tried again after kFirstPause, twice as long each time up to kLongestPause, each a quarter more or less by chance. Given
// up after kGiveUpAfter, or when more than kMostWaiting wait: the oldest go. Events, few by construction:
// notification.delivered for the first and after a failure that was told; notification.failed once it has failed for
// kFailedFor; notification.given_up at most every kGivenUpEvery per target.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/files.h"
#include "base/clock.h"
#include "base/json.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ledger/draft.h"
#include "gateway/ledger/notice.h"
#include "gateway/ledger/progress_file.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

// The ledger's part of the configuration: {"notifications": [{"name", "kind": "webhook"|"email", "where", "events": [..],
// "severity": a name or "none", "from"*, "to"*}]}, which may be missing. where: for people.
struct NoticeTarget {
  std::string name, where;
  bool mail = false;
  std::vector<std::string> events;  // types, or families: "request.*"
  std::optional<audit::Severity> severity;
  MailHead head;
  bool operator==(const NoticeTarget& other) const;

  // Whether it is told of such an event. Never of what happens to notifications, but for a test of itself.
  bool wants(audit::EventType type, audit::Severity severity, std::string_view subject) const;
};
std::vector<NoticeTarget> parse_notice_targets(const base::Json& part);

// How far each target is, as notifications.json says it.
struct NoticeProgress {
  std::uint64_t next = 0;      // index of the first event that may still have to be told
  base::Micros delivered = 0;  // when one was taken last; 0: never
  bool operator==(const NoticeProgress&) const = default;
};
using NoticeProgresses = std::map<std::string, NoticeProgress, std::less<>>;
std::string format_notice_progress(const NoticeProgresses& all);
// Of a file that is missing or damaged: nothing is known, and nothing old is told.
NoticeProgresses parse_notice_progress(std::string_view text);

// What is still to be told of the events before this start; filled while the journal is read.
class NoticeBacklog {
 public:
  NoticeBacklog() = default;
  NoticeBacklog(audit::FileSystem& files, const std::string& directory, std::vector<NoticeTarget> targets);
  void take(std::uint64_t index, std::string_view line);

  std::vector<NoticeTarget> targets;
  NoticeProgresses progress;
  std::map<std::string, std::deque<Notice>, std::less<>> waiting;
};

class Notices {
 public:
  struct Calls {
    std::function<bool(const ipc::Errand&)> carry;  // false: there is no link now
    std::function<void(const std::string& target, const std::string& payload,
                       std::function<void(base::Result<std::string>)>)>
        sign;
    std::function<void(const Draft&)> record;
  };
  // directory: the state's. files outlives the last task on the pool.
  Notices(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, std::string directory,
          Calls calls);
  ~Notices();
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  void begin(NoticeBacklog backlog, std::uint64_t events);  // once; events in the log
  // Those that stay keep what is known of them; new ones begin behind so many events.
  void configure(std::vector<NoticeTarget> targets, std::uint64_t events);
  bool idle() const { return targets_.empty(); }
  std::vector<std::string> names() const;

  void saw(std::uint64_t index, const audit::EventFields& event);
  void look(std::uint64_t durable);
  bool take(const ipc::Delivered& delivered);  // false: of an errand that was never given
  void link_gone();

  // [{"name", "kind", "where", "events", "severity"*, "state": "new"|"delivering"|"failing", "waiting", "delivered"*,
  //   "failed"*, "problem"*}]
  base::Json status() const;

  // Errands of witnesses have smaller numbers.
  static constexpr std::uint64_t kFirstErrand = std::uint64_t{1} << 62U;
  static constexpr std::size_t kMostWaiting = 1'000;
  static constexpr base::Nanos kFirstPause = 5 * base::kSecond;
  static constexpr base::Nanos kLongestPause = 600 * base::kSecond;
  static constexpr base::Nanos kPatience = 90 * base::kSecond;  // for an errand; the link gives up sooner
  static constexpr base::Micros kGiveUpAfter = 24LL * 3600 * base::kWallSecond;
  static constexpr base::Micros kFailedFor = 600 * base::kWallSecond;
  static constexpr base::Micros kGivenUpEvery = 60 * base::kWallSecond;

 private:
  enum class Phase : std::uint8_t { Resting, Signing, Asked };
  struct Target {
    NoticeTarget settings;
    NoticeProgress progress;
    std::deque<Notice> waiting;
    Phase phase = Phase::Resting;
    std::uint64_t errand = 0;            // under way; or the last
    int attempts = 0;                    // of the first that waits
    int failures = 0;                    // in a row
    base::Nanos next = 0, deadline = 0;  // monotonic
    base::Micros failing_since = 0, failed = 0;
    bool told = false;  // notification.failed was recorded
    std::string problem;
    std::int64_t given_up = 0;  // not recorded yet
    std::string given_up_last, given_up_why;
    base::Micros given_up_told = 0;
  };
  using TargetPtr = std::shared_ptr<Target>;

  void keep_bounded(Target& target);
  void give_up(Target& target, const char* why);
  void record(audit::EventType type, const Target& target, std::string detail);
  void tell_given_up(Target& target);
  void send(const TargetPtr& target);
  void send_signed(Target& target, const std::string& timestamp, const std::string& body,
                   base::Result<std::string> signature);
  void carry(Target& target, const ipc::Errand& errand);
  void delivered(Target& target);
  void fail(Target& target, std::string why);
  void save();

  const base::Clock& clock_;
  Calls calls_;
  ProgressFile file_;
  std::vector<TargetPtr> targets_;
  std::uint64_t last_errand_ = kFirstErrand;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::ledger
