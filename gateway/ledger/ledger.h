// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one writer of truth: takes events and commands from the other roles, makes them durable, and tells
// everyone the state that follows. Its parts, each of which can be read alone:
//
//   decide_command.h   what a command leads to          announcements.h  when the others are told
//   recorder.h         the journal, synced in groups    outcomes.h       when the asker is answered
//   history.h          where we were when we stopped    publisher.h      the log's files and checkpoints
//   put_policy.cc      another policy           kept_policies.h  what was accepted before it
//   rotate.cc          another key for the log      retention.h      old events go
//   notices.h          who outside is told           line_reports.h   what Mission Control is, measured_reports.h with health.h and usage.h
//   witnesses.h        who cosigns it               indexer.h, keeper_link.h, peer.h
//   account_file.h     who may sign in to the console: decide_account.h, account_change.cc; provider_asks.h, by an identity provider
//   asks.h             access that the vendor asks for   proposals.h   settings that it proposes
//   vendor_updates.h   its updates, fetched and judged; update_calendar.h with maintenance.h says when, rolling.h with runner_link.h runs them
//   intake_memory.h    what nodes have sent already      tunnel_gate.h whether engineers may come through Mission Control
//   grant_uses.h       how much of a grant there was, tallies.h what sessions did
//
// A command: decided on the newest state -> its events appended and folded -> what closes is told at once,
// what gives when it is durable -> answered when recorded and applied. For a closing one a permission.applied
// follows, with what was cut and how fast.
//
// While the log cannot be written everyone is told (LogStatus), what gives is refused, what closes still
// works and is recorded later, in memory until then. If that memory runs short, refusals and events of roles other than
// enforcers are dropped, counted, and the count stands in log.recovered; an enforcer whose other events find no room is not read
// until they do: nothing that was not kept is called durable, and its own bound closes the door (enforcer/ledger_client.h). A session whose opening did not become durable is
// ended (error).
//
// A peer that sends what its row in decide_command.h does not have, or no message at all, is cut off.
//
// One thread, the loop's. All blocking work happens in open() or on the loop's pool.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/files.h"
#include "audit/fresh_lines.h"
#include "base/clock.h"
#include "base/result.h"
#include "gateway/ipc/stop_word.h"
#include "gateway/ledger/account_file.h"
#include "gateway/ledger/announcements.h"
#include "gateway/ledger/asks.h"
#include "gateway/ledger/decide_account.h"
#include "gateway/ledger/decide_command.h"
#include "gateway/ledger/health.h"
#include "gateway/ledger/history.h"
#include "gateway/ledger/indexer.h"
#include "gateway/ledger/intake_memory.h"
#include "gateway/ledger/keeper_link.h"
#include "gateway/ledger/kept_policies.h"
#include "gateway/ledger/line_reports.h"
#include "gateway/ledger/measured_reports.h"
#include "gateway/ledger/notices.h"
#include "gateway/ledger/outcomes.h"
#include "gateway/ledger/peer.h"
#include "gateway/ledger/proposals.h"
#include "gateway/ledger/provider_asks.h"
#include "gateway/ledger/publisher.h"
#include "gateway/ledger/recorder.h"
#include "gateway/ledger/retention.h"
#include "gateway/ledger/rolling.h"
#include "gateway/ledger/runner_link.h"
#include "gateway/ledger/session_ends.h"
#include "gateway/ledger/tunnel_gate.h"
#include "gateway/ledger/update_calendar.h"
#include "gateway/ledger/usage.h"
#include "gateway/ledger/vendor_updates.h"
#include "gateway/ledger/witnesses.h"

namespace postern::ledger {

bool is_rolling_command(std::string_view command);
bool is_sources_command(std::string_view command);

struct LedgerOptions {
  std::string
      directory;  // holds journal/, log/ (the files that follow from it), index/index.db, policy/ and snapshot.json
  std::string version;  // of Postern, for gateway.started; may be empty
  Limits limits;
  Witnessing witnessing;
  std::string admins;  // the configured accounts, for a directory that has none yet; may be empty
  std::vector<NoticeTarget> notifications;
  OpenIdTerms openid = {}, admin_openid = {};
  LineTerms line = {};
  VendorUpdateTerms vendor_updates = {};
  HealthTerms health = {};
  std::vector<RollingPlan> updates = {};
  CalendarTerms calendar = {};
  ipc::StopRaiser stop_word = {};
};

class Ledger {
 public:
  // Opens the journal, folds it, holds it against the log's last checkpoint, and appends gateway.started. Blocks:
  // about a second and a half per million events. Errors: those of audit::Journal::open and audit::Agreement.
  static base::Result<std::unique_ptr<Ledger>> open(loop::Loop& loop, const base::Clock& clock,
                                                    audit::FileSystem& files, LedgerOptions options);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // A role has come, or come again: a former channel of the same sender and index is closed.
  void add_channel(Sender sender, std::uint32_t index, base::UniqueFd socket);
  // Of the supervisor, once; without one no executable is run.
  void set_runner(base::UniqueFd socket) { runner_.attach(std::move(socket)); }
  void set_updates(std::vector<RollingPlan> plans) { rolling_.configure(std::move(plans)); }
  void set_calendar(CalendarTerms terms) { calendar_.configure(std::move(terms)); }
  // Runs updates; whoever brings one begins it here.
  Rolling& rolling() { return rolling_; }
  // What the vendor offers, and how far it is fetched.
  VendorShelf& vendor_shelf() { return vendor_updates_; }
  void set_vendor_updates(VendorUpdateTerms terms) { vendor_updates_.configure(std::move(terms)); }
  void set_keeper(base::UniqueFd socket) { keeper_.replace(std::move(socket)); }
  void set_limits(const Limits& limits) { limits_ = limits; }
  void set_witnessing(Witnessing witnessing);
  void set_notifications(std::vector<NoticeTarget> targets);
  void set_line(LineTerms terms) {
    tunnel_gate_.configure(terms);
    line_reports_.configure(std::move(terms));
    look_at_tunnel();
  }
  void set_health(HealthTerms terms) { health_.configure(std::move(terms)); }
  void set_openid(OpenIdTerms engineers, OpenIdTerms admins) {
    openid_ = std::move(engineers);
    admin_openid_ = std::move(admins);
  }

  // Takes no more commands, ends all sessions (gateway_stopped), and calls done once everything is durable and under
  // a checkpoint; or after kDrainTimeout if the log cannot be written.
  void drain(std::function<void()> done) { stop(Stop::Asked, std::move(done)); }
  // The same for another ledger that goes on in our place: no session ends.
  void hand_over(std::function<void()> done) { stop(Stop::HandedOver, std::move(done)); }

  // What its timer does every kTick: ends what has run out, gives up on who does not answer.
  void tick();

  const state::State& state() const { return state_; }

  static constexpr base::Nanos kTick = 100 * base::kMillisecond;
  static constexpr base::Nanos kDrainTimeout = 5 * base::kSecond;
  // Bytes of memory for events that are not durable; the last part of it is for our own ones.
  static constexpr std::size_t kMemory = 64U << 20U;
  static constexpr std::size_t kOwnMemory = 16U << 20U;
  // And in front of that for what is no refusal: whoever is refused must not use up what others wait for.
  static constexpr std::size_t kNoRefusalsMemory = 8U << 20U;
  // Of that for the newest events, which are kept for the index and the log's files: what one busy core makes in a second.
  static constexpr std::size_t kFreshMemory = 16U << 20U;
  static constexpr std::size_t kPolicyOrders = 4;           // at once
  static constexpr std::size_t kAccountOrders = 64;         // that wait
  static constexpr std::ptrdiff_t kAccountOrdersOfOne = 4;  // of one actor: nobody keeps others from theirs
  static constexpr base::Nanos kKeyChangeTimeout = 8 * base::kSecond;  // less than the console waits

 private:
  Ledger(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, LedgerOptions options,
         std::unique_ptr<audit::Journal> journal, History history, Publisher::Beginning published,
         Retention::Beginning kept, accounts::Accounts accounts, NoticeBacklog backlog, ReportBacklog reports,
         UsageFold usage, IntakeMemory intake);
  Asks::Calls ask_calls();
  LineReports::Calls line_calls();
  void saw_event(std::uint64_t index, const audit::EventFields& event);
  bool take_measured(const Peer& peer, std::string_view payload);
  Retention::Calls retention_calls();
  Notices::Calls notice_calls();
  Rolling::Calls rolling_calls();
  base::Json look_at_gateway() const;
  UpdateCalendar::Calls calendar_calls();
  ProposalRunner::Calls proposal_calls();
  VendorUpdates::Calls vendor_update_calls();
  void remove_old_artefacts();
  std::uint64_t give_task(Peer& peer, const base::Json& task);
  bool take_node_task_done(const Peer& peer, std::string_view payload);
  bool is_comparing(const Peer& peer, const base::Json& order) const;
  void tasks_gone(std::uint64_t peer);
  void notice(std::uint64_t index, std::string_view line);

  void record_start(const std::optional<audit::TornTail>& torn, std::int64_t events,
                    const std::string& version);

  // Frames. False: the peer broke the protocol.
  void on_frame(Peer& peer, ipc::ToLedger type, std::string_view payload);
  bool take_append(Peer& peer, std::string_view payload);
  bool take_command(Peer& peer, std::string_view payload);
  bool take_applied(Peer& peer, std::string_view payload);
  bool take_activity(const Peer& peer, std::string_view payload);
  bool take_policy_piece(Peer& peer, std::string_view payload);
  bool take_cookie(const Peer& peer, std::string_view payload);
  bool take_delivered(const Peer& peer, std::string_view payload);
  void ask_for_jars();
  bool take_receiving(const Peer& peer, std::string_view payload);
  void enforcer_gone(std::uint64_t number);
  void look_at_uses(std::string_view session);
  void count(const ipc::Append& append);
  void breach(Peer& peer, std::string_view what);
  void remove_gone();
  void greet(Peer& peer);

  // Commands.
  struct Asker {
    std::uint64_t peer = 0;
    std::uint64_t command = 0;
  };
  using PolicyText = std::shared_ptr<const std::string>;
  struct PolicyOrder {
    Asker asker;
    base::Json order;
    PolicyText text;
  };
  void preview_report(const Asker& asker, const base::Json& order);
  void take_rolling_order(const Asker& asker, const base::Json& order);
  void take_update_order(const Asker& asker, const base::Json& order);
  void take_sources_order(const Asker& asker, const base::Json& order);
  Context context();
  void decide(Peer& peer, const ipc::Command& command, const base::Json& order);
  void take_policy_order(Peer& peer, const Asker& asker, const base::Json& order);
  void read_policy();
  void keep_policy(std::shared_ptr<const PolicyReading> reading);
  void decide_policy_set(const PolicyOrder& order, const PolicyReading& reading);
  void next_policy_order();
  void take_effect(PolicyText text);
  void keep_policies_that_count();
  PolicyText text_of_accepted();
  void ask_then_decide(Sender sender, const Asker& asker, const base::Json& order, base::Nanos commanded);
  void ask_then_decide_admin(const Asker& asker, const base::Json& order, base::Nanos commanded);
  void ask_provider(ProviderAsks& provider, const OpenIdTerms& terms, base::Json order,
                    std::function<void(const base::Json& answered)> decide);
  void sign_then_perform(Decision decision, const Asker& asker, base::Nanos commanded);
  void perform(Decision decision, const Asker& asker, base::Nanos commanded,
               PolicyText policy_text = nullptr);
  bool append(const Draft& draft, Outcome& outcome, base::Nanos commanded);
  struct LogLine {
    audit::EventType type{};
    std::string id, text;
  };
  LogLine line_of(const Draft& draft);
  bool append_own(const LogLine& line);  // one that changes no state
  bool append_own(const Draft& draft) { return append_own(line_of(draft)); }
  void fold(const Draft& draft, const base::Json& event);
  void refuse(const Asker& asker, const CommandRefused& refused, std::string_view event = {});

  // The console's accounts.
  struct AccountOrder {
    Asker asker;
    base::Json order;
  };
  struct AccountChange {
    enum class Step { Preparing, Recorded, Adopting };
    Asker asker;
    base::Json reply;
    accounts::Accounts next;
    std::vector<LogLine> events;
    std::uint64_t durable_at = 0;
    base::Status status = base::Ok{};  // of the last thing that the pool did
    Step step = Step::Preparing;
    bool answered = false;
  };
  void take_account_order(const Asker& asker, const base::Json& order);
  void next_account_order();
  void begin_account_change(const Asker& asker, AccountDecision decided);
  void record_account_change();
  void go_on_with_account_change();
  void finish_account_change();
  void drop_account_change(const std::string& why);
  void reply_to(const Asker& asker, const base::Json& reply, const std::string& event);

  // Another key for the log.
  struct KeyChange {
    Asker asker;
    std::string actor, from;
    std::string event;  // its id, if this command made it
    base::Nanos deadline = 0;
  };
  void change_key(const Asker& asker, const base::Json& order, base::Nanos commanded);
  void go_on_with_key_change();
  void answer_key_change();
  void give_up_key_change();

  // Telling.
  void tell(const Announcement& announcement, Outcome* outcome);
  void tell_state();
  void send_intake_tokens(Peer& peer);
  void tell_intake_tokens();
  bool has_room(
      std::size_t besides = 0) const;  // in memory, for an event that waits for the disk, and so much
  void tell_policy();
  void send_state(Peer& peer);
  void send_policy(Peer& peer);
  void send_accounts(Peer& peer);
  void tell_accounts();
  void send_log_status(Peer& peer);
  void send_size();
  void send_published();
  void send_published(Peer& peer);
  void send_witnessing();
  void send_witnessing(Peer& peer);
  base::Json witnessing_json() const;
  base::Json reports_json() const;
  bool carry(const ipc::Errand& errand, std::uint32_t link = 0);

  // Answering.
  void advance();
  void look_at_tunnel();  // whatever may have become ready
  void record_applied(const Outcome& outcome);
  void answer(Outcome outcome);
  void cosign_then_answer(Outcome outcome);
  void send_reply(const Outcome& outcome);
  void on_durable();
  void on_log_status(bool writable, const std::string& why);
  enum class Stop { Asked, HandedOver };
  void stop(Stop why, std::function<void()> done);
  void finish_drain(bool give_up);

  loop::Loop& loop_;
  const base::Clock& clock_;
  Limits limits_;
  base::UlidMaker ulids_;
  base::Micros started_;

  state::State state_;
  Tallies tallies_;
  SessionEnds session_ends_;
  RecentIds recent_;
  PolicySummary policy_;
  PolicyText policy_text_;        // in force; nullptr: none yet
  PolicyText accepted_text_;      // accepted last, while another is in force; nullptr: not read, or cannot be
  std::string accepted_text_of_;  // its hash
  KeptPolicies kept_policies_;
  std::deque<PolicyOrder> policy_orders_;  // the first is being read, on the pool: a large one takes seconds
  Announcements announcements_;
  Outcomes outcomes_;
  std::uint64_t version_ = 0;                  // of what was told last
  std::shared_ptr<AccountFile> account_file_;  // shared with the pool, where the change under way uses it
  accounts::Accounts accounts_;
  std::deque<AccountOrder> account_orders_;
  std::shared_ptr<AccountChange> account_change_;
  std::optional<KeyChange> key_change_;
  std::string key_ordered_;  // the new key of the last log.key_changed

  std::map<std::uint64_t, std::unique_ptr<Peer>> peers_;  // by number
  std::uint64_t last_peer_ = 0;
  std::shared_ptr<audit::FreshLines> fresh_ = std::make_shared<audit::FreshLines>(kFreshMemory);
  Recorder recorder_;
  KeeperLink keeper_;
  Indexer indexer_;
  Publisher publisher_;
  std::vector<certs::VerifierKey> witnessed_logs_;  // whose witness we are
  std::uint64_t counts_ = 0;  // events up to the last one that is a reason to have the log cosigned
  Witnesses witnesses_;
  Notices notices_;
  Health health_;
  Usage usage_;
  IntakeMemory intake_;
  MeasuredReports measured_;
  Asks asks_;
  ProposalRunner proposals_;
  std::uint64_t asks_changed_ = 0;  // events up to the last that may say where an ask stands
  LineReports line_reports_;
  TunnelGate tunnel_gate_;
  std::string directory_, version_of_us_;
  audit::FileSystem& files_;
  RunnerLink runner_;
  Rolling rolling_;
  UpdateCalendar calendar_;
  VendorUpdates vendor_updates_;
  bool old_artefacts_ = false;                    // an update has begun: those of others are removed
  std::map<std::uint64_t, std::uint64_t> tasks_;  // of rolling_ and proposals_, under way: by whom
  std::uint64_t last_task_ = 0;
  std::vector<std::string> target_names_;  // of notices_
  OpenIdTerms openid_, admin_openid_;
  ipc::StopRaiser stop_word_;
  ProviderAsks provider_, admin_provider_;  // of engineers; of admins
  Retention retention_;
  loop::Timer timer_;
  std::unique_ptr<loop::Loop::Hook> sweep_;
  bool peers_gone_ = false;

  base::Nanos unwritable_since_ = 0;  // monotonic
  std::int64_t lost_ = 0;             // events dropped since then
  ipc::Size told_size_;
  base::Nanos size_told_at_ = 0;
  std::string told_published_, told_witnessing_;                // the frame; the JSON
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // reading a policy may end after us
  std::function<void()> drained_;
  base::Nanos drain_deadline_ = 0;
  enum class LastCheckpoint { NotAsked, UnderWay, Ended } last_checkpoint_ = LastCheckpoint::NotAsked;
};

}  // namespace postern::ledger
