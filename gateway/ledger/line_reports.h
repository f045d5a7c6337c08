// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What this installation says of itself to Mission Control (line/protocol.h), which the link carries:
//
//   registration   once after each start, and when the log's key is another, until it is taken: which version, how many
//                  services and nodes, the log's verifier key
//   heartbeat      every kHeartbeat
//   health, usage  while an admin shares them (measured_reports.h), in documents of their own
//   event          while an admin shares them (state.h, kSharing): those of wanted_by_vendor(), in the log's order, each until it
//                  was taken; more than kMostWaiting, and the oldest go, which is link.reports_given_up; so does one whose form
//                  Mission Control refuses
//
// Nothing is sent without a copy (sent_copies.h), and no event before it is durable. What did not arrive is sent again as it was,
// and copied once. At least once, in order; Mission Control
// knows one that comes twice by its id. How far it is stands in line.json in the state directory. Events from before sharing was
// switched on are not told, and those that waited when it is switched off neither.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/files.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/ulid.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ledger/draft.h"
#include "gateway/ledger/notice.h"
#include "gateway/ledger/progress_file.h"
#include "gateway/ledger/sent_copies.h"
#include "gateway/loop/loop.h"
#include "line/protocol.h"

namespace postern::ledger {

// The ledger's part of the configuration: {"line": null, or {"registration": {..}, "tunnel": bool}}: null where this installation is not enrolled.
struct LineTerms {
  bool enrolled = false;
  base::Json registration = base::Json::object();
  bool tunnel = false;  // may be switched on (tunnel_gate.h)
};
LineTerms parse_line_terms(const base::Json& part);

bool wanted_by_vendor(audit::EventType type, std::string_view subject);
line::Report report_of(const Notice& notice);

// What is still to be told of the events before this start; filled while the journal is read.
class ReportBacklog {
 public:
  ReportBacklog() = default;
  ReportBacklog(audit::FileSystem& files, const std::string& directory);
  void take(std::uint64_t index, std::string_view line);

  std::uint64_t next = 0;  // index of the first event that may still have to be told
  bool shares = false;
  std::deque<Notice> waiting;
};

class LineReports {
 public:
  struct Calls {
    std::function<bool(const ipc::Errand&)> carry;  // false: there is no link now
    std::function<void(const Draft&)> record;
    std::function<std::string()> log_key;  // a verifier key; empty while it is not known
    // Of measured_reports.h: what is due, what of it was taken, and that its form was not.
    std::function<std::vector<line::Report>()> measured = [] { return std::vector<line::Report>(); };
    std::function<void(const line::Taken&)> measured_taken = [](const line::Taken&) {};
    std::function<void()> measured_refused = [] {};
    // Of asks.h: what Mission Control asks, in the answer to a heartbeat; where those stand of which it does not know it; what
    // of that it took.
    std::function<void(const base::Json&)> asked = [](const base::Json&) {};
    std::function<std::vector<line::Report>(std::uint64_t durable)> standings = [](std::uint64_t) {
      return std::vector<line::Report>();
    };
    std::function<void(const line::Taken&)> standings_taken = [](const line::Taken&) {};
    std::function<void()> line_is_back = [] {};  // something arrived, after it had not, or for the first time
  };
  LineReports(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, std::string directory,
              Calls calls);
  ~LineReports();
  LineReports(const LineReports&) = delete;
  LineReports& operator=(const LineReports&) = delete;

  // Once. shares: whether an admin shares events, as the state knows; events: how many are in the log.
  void begin(ReportBacklog backlog, bool shares, std::uint64_t events);
  void configure(LineTerms terms);
  void saw(std::uint64_t index, const audit::EventFields& event);
  void look(std::uint64_t durable);
  // Mission Control says that it has something to ask, or the line is up: a heartbeat fetches it, and what waits goes along.
  void asks_wait();
  bool take(const ipc::Delivered& delivered);  // false: of an errand that was never given
  void link_gone();

  // {"waiting", "sent"*: when one was taken last, "problem"*}; null: not enrolled
  base::Json status() const;

  // Between those of witnesses and of notifications.
  static constexpr std::uint64_t kFirstErrand = std::uint64_t{1} << 61U;
  static constexpr std::size_t kMostWaiting = 10'000;
  static constexpr base::Nanos kHeartbeat = 30 * base::kSecond;
  static constexpr base::Nanos kAsksPause =
      1 * base::kSecond;  // between two that are fetched because asks wait
  // Between two documents: Mission Control takes five requests a second, and what happens meanwhile goes together.
  static constexpr base::Nanos kPace = 250 * base::kMillisecond;
  static constexpr base::Nanos kFirstPause = 1 * base::kSecond;
  static constexpr base::Nanos kLongestPause = 15 * base::kSecond;
  // Losses of the line in a row that took a document with them: what is too much for what lies between goes in smaller parts.
  static constexpr int kLostBeforeSmaller = 2;
  static constexpr base::Nanos kPatience = 90 * base::kSecond;  // for an errand; the link gives up sooner
  static constexpr base::Micros kGivenUpEvery = 60 * base::kWallSecond;

 private:
  enum class Phase : std::uint8_t { Resting, Copying, Asked };
  void keep_bounded();
  void give_up_first(std::size_t spared);
  void take_apart();
  void lost_under_way();
  void tell_given_up();
  void send(std::uint64_t durable);
  std::vector<line::Report> due(std::uint64_t durable);
  line::Report registration() const;
  void look_at_log_key();
  std::vector<line::Report> next_reports(std::uint64_t durable);
  void went_well(bool all);
  void give();
  void forget_document();
  void copied(const std::string& document, const base::Status& status);
  void taken(const line::Taken& answer);
  void fail(std::string why);
  void save();

  const base::Clock& clock_;
  Calls calls_;
  SentCopies copies_;
  ProgressFile file_;
  base::UlidMaker ids_;
  LineTerms terms_;
  std::string registered_log_;  // the log's key as it stands in the newest registration
  std::string registration_;    // the id of the report; empty: it was taken
  std::deque<Notice> waiting_;
  bool shares_ = false;
  std::uint64_t next_ = 0;  // as ReportBacklog
  std::string document_;    // that is under way, or is to be sent again; empty: there is none
  bool measured_ = false;   // it has what was measured, and nothing else
  bool measured_turn_ = false;
  std::vector<std::string> measured_ids_;
  std::string heartbeat_id_;               // in the document
  base::Nanos asked_for_asks_ = 0;         // when asks_wait last was heeded
  std::size_t under_way_ = 0;              // of waiting_, from the front: those in the document
  std::size_t most_ = line::kMostReports;  // events of one document
  bool line_was_up_ = false;               // when the document was given
  int lost_ = 0;                           // in a row
  Phase phase_ = Phase::Resting;
  std::uint64_t last_errand_ = kFirstErrand;
  base::Nanos heartbeat_ = 0, next_try_ = 0, deadline_ = 0;  // monotonic
  int failures_ = 0;                                         // in a row
  base::Micros sent_ = 0;
  std::string problem_;
  std::int64_t given_up_ = 0;  // not recorded yet
  std::string given_up_last_;
  base::Micros given_up_told_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::ledger
