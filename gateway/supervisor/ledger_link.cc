// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/ledger_link.h"

#include <utility>

#include "audit/detail.h"
#include "audit/event_line.h"
#include "base/log.h"
#include "gateway/ipc/pieces.h"

namespace postern::supervisor {
namespace {

// Two policies may wait: one that is repeated and one that is new.
constexpr ipc::SocketChannelLimits kLimits{ipc::kLedgerFrame,
                                           4 * ipc::kLedgerFrame + 2 * ipc::kLargestPolicy};

}  // namespace

LedgerLink::LedgerLink(loop::Loop& loop) : loop_(loop) {}
LedgerLink::~LedgerLink() = default;

void LedgerLink::attach(base::UniqueFd socket) {
  lost();
  channel_ = std::make_unique<ipc::SocketChannel>(
      loop_, std::move(socket), kLimits,
      [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) {
        on_frame(static_cast<ipc::FromLedger>(type), payload);
      },
      [this](const base::Error&) { lost(); });
  confirmed_ = 0;
  for (const std::string& line : unconfirmed_) send_append(line);
}

// The channel object stays until the next attach(): this may run inside one of its own calls.
void LedgerLink::lost() {
  const LedgerReply gone{false,
                         {{"code", "log_unavailable"}, {"message", "the ledger is gone"}, {"status", 503}}};
  for (const auto& [id, on_reply] : std::exchange(waiting_, {})) on_reply(gone);
}

void LedgerLink::append(audit::EventType type, std::string_view actor, std::string_view subject,
                        const base::Json& detail, std::optional<audit::Severity> severity) {
  const base::Micros now = loop_.wall();
  audit::EventHead head;
  head.type = type;
  head.actor = actor;
  head.subject = subject;
  if (severity) head.severity = *severity;
  std::string line = audit::event_line(ids_.make(now), now, head, audit::as_detail(detail));
  if (unconfirmed_.size() == kMostEventsKept) {
    base::log_warning("an event about the gateway itself is lost: the ledger has been away for too long");
    unconfirmed_.pop_front();
    ++confirmed_;  // it was sent on this channel, so it will be counted
  }
  unconfirmed_.push_back(std::move(line));
  send_append(unconfirmed_.back());
}

void LedgerLink::send_append(const std::string& line) {
  if (channel_ == nullptr || !channel_->open()) return;
  ipc::Append append;
  append.line = line;
  base::BinaryWriter out;
  encode(append, out);
  channel_->send(static_cast<std::uint16_t>(ipc::ToLedger::Append), out.bytes());
}

void LedgerLink::measured(const base::Json& figures) {
  if (channel_ == nullptr || !channel_->open()) return;
  const std::string text = base::dump_json(figures);
  if (text.size() > ipc::kMeasuredFrame) return;
  base::BinaryWriter out;
  encode(ipc::Measured{text}, out);
  channel_->send(static_cast<std::uint16_t>(ipc::ToLedger::Measured), out.bytes());
}

void LedgerLink::put_policy(std::string_view text, const base::Json& order, OnReply on_reply) {
  base::BinaryWriter out;
  ipc::in_pieces(text, ipc::kLedgerPiece, [&](std::string_view piece, bool last) {
    if (channel_ == nullptr || !channel_->open()) return;
    encode(ipc::PolicyPiece{last, piece}, out);
    channel_->send(static_cast<std::uint16_t>(ipc::ToLedger::Policy), out.bytes());
  });
  command(order, std::move(on_reply));
}

void LedgerLink::command(const base::Json& order, OnReply on_reply) {
  const std::uint64_t id = ++last_id_;
  const std::string text = base::dump_json(order);
  ipc::Command command;
  command.id = id;
  command.json = text;
  base::BinaryWriter out;
  encode(command, out);
  const bool sent = channel_ != nullptr && channel_->open() && out.bytes().size() <= kLimits.frame &&
                    channel_->send(static_cast<std::uint16_t>(ipc::ToLedger::Command), out.bytes());
  waiting_.emplace(id, std::move(on_reply));
  if (!sent) lost();
}

void LedgerLink::on_frame(ipc::FromLedger type, std::string_view payload) {
  if (type == ipc::FromLedger::Reply) return on_reply(payload);
  if (type != ipc::FromLedger::Acked) return;  // state and policy concern the supervisor no further
  ipc::Acked acked;
  if (decode(payload, acked)) on_acked(acked.count);
}

void LedgerLink::on_acked(std::uint64_t count) {
  for (; confirmed_ < count && !unconfirmed_.empty(); ++confirmed_) unconfirmed_.pop_front();
}

void LedgerLink::on_reply(std::string_view payload) {
  ipc::Reply reply;
  if (!decode(payload, reply)) return;
  auto found = waiting_.extract(reply.id);
  if (found.empty()) return;
  base::Result<base::Json> json = base::parse_json(reply.json);
  if (!json.ok())
    return found.mapped()(
        {false, {{"code", "internal"}, {"message", json.error().message}, {"status", 500}}});
  found.mapped()({reply.ok, std::move(json).value()});
}

}  // namespace postern::supervisor
