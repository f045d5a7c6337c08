// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/ledger_client.h"

#include <algorithm>

#include "audit/event.h"
#include "base/check.h"
#include "base/log.h"
#include "gateway/ipc/figures.h"
#include "gateway/loop/dispose_later.h"

namespace postern::enforcer {
namespace {

// Sessions told in one Activity frame: far below a frame's limit.
constexpr std::size_t kMostActive = 10'000;

}  // namespace

LedgerClient::LedgerClient(loop::Loop& loop, LedgerListener& listener)
    : loop_(loop), listener_(listener), activity_timer_(loop, [this] { tell_activity(); }) {
  activity_timer_.start(kActivityEvery, kActivityEvery);
}

void LedgerClient::set_channel(base::UniqueFd socket) {
  if (channel_) on_closed(base::fail(base::Code::Closed, "the ledger was restarted"));
  reason_ = "the ledger has not told its state yet";
  state_pieces_.clear();
  policy_pieces_.clear();
  accepted_policy_.reset();
  channel_ = std::make_unique<ipc::SocketChannel>(
      loop_, std::move(socket), ipc::SocketChannelLimits{ipc::kLedgerFrame, kMostRetained * 4},
      [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) {
        on_frame(type, payload);
      },
      [this](const base::Error& why) { on_closed(why); });
  channel_base_ = retained_.empty() ? last_number_ : retained_.front().number - 1;
  std::string_view rest = retained_bytes_.view();
  for (const Retained& event : retained_) {
    send(ipc::ToLedger::Append, rest.substr(0, event.size));
    rest.remove_prefix(event.size);
  }
}

void LedgerClient::on_closed(const base::Error& why) {
  base::log_warning("the ledger is gone: " + why.message);
  reason_ = "the ledger is being restarted";
  channel_->close();  // what it said after this would be counted for its successor
  loop::dispose_later(loop_, std::move(channel_));
  auto unanswered = std::exchange(commands_, {});
  for (auto& [id, then] : unanswered)
    then({base::fail(base::Code::Unavailable, "the ledger is being restarted"), {}});
}

std::string LedgerClient::unavailable() const {
  if (!channel_ || !reason_.empty()) return reason_.empty() ? "the ledger is not there" : reason_;
  if (retained_bytes_.size() > kMostRetained) return "the ledger does not keep up";
  return {};
}

void LedgerClient::send(ipc::ToLedger type, std::string_view payload) {
  if (channel_) channel_->send(static_cast<std::uint16_t>(type), payload);
}

std::uint64_t LedgerClient::append(const ipc::Append& event) {
  // The ledger would end the channel for it, and each channel after, since it were sent again on them.
  if (event.line.size() > audit::kEventLimit) {
    base::log_error("an event of " + std::to_string(event.line.size()) +
                    " bytes is longer than one may be and is not recorded: " + std::to_string(++lost_) +
                    " since the start");
    return kNever;
  }
  if (event.kind == ipc::AppendKind::Refused && retained_bytes_.size() > 2 * kMostRetained) {
    if (dropped_++ == 0) base::log_error("the ledger is away for too long: refusals are no longer recorded");
    return last_number_;
  }
  ipc::encode(event, out_);
  retained_.push_back({++last_number_, out_.bytes().size()});
  POSTERN_CHECK(retained_bytes_.write(out_.bytes()));
  ipc::level(ipc::Figure::RecordsWaiting, retained_bytes_.size());
  send(ipc::ToLedger::Append, out_.bytes());
  return last_number_;
}

void LedgerClient::when_durable(std::uint64_t number, std::uint64_t key, std::function<void()> then) {
  waiters_.emplace(number, Waiter{key, std::move(then)});
}

void LedgerClient::cancel(std::uint64_t key) {
  std::erase_if(waiters_, [&](const auto& entry) { return entry.second.key == key; });
}

void LedgerClient::command(base::Json command, Answered then) {
  if (!channel_) return then({base::fail(base::Code::Unavailable, reason_), {}});
  const std::string text = base::dump_json(command);
  commands_.emplace(++last_command_, std::move(then));
  ipc::encode(ipc::Command{last_command_, text}, out_);
  send(ipc::ToLedger::Command, out_.bytes());
}

void LedgerClient::applied(const ipc::Applied& applied) {
  ipc::encode(applied, out_);
  send(ipc::ToLedger::Applied, out_.bytes());
}

void LedgerClient::receiving(const ipc::Receiving& receiving) {
  ipc::encode(receiving, out_);
  send(ipc::ToLedger::Receiving, out_.bytes());
}

void LedgerClient::measured(const std::string& json) {
  if (json.size() > ipc::kMeasuredFrame) return;
  ipc::encode(ipc::Measured{json}, out_);
  send(ipc::ToLedger::Measured, out_.bytes());
}

void LedgerClient::node_task_done(std::uint64_t id, const base::Json& answer) {
  const std::string json = base::dump_json(answer);
  if (json.size() > ipc::kNodeTaskFrame) return;
  ipc::encode(ipc::NodeTaskDone{id, json}, out_);
  send(ipc::ToLedger::NodeTaskDone, out_.bytes());
}

// At once: the session's next request may come in elsewhere.
void LedgerClient::cookie(const ipc::Cookie& cookie) {
  ipc::encode(cookie, out_);
  if (out_.bytes().size() > ipc::kCookieFrame) return;
  send(ipc::ToLedger::Cookie, out_.bytes());
  if (channel_) channel_->flush();
}

void LedgerClient::tell_activity() {
  listener_.on_activity_due();
  while (!active_.empty() && channel_) {
    base::BinaryWriter out;
    const std::size_t count = std::min(active_.size(), kMostActive);
    out.u32(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) out.text(active_.extract(active_.begin()).value());
    send(ipc::ToLedger::Activity, out.bytes());
  }
}

void LedgerClient::on_frame(std::uint16_t type, std::string_view payload) {
  if (take(static_cast<ipc::FromLedger>(type), payload)) return;
  base::log_error("the ledger sent a frame that cannot be read: type " + std::to_string(type));
  channel_->close();
  on_closed(base::fail(base::Code::Invalid, "it broke the protocol"));
}

bool LedgerClient::take(ipc::FromLedger type, std::string_view payload) {
  switch (type) {
    case ipc::FromLedger::State:
      return take_state(payload);
    case ipc::FromLedger::Policy:
      return take_policy(payload, false);
    case ipc::FromLedger::AcceptedPolicy:
      return take_policy(payload, true);
    case ipc::FromLedger::Change:
      return take_change(payload);
    case ipc::FromLedger::Acked:
      return take_acked(payload);
    case ipc::FromLedger::Reply:
      return take_reply(payload);
    case ipc::FromLedger::Size:
    case ipc::FromLedger::Accounts:
    case ipc::FromLedger::Published:
    case ipc::FromLedger::Witnessing:
      return true;  // the console's
    case ipc::FromLedger::IntakeTokens:
    case ipc::FromLedger::Errand:
      return false;  // the link's
    case ipc::FromLedger::Cookie: {
      ipc::Cookie cookie;
      if (!ipc::decode(payload, cookie)) return false;
      listener_.on_cookie(cookie);
      return true;
    }
    case ipc::FromLedger::NodeTask: {
      ipc::NodeTask task;
      if (!ipc::decode(payload, task)) return false;
      listener_.on_node_task(task);
      return true;
    }
    case ipc::FromLedger::Jars:
      listener_.on_jars_wanted();
      return payload.empty();
    case ipc::FromLedger::LogStatus: {
      ipc::LogStatus status;
      if (!ipc::decode(payload, status)) return false;
      reason_ = status.writable ? "" : "the log cannot be written: " + std::string(status.reason);
      return true;
    }
  }
  return false;
}

bool LedgerClient::take_state(std::string_view payload) {
  ipc::StateSnapshot piece;
  if (!ipc::decode(payload, piece) || !state_pieces_.take(piece.json, piece.last)) return false;
  if (!state_pieces_.whole()) return true;
  const auto state = base::parse_json(state_pieces_.take_whole());
  if (!state.ok()) return false;
  listener_.on_state(piece, *state);
  return true;
}

bool LedgerClient::take_policy(std::string_view payload, bool accepted) {
  ipc::PolicyPiece piece;
  if (!ipc::decode(payload, piece) || !policy_pieces_.take(piece.text, piece.last)) return false;
  if (!policy_pieces_.whole()) return true;
  if (accepted) {
    accepted_policy_ = policy_pieces_.take_whole();
    return true;
  }
  const std::optional<std::string> before = std::exchange(accepted_policy_, std::nullopt);
  listener_.on_policy(policy_pieces_.take_whole(), before ? &*before : nullptr);
  return true;
}

bool LedgerClient::take_change(std::string_view payload) {
  ipc::Change change;
  if (!ipc::decode(payload, change)) return false;
  const auto event = base::parse_json(change.line);
  if (!event.ok()) return false;
  listener_.on_change(change, *event);
  return true;
}

bool LedgerClient::take_acked(std::string_view payload) {
  ipc::Acked acked;
  if (!ipc::decode(payload, acked)) return false;
  const std::uint64_t durable = channel_base_ + acked.count;
  if (durable > last_number_) return false;
  while (!retained_.empty() && retained_.front().number <= durable) {
    retained_bytes_.consume(retained_.front().size);
    retained_.pop_front();
  }
  ipc::level(ipc::Figure::RecordsWaiting, retained_bytes_.size());
  if (dropped_ > 0 && retained_bytes_.size() <= kMostRetained)
    base::log_error("refusals that were not recorded: " + std::to_string(std::exchange(dropped_, 0)));
  while (!waiters_.empty() && waiters_.begin()->first <= durable) {
    auto waiter = waiters_.extract(waiters_.begin());
    waiter.mapped().then();
  }
  return true;
}

bool LedgerClient::take_reply(std::string_view payload) {
  ipc::Reply reply;
  if (!ipc::decode(payload, reply)) return false;
  auto command = commands_.extract(reply.id);
  if (command.empty()) return true;  // its asker gave up with an earlier channel
  auto json = base::parse_json(reply.json);
  if (!json.ok()) return false;
  const std::string event(reply.event);
  if (reply.ok) {
    command.mapped()({std::move(*json), event});
  } else {
    command.mapped()({base::fail(base::Code::Denied, base::Side::Client, base::dump_json(*json)), event});
  }
  return true;
}

}  // namespace postern::enforcer
