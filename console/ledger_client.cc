// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/ledger_client.h"

#include <utility>

#include "audit/event_line.h"
#include "base/crypto.h"
#include "base/log.h"
#include "gateway/loop/dispose_later.h"

namespace postern::console {
namespace {

constexpr ipc::SocketChannelLimits kLimits{ipc::kLedgerFrame, 16U << 20U};
constexpr base::Nanos kLook = base::kSecond;  // between two looks for commands that were not answered

LedgerClient::Answer cannot_now(std::string_view why) {
  return {false, 503, {{"code", "log_unavailable"}, {"message", why}, {"status", 503}}};
}

}  // namespace

LedgerClient::LedgerClient(loop::Loop& loop)
    : loop_(loop), timer_(loop, [this] { expire(); }), hook_(loop.at_turn_end(loop::Stage::Record, [this] {
        if (ready_.empty()) return false;
        for (auto& [done, answer] : std::exchange(ready_, {})) done(answer);
        return true;
      })) {
  timer_.start(kLook, kLook);
}

LedgerClient::~LedgerClient() = default;

void LedgerClient::connect(base::UniqueFd socket) {
  if (channel_ != nullptr) channel_->close();
  lost("the ledger is being restarted");
  const std::uint64_t generation = ++generation_;
  acked_ = 0;
  // The channel that is replaced may be the one whose callback is running: it dies after this turn.
  loop::dispose_later(loop_, std::move(channel_));
  channel_ = std::make_unique<ipc::SocketChannel>(
      loop_, std::move(socket), kLimits,
      [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) { take(type, payload); },
      [this, generation](const base::Error& why) {
        if (generation == generation_) lost("the ledger is gone: " + why.message);
      });
  for (const std::string& line : unacked_) send_note(line);
}

std::string LedgerClient::reason() const {
  if (writable()) return {};
  return reason_.empty() ? "the ledger has not said yet whether the log can be written" : reason_;
}

std::optional<base::Micros> LedgerClient::policy_loaded() const {
  if (policy_ == nullptr || policy_->hash() != state_.policy_hash()) return std::nullopt;
  return state_.policy_changed();
}

void LedgerClient::lost(const std::string& why) {
  complete_ = false;
  writable_ = false;
  reason_ = why;
  state_pieces_.clear();
  policy_pieces_.clear();
  account_pieces_.clear();
  accepted_text_.reset();
  fail_pending();
  if (on_change_) on_change_();
}

// Whether the command took effect is unknown: the sentence must not say that it did not.
void LedgerClient::fail_pending() {
  for (auto& [id, pending] : std::exchange(pending_, {})) {
    answer_later(
        std::move(pending.done),
        cannot_now("the ledger went away before it answered; look at the state before trying again"));
  }
}

void LedgerClient::expire() {
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (it->second.due > loop_.now()) {
      ++it;
      continue;
    }
    answer_later(std::move(it->second.done),
                 cannot_now("the ledger did not answer in time; look at the state before trying again"));
    it = pending_.erase(it);
  }
}

void LedgerClient::answer_later(Done done, Answer answer) {
  ready_.emplace_back(std::move(done), std::move(answer));
}

void LedgerClient::command(const base::Json& command, Done done) {
  if (!up()) return answer_later(std::move(done), cannot_now(reason()));
  if (pending_.size() >= kMostCommands)
    return answer_later(std::move(done), cannot_now("too many commands are under way"));
  const std::string text = base::dump_json(command);
  base::BinaryWriter out;
  encode(ipc::Command{++last_command_, text}, out);
  const bool outside = base::json_text_or(command, "command", "").starts_with("admin_openid.");
  const base::Nanos patience = outside ? kProviderTimeout : kCommandTimeout;
  pending_.emplace(last_command_, Pending{std::move(done), loop_.now() + patience});
  channel_->send(static_cast<std::uint16_t>(ipc::ToLedger::Command), out.bytes());
}

bool LedgerClient::note(const Note& note) {
  if (unacked_.size() >= kMostUnacked) return false;
  const base::Micros now = loop_.wall();
  audit::EventHead head;
  head.type = note.type;
  head.actor = note.actor;
  head.subject = note.subject;
  head.outcome = note.outcome;
  head.policy = state_.policy_hash();
  const std::string line = audit::event_line(ulids_.make(now), now, head, note.detail);
  unacked_.push_back(line);
  send_note(line);
  return true;
}

void LedgerClient::send_note(const std::string& line) {
  if (channel_ == nullptr || !channel_->open()) return;
  ipc::Append append;
  append.line = line;
  base::BinaryWriter out;
  encode(append, out);
  channel_->send(static_cast<std::uint16_t>(ipc::ToLedger::Append), out.bytes());
}

void LedgerClient::take(std::uint16_t type, std::string_view payload) {
  bool sound = false;
  switch (static_cast<ipc::FromLedger>(type)) {
    case ipc::FromLedger::State:
      sound = take_state(payload);
      break;
    case ipc::FromLedger::Change:
      sound = take_change(payload);
      break;
    case ipc::FromLedger::Policy:
      sound = take_policy(payload, false);
      break;
    case ipc::FromLedger::AcceptedPolicy:
      sound = take_policy(payload, true);
      break;
    case ipc::FromLedger::Acked:
      sound = take_acked(payload);
      break;
    case ipc::FromLedger::Reply:
      sound = take_reply(payload);
      break;
    case ipc::FromLedger::LogStatus: {
      ipc::LogStatus status;
      sound = decode(payload, status);
      writable_ = sound && status.writable;
      reason_ = status.reason;
      if (sound && on_change_) on_change_();
      break;
    }
    case ipc::FromLedger::Size: {
      sound = decode(payload, size_);
      if (sound && on_growth_) on_growth_();
      break;
    }
    case ipc::FromLedger::Accounts:
      sound = take_accounts(payload);
      break;
    case ipc::FromLedger::Cookie:
    case ipc::FromLedger::Jars:
      break;  // the enforcers' alone
    case ipc::FromLedger::IntakeTokens:
      break;  // the intake's alone
    case ipc::FromLedger::NodeTask:
    case ipc::FromLedger::Errand:
      break;  // the link's alone
    case ipc::FromLedger::Witnessing:
      sound = take_witnessing(payload);
      break;
    case ipc::FromLedger::Published: {
      ipc::Published published;
      sound = decode(payload, published);
      published_ = {published.size, published.at, std::string(published.verifier_key),
                    std::string(published.problem)};
      break;
    }
  }
  if (sound) return;
  channel_->close();
  base::log_error("the ledger broke its protocol: its channel is closed");
  lost("the ledger broke its protocol");
}

bool LedgerClient::take_state(std::string_view payload) {
  ipc::StateSnapshot piece;
  if (!decode(payload, piece) || !state_pieces_.take(piece.json, piece.last)) return false;
  if (!state_pieces_.whole()) return true;
  const base::Result<base::Json> json = base::parse_json(state_pieces_.take_whole());
  if (!json.ok()) return false;
  base::Result<state::State> state = state::State::from_json(*json);
  if (!state.ok()) return false;
  state_ = std::move(*state);
  version_ = piece.version;
  complete_ = true;
  if (on_change_) on_change_();
  return true;
}

bool LedgerClient::take_change(std::string_view payload) {
  ipc::Change change;
  if (!decode(payload, change)) return false;
  const base::Result<base::Json> event = base::parse_json(change.line);
  if (!event.ok()) return false;
  state_.apply(*event);
  version_ = change.version;
  if (on_change_) on_change_();
  return true;
}

bool LedgerClient::take_policy(std::string_view payload, bool accepted) {
  ipc::PolicyPiece piece;
  if (!decode(payload, piece) || !policy_pieces_.take(piece.text, piece.last)) return false;
  if (!policy_pieces_.whole()) return true;
  std::string text = policy_pieces_.take_whole();
  if (accepted) {
    accepted_text_ = std::move(text);
    return true;
  }
  const std::optional<std::string> before = std::exchange(accepted_text_, std::nullopt);
  policy::ParsedPolicy parsed = policy::parse_policy(text);
  if (parsed.policy == nullptr) return false;  // the ledger never spreads one with faults
  policy_ = std::move(parsed.policy);
  policy_text_ = std::move(text);
  waits_ = before.has_value();
  accepted_ = before ? policy::parse_policy(*before).policy : nullptr;
  if (on_change_) on_change_();
  return true;
}

bool LedgerClient::take_witnessing(std::string_view payload) {
  ipc::Witnessing witnessing;
  if (!decode(payload, witnessing)) return false;
  base::Result<base::Json> json = base::parse_json(witnessing.json);
  if (!json.ok() || !json->is_object()) return false;
  witnessing_ = std::move(*json);
  return true;
}

bool LedgerClient::take_accounts(std::string_view payload) {
  ipc::AccountsPiece piece;
  if (!decode(payload, piece) || !account_pieces_.take(piece.text, piece.last)) return false;
  if (!account_pieces_.whole()) return true;
  std::string text = account_pieces_.take_whole();
  auto parsed = accounts::parse_accounts(text);
  base::wipe(text);
  if (!parsed.ok()) return false;
  accounts_ = std::move(parsed->accounts);
  accounts_known_ = true;
  if (on_accounts_) on_accounts_();
  if (on_change_) on_change_();
  return true;
}

bool LedgerClient::take_acked(std::string_view payload) {
  ipc::Acked acked;
  if (!decode(payload, acked) || acked.count < acked_ || acked.count - acked_ > unacked_.size()) return false;
  unacked_.erase(unacked_.begin(), unacked_.begin() + static_cast<std::ptrdiff_t>(acked.count - acked_));
  acked_ = acked.count;
  return true;
}

bool LedgerClient::take_reply(std::string_view payload) {
  ipc::Reply reply;
  if (!decode(payload, reply)) return false;
  auto found = pending_.extract(reply.id);
  if (found.empty()) return true;  // it came after we had given up
  base::Result<base::Json> json = base::parse_json(reply.json);
  if (!json.ok() || !json->is_object()) return false;
  const auto status = static_cast<int>(base::json_number_or(*json, "status", 422));
  const bool is_failure_status = status >= 400 && status <= 599;
  answer_later(std::move(found.mapped().done), {reply.ok,
                                                reply.ok            ? 200
                                                : is_failure_status ? status
                                                                    : 422,
                                                std::move(*json)});
  return true;
}

answer::Response LedgerClient::unavailable() const {
  return answer::problem(base::Refusal::LogUnavailable, reason());
}

void LedgerClient::order(std::string_view name, base::Json arguments, Done done) {
  arguments["command"] = "admin." + std::string(name);
  command(arguments, std::move(done));
}

bool LedgerClient::note(const face::Note& note) {
  const auto type = audit::event_type_from_name("admin." + std::string(note.event));
  POSTERN_CHECK(type.has_value());
  return this->note(Note{*type, note.actor, note.subject, note.outcome, note.detail});
}

}  // namespace postern::console
