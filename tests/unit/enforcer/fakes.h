// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A ledger that a test plays by hand, over the real protocol.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/loop/loop.h"

namespace postern::enforcer {

template <typename Condition>
[[nodiscard]] bool turn_until(loop::Loop& loop, Condition condition, int turns = 30'000) {
  for (int i = 0; i < turns; ++i) {
    if (condition()) return true;
    loop.turn();
  }
  return condition();
}

struct FakeLedger {
  FakeLedger(loop::Loop& loop, base::UniqueFd socket)
      : channel(std::make_unique<ipc::SocketChannel>(
            loop, std::move(socket), ipc::SocketChannelLimits{ipc::kLedgerFrame, 64U << 20U},
            [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) {
              take(type, payload);
            },
            [this](const base::Error&) { closed = true; })) {}

  void take(std::uint16_t type, std::string_view payload) {
    ipc::Append append;
    ipc::Command command;
    ipc::Applied done;
    ipc::NodeTaskDone task_done;
    switch (static_cast<ipc::ToLedger>(type)) {
      case ipc::ToLedger::Append:
        ASSERT_TRUE(ipc::decode(payload, append));
        lines.emplace_back(append.line);
        wants_durable = wants_durable || append.wants_durable;
        if (append.kind == ipc::AppendKind::Completed) response_bytes.push_back(append.response_bytes);
        return;
      case ipc::ToLedger::Command:
        ASSERT_TRUE(ipc::decode(payload, command));
        commands.emplace_back(command.id, std::string(command.json));
        return;
      case ipc::ToLedger::Applied:
        ASSERT_TRUE(ipc::decode(payload, done));
        applied.push_back(done);
        return;
      case ipc::ToLedger::NodeTaskDone:
        ASSERT_TRUE(ipc::decode(payload, task_done));
        tasks_done.emplace_back(task_done.id, base::parse_json(task_done.json).value());
        return;
      case ipc::ToLedger::Activity:
      case ipc::ToLedger::Measured:
        return;
      case ipc::ToLedger::Cookie:
        cookies.emplace_back(payload);
        return;
      case ipc::ToLedger::Receiving: {
        ipc::Receiving told;
        ASSERT_TRUE(ipc::decode(payload, told));
        receiving.push_back(told.bytes);
        return;
      }
      case ipc::ToLedger::Policy:
      case ipc::ToLedger::Delivered:
        break;  // the supervisor's, the link's
    }
    FAIL() << "frame " << type;
  }
  template <typename Message>
  void send(ipc::FromLedger type, const Message& message) {
    base::BinaryWriter out;
    ipc::encode(message, out);
    channel->send(static_cast<std::uint16_t>(type), out.bytes());
  }
  void log_status(bool writable, std::string_view reason = {}) {
    send(ipc::FromLedger::LogStatus, ipc::LogStatus{writable, reason});
  }
  void acked(std::uint64_t count) { send(ipc::FromLedger::Acked, ipc::Acked{count}); }
  void reply(std::uint64_t id, bool ok, std::string_view json, std::string_view event = {}) {
    send(ipc::FromLedger::Reply, ipc::Reply{id, ok, json, event});
  }
  // The events of a type, in order.
  std::vector<base::Json> events(std::string_view type) const {
    std::vector<base::Json> found;
    for (const std::string& line : lines) {
      auto json = base::parse_json(line);
      if (json.ok() && base::json_text_or(*json, "type", "") == type) found.push_back(std::move(*json));
    }
    return found;
  }

  std::vector<std::string> lines;
  std::vector<std::pair<std::uint64_t, std::string>> commands;
  std::vector<ipc::Applied> applied;
  std::vector<std::pair<std::uint64_t, base::Json>> tasks_done;
  std::vector<std::string> cookies;           // frames
  std::vector<std::uint64_t> receiving;       // bytes
  std::vector<std::uint64_t> response_bytes;  // counted with each exchange.completed
  bool wants_durable = false;
  bool closed = false;
  std::unique_ptr<ipc::SocketChannel> channel;
};

}  // namespace postern::enforcer
