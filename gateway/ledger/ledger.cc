// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The channels: who has come, what they send, what they are told. What commands lead to is in perform.cc.
#include "gateway/ledger/ledger.h"

#include <algorithm>

#include "audit/journal_reader.h"
#include "base/bytes.h"
#include "base/log.h"
#include "gateway/ipc/figures.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using base::Result;
using ipc::FromLedger;
using ipc::ToLedger;

constexpr int kCommandDepth = 8;
constexpr base::Nanos kSizeEvery = 200 * base::kMillisecond;

// Which key signs follows from them, so each must be readable.
Result<std::vector<certs::Handover>> read_sound_handovers(audit::FileSystem& files,
                                                          const std::string& directory) {
  auto found = audit::read_handovers(files, directory);
  if (!found.ok()) return found.error();
  if (found->bad.empty()) return std::move(found->good);
  const audit::BadHandover& bad = found->bad.front();
  return base::fail(base::Code::Corrupt,
                    bad.path + ": " + bad.what +
                        "; restore it from a copy. Without it, nobody who has only the " +
                        "log's earlier key can verify what came after");
}

// Whether it may change where something stands that Mission Control asked for (asks.h).
bool may_move_ask(EventType type) {
  const std::string_view name = audit::text_of(type).name;
  return name.starts_with("request.") || name.starts_with("grant.") || name.starts_with("proposal.");
}

// The state that it holds is believed only because an event says so, which stands under the checkpoint like all others.
base::Status vouched_for(const std::optional<SnapshotFile>& snapshot, const History& history,
                         const std::string& directory) {
  if (!snapshot) return base::Ok{};
  for (const audit::RetentionRecord& record : history.retentions) {
    if (record.first_kept == snapshot->snapshot.first && record.state_sha256 == snapshot->sha256)
      return base::Ok{};
  }
  return base::fail(
      base::Code::Corrupt,
      directory + "/snapshot.json is not the one that the log's event log.retention names: it was changed, " +
          "or is of another time; restore it from a copy");
}

base::Error without_snapshot(const base::Error& error, const std::string& directory, std::uint64_t first) {
  if (first != 0 || error.code != base::Code::Corrupt) return error;
  return base::fail(error.code,
                    error.message + " (if retention removed it: " + directory +
                        "/snapshot.json, which stands for it, is missing and must be restored too)");
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::open(loop::Loop& loop, const base::Clock& clock,
                                             audit::FileSystem& files, LedgerOptions options) {
  const std::string directory = options.directory + "/journal";
  auto snapshot = read_snapshot(files, options.directory);
  if (!snapshot.ok()) return snapshot.error();
  const Snapshot* from = *snapshot ? &(*snapshot)->snapshot : nullptr;
  const std::uint64_t first = from == nullptr ? 0 : from->first;
  auto journal = audit::Journal::open(files, directory, {.memory_limit = kMemory, .may_begin_at = first});
  if (!journal.ok()) return without_snapshot(journal.error(), options.directory, first);
  auto agreement = audit::Agreement::open(files, options.directory + "/log", first);
  if (!agreement.ok()) return agreement.error();
  auto reader = audit::JournalReader::open(files, directory);
  if (!reader.ok()) return reader.error();
  NoticeBacklog backlog(files, options.directory, options.notifications);
  ReportBacklog reports(files, options.directory);
  UsageFold usage = read_usage(files, options.directory);
  IntakeMemory intake(clock);
  std::uint64_t index = first;
  const auto take_line = [&](std::string_view line) {
    (*agreement)->take(line);
    backlog.take(index, line);
    ledger::take_line(usage, index, line);
    intake.take_line(line);
    reports.take(index++, line);
  };
  auto history = read_history(**reader, take_line, {from});
  if (!history.ok()) return history.error();
  if (index != (*journal)->durable())
    return base::fail(base::Code::Unavailable, directory + ": it changed while it was read: it had " +
                                                   std::to_string((*journal)->durable()) +
                                                   " events and then " + std::to_string(index) +
                                                   "; start again when nobody writes to it");
  auto frontier = (*agreement)->finish(directory);
  if (!frontier.ok()) return frontier.error();
  if (const base::Status vouched = vouched_for(*snapshot, *history, options.directory); !vouched.ok())
    return vouched.error();
  auto handovers = read_sound_handovers(files, options.directory + "/log");
  if (!handovers.ok()) return handovers.error();
  Publisher::Beginning published{directory, options.directory + "/log", *std::move(frontier),
                                 (*agreement)->published(), *std::move(handovers)};
  auto accounts = AccountFile(files, options.directory).open(options.admins, [&](std::string_view id) {
    return history->ids.contains(id);
  });
  if (!accounts.ok()) return accounts.error();
  const auto torn = (*journal)->torn_tail();
  const auto events = static_cast<std::int64_t>(history->events);
  const std::string version = options.version;
  Retention::Beginning kept{options.directory, {}, {}, history->newest};
  if (!history->retentions.empty()) kept.last = history->retentions.back();
  if (*snapshot) kept.snapshot = std::move((*snapshot)->snapshot);
  std::unique_ptr<Ledger> ledger(new Ledger(loop, clock, files, std::move(options), std::move(*journal),
                                            std::move(*history), std::move(published), std::move(kept),
                                            *std::move(accounts), std::move(backlog), std::move(reports),
                                            std::move(usage), std::move(intake)));
  ledger->record_start(torn, events, version);
  return ledger;
}

void Ledger::record_start(const std::optional<audit::TornTail>& torn, std::int64_t events,
                          const std::string& version) {
  if (torn) {
    Draft draft{EventType::LogTruncatedTail, "gateway", {}, {}, {}, {}, false};
    draft.detail = Detail()
                       .text("file", torn->file)
                       .number("offset", static_cast<std::int64_t>(torn->offset))
                       .number("bytes", static_cast<std::int64_t>(torn->bytes))
                       .number("index", static_cast<std::int64_t>(torn->index))
                       .done();
    append_own(draft);
  }
  Draft draft{EventType::GatewayStarted, "gateway", {}, {}, {}, {}, false};
  draft.detail = Detail()
                     .text("version", version)
                     .number("events", events)
                     .number("sessions", static_cast<std::int64_t>(state_.sessions().size()))
                     .done();
  append_own(draft);
  timer_.start(kTick, kTick);
}

Ledger::Ledger(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, LedgerOptions options,
               std::unique_ptr<audit::Journal> journal, History history, Publisher::Beginning published,
               Retention::Beginning kept, accounts::Accounts accounts, NoticeBacklog backlog,
               ReportBacklog reports, UsageFold usage, IntakeMemory intake)
    : loop_(loop),
      clock_(clock),
      limits_(options.limits),
      started_(clock.wall()),
      state_(history.state),
      tallies_(std::move(history.tallies)),
      session_ends_(state_),
      recent_(std::move(history.ids)),
      kept_policies_(loop, files, options.directory),
      announcements_(std::move(history.state)),
      account_file_(std::make_shared<AccountFile>(files, options.directory)),
      accounts_(std::move(accounts)),
      key_ordered_(history.key_ordered),
      recorder_(loop, std::move(journal),
                {[this] { on_durable(); },
                 [this](bool writable, const std::string& why) { on_log_status(writable, why); }},
                fresh_),
      keeper_(loop, clock),
      indexer_(
          loop, files, options.directory + "/journal", options.directory + "/index/index.db",
          [this] { return recorder_.durable(); }, fresh_),
      publisher_(
          loop, clock, files, keeper_, std::move(published), [this] { return recorder_.durable(); }, fresh_),
      witnesses_(
          loop, clock, files, options.directory + "/log",
          {[this](const ipc::Errand& errand) { return carry(errand); },
           [this](EventType type, const std::string& witness, std::string detail) {
             append_own(Draft{type, "gateway", {}, witness, {}, std::move(detail), false});
           },
           [this](std::uint64_t size, const std::string& line) { publisher_.add_cosignature(size, line); },
           [this] { return keeper_.log_key(); }}),
      notices_(loop, clock, files, options.directory, notice_calls()),
      health_(loop, clock, files, options.directory, options.version,
              [this](const Draft& draft) { append_own(draft); }),
      usage_(loop, clock, files, options.directory),
      intake_(std::move(intake)),
      measured_(clock, health_, usage_, [this](std::string_view name) { return state_.shares(name); }),
      asks_(clock, ask_calls()),
      proposals_(clock, proposal_calls()),
      line_reports_(loop, clock, files, options.directory, line_calls()),
      tunnel_gate_({[this](const ipc::Errand& errand) { return carry(errand); },
                    [this](const Draft& draft) { append_own(draft); }}),
      directory_(options.directory),
      version_of_us_(options.version),
      files_(files),
      runner_(loop, {[this](const Json& answer) {
                       if (!drained_) rolling_.runner_answered(answer);
                     },
                     [this] { rolling_.runner_gone(); }}),
      rolling_(clock, rolling_calls()),
      calendar_(clock, calendar_calls()),
      vendor_updates_(loop, clock, files, options.directory, vendor_update_calls()),
      openid_(std::move(options.openid)),
      admin_openid_(std::move(options.admin_openid)),
      stop_word_(std::move(options.stop_word)),
      provider_(clock, [this](const ipc::Errand& errand) { return carry(errand); }),
      admin_provider_(clock, [this](const ipc::Errand& errand) { return carry(errand, ipc::kAdminLink); }),
      retention_(loop, clock, files, std::move(kept), retention_calls()),
      timer_(loop, [this] { tick(); }),
      sweep_(loop.at_turn_end(loop::Stage::Send, [this] {
        remove_gone();
        return false;
      })) {
  set_witnessing(std::move(options.witnessing));
  notices_.begin(std::move(backlog), recorder_.size());
  line_reports_.begin(std::move(reports), state_.shares("events"), recorder_.size());
  tunnel_gate_.configure(options.line);
  line_reports_.configure(std::move(options.line));
  usage_.begin(std::move(usage), state_.shares(kUsage), recorder_.size());
  health_.configure(std::move(options.health));
  rolling_.configure(std::move(options.updates));
  calendar_.configure(std::move(options.calendar));
  calendar_.set_shelf(&vendor_updates_);
  vendor_updates_.configure(std::move(options.vendor_updates));
  target_names_ = notices_.names();
  publisher_.hand_over_to(key_ordered_, history.key_ordered_after);
}

Retention::Calls Ledger::retention_calls() {
  Retention::Calls calls;
  calls.keep = [this] { return limits_.keep_events; };
  calls.state = [this]() -> const state::State& { return state_; };
  calls.published = [this] { return publisher_.published(); };
  calls.record = [this](const Draft& draft) {
    const std::uint64_t index = recorder_.size();
    return append_own(draft) ? std::optional(index) : std::nullopt;
  };
  calls.trim_index = [this](std::uint64_t before) { indexer_.trim(before); };
  calls.begin_segment = [this] { recorder_.begin_segment(); };
  return calls;
}

Notices::Calls Ledger::notice_calls() {
  Notices::Calls calls;
  calls.carry = [this](const ipc::Errand& errand) { return carry(errand); };
  calls.sign = [this](const std::string& target, const std::string& payload, KeeperLink::OnAnswer answer) {
    keeper_.sign_webhook(target, payload, std::move(answer));
  };
  calls.record = [this](const Draft& draft) { append_own(draft); };
  return calls;
}

Asks::Calls Ledger::ask_calls() {
  return {[this] { return context(); },
          [this](Decision decision) {
            if (!drained_) perform(std::move(decision), {}, clock_.monotonic());
          },
          [this](const Draft& draft) { append_own(draft); },
          [this](const line::Ask& ask) { return proposals_.judge(ask); },
          [this](const std::string& id) { return proposals_.is_judging(id); }};
}

LineReports::Calls Ledger::line_calls() {
  LineReports::Calls calls;
  calls.asked = [this](const Json& answer) { asks_.take(answer); };
  // Nothing is told that may never be in the log.
  calls.standings = [this](std::uint64_t durable) {
    return durable < asks_changed_ ? std::vector<line::Report>() : asks_.due();
  };
  calls.standings_taken = [this](const line::Taken& answer) { asks_.taken(answer); };
  calls.line_is_back = [this] { vendor_updates_.line_is_back(); };
  calls.carry = [this](const ipc::Errand& errand) { return carry(errand); };
  calls.record = [this](const Draft& draft) { append_own(draft); };
  calls.log_key = [this] { return keeper_.log_key(); };
  calls.measured = [this] { return measured_.due(); };
  calls.measured_taken = [this](const line::Taken& answer) { measured_.taken(answer); };
  calls.measured_refused = [this] {
    if (!measured_.refused()) return;
    append_own(Draft{EventType::LinkReportsGivenUp,
                     "gateway",
                     {},
                     "usage",
                     {},
                     Detail().number("count", 1).text("why", "Mission Control does not take its form").done(),
                     false});
  };
  return calls;
}

void Ledger::saw_event(std::uint64_t index, const audit::EventFields& event) {
  notices_.saw(index, event);
  usage_.saw(index, event);
  intake_.saw(event);
  if (event.type == EventType::PermissionChanged) measured_.sharing_changed();
  line_reports_.saw(index, event);
  if (may_move_ask(event.type)) asks_changed_ = index + 1;
  if (event.type == EventType::UpdateStarted) old_artefacts_ = true;
}

bool Ledger::take_measured(const Peer& peer, std::string_view payload) {
  ipc::Measured measured;
  if (!ipc::decode(payload, measured)) return false;
  const auto json = base::parse_json(measured.json, kCommandDepth);
  if (!json.ok() || !json->is_object()) return false;
  if (peer.sender() == Sender::Supervisor) return health_.take_host(*json);
  if (peer.sender() != Sender::Enforcer) return false;
  const auto figures = parse_node_figures(*json);
  if (!figures) return false;
  // Of a node that a reload took away: it was on its way.
  if (health_.take_node(*figures)) usage_.take_node(*figures, health_.terms().usage);
  return true;
}

// "What would be sent now": an answer, and no event.
void Ledger::preview_report(const Asker& asker, const Json& order) {
  const Json preview = measured_.preview(base::json_text_or(order, "kind", ""));
  if (preview.is_null())
    return refuse(asker,
                  {404, "not_found", "there is nothing of that kind: health and usage can be looked at"});
  reply_to(asker, preview, {});
}

Ledger::~Ledger() { *alive_ = false; }

void Ledger::add_channel(Sender sender, std::uint32_t index, base::UniqueFd socket) {
  for (auto& [number, peer] : peers_) {
    if (peer->sender() == sender && peer->index() == index) peer->close();
  }
  const std::uint64_t number = ++last_peer_;
  Peer::Calls calls{
      [this](Peer& peer, ToLedger type, std::string_view payload) { on_frame(peer, type, payload); },
      [this](Peer& peer) {
        peers_gone_ = true;
        outcomes_.enforcer_gone(peer.number());
        enforcer_gone(peer.number());
        tasks_gone(peer.number());
        outcomes_.asker_gone(peer.number());
        if (peer.sender() != Sender::Link) return;
        if (peer.index() == ipc::kAdminLink) return admin_provider_.link_gone();
        witnesses_.link_gone();
        notices_.link_gone();
        line_reports_.link_gone();
        tunnel_gate_.link_gone();
        vendor_updates_.link_gone();
        provider_.link_gone();
      }};
  auto peer = std::make_unique<Peer>(loop_, number, sender, index, std::move(socket), std::move(calls));
  greet(*peer);
  if (sender == Sender::Enforcer) ask_for_jars();
  peers_.emplace(number, std::move(peer));
  if (sender != Sender::Link || index == ipc::kAdminLink) return;
  tunnel_gate_.link_gone();
  look_at_tunnel();
}

// When the tunnel ends, whoever came through it looks to their terminator like a client that went away. So first is cut, and counted,
// what is not allowed any more.
void Ledger::look_at_tunnel() {
  if (!drained_ && outcomes_.settled()) tunnel_gate_.look(state_, clock_.wall());
}

void Ledger::greet(Peer& peer) {
  if (peer.follows()) {
    send_state(peer);
    if (policy_text_ != nullptr) send_policy(peer);
  }
  send_accounts(peer);
  send_intake_tokens(peer);
  send_log_status(peer);
  send_published(peer);
  send_witnessing();  // to those who are there already, if it is news
  send_witnessing(peer);
}

// Not from the calls of a peer: no object dies inside its own callback.
void Ledger::remove_gone() {
  if (!peers_gone_) return;
  peers_gone_ = false;
  for (auto it = peers_.begin(); it != peers_.end();) {
    if (it->second->gone()) {
      loop_.dispose(std::move(it->second));
      it = peers_.erase(it);
    } else {
      ++it;
    }
  }
  advance();
}

void Ledger::on_frame(Peer& peer, ToLedger type, std::string_view payload) {
  if (peer.gone()) return;
  bool fits = false;
  if (type == ToLedger::Append) fits = take_append(peer, payload);
  if (type == ToLedger::Command) fits = take_command(peer, payload);
  if (type == ToLedger::Applied) fits = take_applied(peer, payload);
  if (type == ToLedger::Activity) fits = take_activity(peer, payload);
  if (type == ToLedger::Policy) fits = take_policy_piece(peer, payload);
  if (type == ToLedger::Cookie) fits = take_cookie(peer, payload);
  if (type == ToLedger::Receiving) fits = take_receiving(peer, payload);
  if (type == ToLedger::Measured) fits = take_measured(peer, payload);
  if (type == ToLedger::NodeTaskDone) fits = take_node_task_done(peer, payload);
  if (type == ToLedger::Delivered) fits = take_delivered(peer, payload);
  if (!fits) breach(peer, "a message that it may not send");
}

void Ledger::breach(Peer& peer, std::string_view what) {
  if (peer.gone()) return;
  const std::string why = peer.name() + " sent " + base::printable(what, 120) + ": its channel is closed";
  base::log_error(why);
  Draft draft{EventType::AdminRefused, peer.name(), {}, {}, "refused", {}, false};
  draft.detail = Detail().text("code", "denied").text("why", why).done();
  append_own(draft);
  peer.close();
}

bool Ledger::take_append(Peer& peer, std::string_view payload) {
  ipc::Append append;
  if (!ipc::decode(payload, append)) return false;
  const auto event = audit::read_event_head(append.line);
  if (!event.ok() || !may_append(peer.sender(), event->type)) return false;
  if (recent_.contains(
          event->id)) {  // sent again after a restart of ours; if not durable yet, then below size()
    peer.appended(recorder_.size());
    peer.durable(recorder_.durable());
    return true;
  }
  const bool refusal = append.kind == ipc::AppendKind::Refused;
  const bool room = has_room(refusal ? kNoRefusalsMemory : 0);
  if (!room && !refusal && peer.sender() == Sender::Enforcer) return peer.hold_back(), true;
  if (!room || !recorder_.append(append.line, append.wants_durable, &*event).ok()) {
    ++lost_;
    peer.appended(0);
    return true;
  }
  ipc::count(ipc::Figure::Appends);
  recent_.add(event->id);
  counts_ = recorder_.size();
  saw_event(recorder_.size() - 1, *event);
  peer.appended(recorder_.size());
  count(append);
  return true;
}

bool Ledger::take_command(Peer& peer, std::string_view payload) {
  ipc::Command command;
  if (!ipc::decode(payload, command)) return false;
  auto order = base::parse_json(command.json, kCommandDepth);
  if (!order.ok() || !order->is_object()) return false;
  if (peer.sender() == Sender::Enforcer) (*order)["enforcer"] = peer.index();
  if (!may_command(peer.sender(), base::json_text_or(*order, "command", ""))) {
    breach(peer, "the command " + base::json_text_or(*order, "command", ""));
    return true;
  }
  ipc::count(ipc::Figure::Commands);
  decide(peer, command, *order);
  return true;
}

bool Ledger::take_applied(Peer& peer, std::string_view payload) {
  ipc::Applied applied;
  if (peer.sender() != Sender::Enforcer || !ipc::decode(payload, applied) || applied.version > version_)
    return false;
  outcomes_.applied(peer.number(), applied);
  advance();
  return true;
}

bool Ledger::take_activity(const Peer& peer, std::string_view payload) {
  if (peer.sender() != Sender::Enforcer) return false;
  base::BinaryReader in(payload);
  const std::uint32_t count = in.u32();
  const base::Micros now = clock_.wall();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view session = in.text();
    state_.touch(session, now);
    announcements_.touch(session, now);
  }
  if (!in.done()) return false;
  return true;
}

bool Ledger::take_policy_piece(Peer& peer, std::string_view payload) {
  ipc::PolicyPiece piece;
  return peer.sender() == Sender::Supervisor && ipc::decode(payload, piece) &&
         peer.policy().take(piece.text, piece.last);
}

// Passed on as it came: what a cookie is worth, the enforcers know.
bool Ledger::take_cookie(const Peer& peer, std::string_view payload) {
  ipc::Cookie cookie;
  if (peer.sender() != Sender::Enforcer || !ipc::decode(payload, cookie)) return false;
  for (auto& [number, other] : peers_) {
    if (other->sender() == Sender::Enforcer && number != peer.number())
      other->send_bytes(FromLedger::Cookie, payload);
  }
  return true;
}

// One has come that knows no cookies: the one that has been here for longest tells all of them.
void Ledger::ask_for_jars() {
  for (auto& [number, peer] : peers_) {
    if (peer->sender() != Sender::Enforcer || peer->gone()) continue;
    return peer->send_bytes(FromLedger::Jars, {});
  }
}

// Enforcers alone are asked to say when they have applied it.
void Ledger::tell(const Announcement& announcement, Outcome* outcome) {
  ipc::Change change{++version_, announcement.commanded, announcement.wants_applied, announcement.line,
                     announcement.stop};
  base::BinaryWriter to_enforcers;
  ipc::encode(change, to_enforcers);
  change.wants_applied = false;
  base::BinaryWriter to_consoles;
  ipc::encode(change, to_consoles);
  for (auto& [number, peer] : peers_) {
    if (!peer->follows()) continue;
    const bool enforcer = peer->sender() == Sender::Enforcer;
    peer->send_bytes(FromLedger::Change, enforcer ? to_enforcers.bytes() : to_consoles.bytes());
    if (outcome == nullptr || !announcement.wants_applied || !enforcer || peer->gone()) continue;
    ++outcome->awaited[number];
  }
  if (announcement.about.starts_with("intake:")) tell_intake_tokens();
  if (outcome == nullptr || !announcement.wants_applied) return;
  if (outcome->first_version == 0) outcome->first_version = version_;
  outcome->last_version = version_;
  outcome->enforcers = outcome->awaited.size();
}

bool Ledger::has_room(std::size_t besides) const {
  return recorder_.memory() + kOwnMemory + besides <= kMemory;
}

// The intake is told whom to believe, by the hashes of their tokens, and nothing else of the state.
void Ledger::send_intake_tokens(Peer& peer) {
  if (peer.sender() != Sender::Intake) return;
  Json tokens = Json::array();
  const state::State told = announcements_.told();
  for (const auto& [id, token] : told.intake_tokens()) {
    if (!state_.intake_tokens().contains(id)) continue;
    tokens.push_back({{"id", id},
                      {"name", token.name},
                      {"service", token.service},
                      {"sha256", base::to_hex(token.sha256)},
                      {"expires", token.expires}});
  }
  peer.send(FromLedger::IntakeTokens, ipc::IntakeTokens{base::dump_json(tokens)});
}

void Ledger::tell_intake_tokens() {
  intake_.keep_only(state_.intake_tokens());
  for (auto& [number, peer] : peers_) send_intake_tokens(*peer);
}

void Ledger::send_state(Peer& peer) {
  const std::string json = base::dump_json(announcements_.told().to_json());
  peer.send_pieces(FromLedger::State, json, [this](std::string_view piece, bool last) {
    return ipc::StateSnapshot{version_, last, piece, stop_word_.number()};
  });
}

void Ledger::tell_state() {
  ++version_;
  for (auto& [number, peer] : peers_) {
    if (peer->follows()) send_state(*peer);
  }
  tell_intake_tokens();
}

void Ledger::send_log_status(Peer& peer) {
  if (peer.sender() == Sender::Link) return;  // it is told its errands and nothing else
  peer.send(FromLedger::LogStatus, ipc::LogStatus{recorder_.writable(), recorder_.why()});
}

// For the console's page: how far the log, the disk and the index are.
void Ledger::send_size() {
  const base::Nanos now = clock_.monotonic();
  const ipc::Size size{recorder_.size(), recorder_.durable(), indexer_.indexed()};
  const bool same = size.written == told_size_.written && size.durable == told_size_.durable &&
                    size.indexed == told_size_.indexed;
  if (same || now < size_told_at_ + kSizeEvery) return;
  told_size_ = size;
  size_told_at_ = now;
  for (auto& [number, peer] : peers_) {
    if (peer->sender() == Sender::Console) peer->send(FromLedger::Size, size);
  }
}

// Which events an auditor can verify by now.
void Ledger::send_published() {
  const std::string key = publisher_.signing_key();
  const ipc::Published now{publisher_.published(), publisher_.published_at(), key, publisher_.problem()};
  base::BinaryWriter frame;
  ipc::encode(now, frame);
  if (frame.bytes() == told_published_) return;
  told_published_ = frame.bytes();
  for (auto& [number, peer] : peers_) send_published(*peer);
}

void Ledger::send_published(Peer& peer) {
  if (peer.sender() == Sender::Console && !told_published_.empty())
    peer.send_bytes(FromLedger::Published, told_published_);
}

void Ledger::set_witnessing(Witnessing witnessing) {
  witnesses_.configure(witnessing.witnesses);
  witnessed_logs_ = std::move(witnessing.logs);
}

void Ledger::set_notifications(std::vector<NoticeTarget> targets) {
  notices_.configure(std::move(targets), recorder_.size());
  target_names_ = notices_.names();
}

bool Ledger::carry(const ipc::Errand& errand, std::uint32_t link) {
  for (auto& [number, peer] : peers_) {
    if (peer->sender() != Sender::Link || peer->index() != link || peer->gone()) continue;
    peer->send(FromLedger::Errand, errand);
    return true;
  }
  return false;
}

bool Ledger::take_delivered(const Peer& peer, std::string_view payload) {
  ipc::Delivered delivered;
  if (peer.sender() != Sender::Link || !ipc::decode(payload, delivered)) return false;
  if (peer.index() == ipc::kAdminLink) return admin_provider_.take(delivered);
  if (delivered.id == ipc::kAsksDelivered) return line_reports_.asks_wait(), true;
  if (delivered.id > ProviderAsks::kFirstErrand) return provider_.take(delivered);
  if (delivered.id > Notices::kFirstErrand) return notices_.take(delivered);
  if (delivered.id > LineReports::kFirstErrand) return line_reports_.take(delivered);
  if (delivered.id > TunnelGate::kFirstErrand) return tunnel_gate_.take(delivered);
  // What is handed over is another ledger's to take.
  if (delivered.id > VendorUpdates::kFirstErrand) return drained_ || vendor_updates_.take(delivered);
  return witnesses_.take(delivered);
}

Json Ledger::reports_json() const {
  Json out = line_reports_.status();
  if (!out.is_object()) return out;
  out.update(measured_.status());
  return out;
}

// What status says of witnesses: ours, and the logs whose witness we are.
Json Ledger::witnessing_json() const {
  Json witness = nullptr;
  if (!witnessed_logs_.empty()) {
    Json logs = Json::array();
    for (const certs::VerifierKey& log : witnessed_logs_) {
      Json one{{"origin", log.name}};
      const auto seen = state_.witnessed().find(log.name);
      if (seen != state_.witnessed().end() && seen->second.size > 0) {
        one["size"] = seen->second.size;
        one["time"] = base::format_time(seen->second.at);
      }
      if (seen != state_.witnessed().end() && seen->second.conflict != 0)
        one["conflict"] = base::format_time(seen->second.conflict);
      logs.push_back(std::move(one));
    }
    witness = {{"verifier_key", keeper_.witness_key()}, {"logs", std::move(logs)}};
  }
  return {{"witnesses", witnesses_.status()},   {"witness", std::move(witness)},
          {"notifications", notices_.status()}, {"reports", reports_json()},
          {"measured", health_.status()},       {"calendar", calendar_.status()}};
}

void Ledger::send_witnessing() {
  const std::string now = base::dump_json(witnessing_json());
  if (now == told_witnessing_) return;
  told_witnessing_ = now;
  for (auto& [number, peer] : peers_) send_witnessing(*peer);
}

void Ledger::send_witnessing(Peer& peer) {
  if (peer.sender() == Sender::Console && !told_witnessing_.empty())
    peer.send(FromLedger::Witnessing, ipc::Witnessing{told_witnessing_});
}

}  // namespace postern::ledger
