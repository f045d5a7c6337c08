// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/intake/ledger_client.h"

#include "base/log.h"
#include "gateway/loop/dispose_later.h"

namespace postern::intake {
namespace {

constexpr ipc::SocketChannelLimits kLimits{ipc::kLedgerFrame, 16U << 20U};
constexpr base::Nanos kLook = base::kSecond;

LedgerClient::Answer cannot_now(std::string_view why) {
  return {false, 503, {{"code", "log_unavailable"}, {"message", why}}};
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
  // The channel that is replaced may be the one whose callback is running: it dies after this turn.
  loop::dispose_later(loop_, std::move(channel_));
  channel_ = std::make_unique<ipc::SocketChannel>(
      loop_, std::move(socket), kLimits,
      [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) { take(type, payload); },
      [this, generation](const base::Error& why) {
        if (generation == generation_) lost("the ledger is gone: " + why.message);
      });
}

// Whether the command took effect is unknown.
void LedgerClient::lost(const std::string& why) {
  writable_ = false;
  reason_ = why;
  for (auto& [id, pending] : std::exchange(pending_, {}))
    answer_later(std::move(pending.done),
                 cannot_now("the ledger went away before it answered: send the batch again"));
}

void LedgerClient::expire() {
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (it->second.due > loop_.now()) {
      ++it;
      continue;
    }
    answer_later(std::move(it->second.done),
                 cannot_now("the ledger did not answer in time: send the batch again"));
    it = pending_.erase(it);
  }
}

void LedgerClient::command(const base::Json& command, Done done) {
  if (!writable()) return answer_later(std::move(done), cannot_now(reason_));
  if (pending_.size() >= kMostCommands)
    return answer_later(std::move(done), cannot_now("too much is under way: send the batch again"));
  const std::string text = base::dump_json(command);
  base::BinaryWriter out;
  encode(ipc::Command{++last_command_, text}, out);
  pending_.emplace(last_command_, Pending{std::move(done), loop_.now() + kPatience});
  channel_->send(static_cast<std::uint16_t>(ipc::ToLedger::Command), out.bytes());
}

void LedgerClient::take(std::uint16_t type, std::string_view payload) {
  bool sound = false;
  if (type == static_cast<std::uint16_t>(ipc::FromLedger::Reply)) sound = take_reply(payload);
  if (type == static_cast<std::uint16_t>(ipc::FromLedger::IntakeTokens)) sound = take_tokens(payload);
  if (type == static_cast<std::uint16_t>(ipc::FromLedger::Witnessing))
    sound = true;  // told to all; nothing to us
  if (type == static_cast<std::uint16_t>(ipc::FromLedger::LogStatus)) {
    ipc::LogStatus status;
    sound = decode(payload, status);
    writable_ = sound && status.writable;
    reason_ = status.reason;
  }
  if (sound) return;
  channel_->close();
  base::log_error("the ledger broke its protocol: its channel is closed");
  lost("the ledger broke its protocol");
}

bool LedgerClient::take_tokens(std::string_view payload) {
  ipc::IntakeTokens tokens;
  if (!decode(payload, tokens)) return false;
  const auto json = base::parse_json(tokens.json);
  return json.ok() && (!on_tokens_ || on_tokens_(*json));
}

bool LedgerClient::take_reply(std::string_view payload) {
  ipc::Reply reply;
  if (!decode(payload, reply)) return false;
  auto found = pending_.extract(reply.id);
  if (found.empty()) return true;  // it came after we had given up
  auto json = base::parse_json(reply.json);
  if (!json.ok() || !json->is_object()) return false;
  const auto status = static_cast<int>(base::json_number_or(*json, "status", 422));
  const int failed = status >= 400 && status <= 599 ? status : 422;
  answer_later(std::move(found.mapped().done), {reply.ok, reply.ok ? 200 : failed, *std::move(json)});
  return true;
}

}  // namespace postern::intake
