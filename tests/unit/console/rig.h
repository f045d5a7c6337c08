// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A console with everything but its process: a real loop, a real ledger channel with the test at its other
// end, a supervisor that answers at once, and one page as its assets.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "console/parts.h"
#include "console/site.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/ledger/provider_asks.h"
#include "tests/unit/state/sample_policy.h"

namespace postern::console {

inline constexpr const char* kPassword = "correct horse battery";

// The other end of the ledger channel: real frames, and what the console sent.
class FakeLedger {
 public:
  explicit FakeLedger(loop::Loop& loop) : loop_(loop) {}
  base::UniqueFd open();  // the console's end
  void close() { channel_.reset(); }
  void send_state(const state::State& state);
  void send_policy(const std::string& text);
  void send_accounts(const accounts::Accounts& now);
  void send_log_status(bool writable, const std::string& reason = {});
  void send_change(const std::string& line);
  void send_acked(std::uint64_t count);
  void send_size(std::uint64_t size);
  void send_published(const ipc::Published& published);
  void send_witnessing(std::string_view json);
  void reply(std::uint64_t id, bool ok, const base::Json& json);
  void send_raw(std::uint16_t type, std::string_view payload) { channel_->send(type, payload); }

  struct Command {
    std::uint64_t id = 0;
    base::Json json;
  };
  std::vector<Command> commands;  // but those about accounts, which are done
  accounts::Accounts accounts;
  std::vector<base::Json> events;  // appended by the console
  std::vector<std::string> lines;
  // Of the admins' provider: what it answers to admin_openid.*.
  ledger::OpenIdTerms provider;
  base::Json provider_says;
  // Once, before the next order about accounts is decided: what somebody else had ordered.
  std::function<void(accounts::Accounts& accounts)> meanwhile;
  // Answers each command as it comes.
  std::function<base::Json(const base::Json& command)> answer;

 private:
  void take(std::uint16_t type, std::string_view payload);
  void change_accounts(std::uint64_t id, const base::Json& order);
  loop::Loop& loop_;
  std::unique_ptr<ipc::SocketChannel> channel_;
  std::uint64_t version_ = 0;
};

class Rig : public ::testing::Test {
 protected:
  Rig();
  ~Rig() override;

  // Turns the loop until done() or for far longer than anything here takes.
  bool turn_until(const std::function<bool()>& done);
  void connect_ledger();

  struct Ask {
    http::Method method = http::Method::Get;
    std::string target = {};
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> fields = {};
    std::string client = "192.0.2.7:50123";
    bool local = false;
  };
  std::shared_ptr<Call> make_call(const Ask& ask);
  Response answer(const Ask& ask);  // waits for it
  // A change as the console's own page sends it.
  static Ask change(http::Method method, std::string target, std::string body = "{}",
                    std::string cookie = {});
  static base::Json json_of(const Response& response);
  static std::string field_of(const Response& response, std::string_view name);
  std::string sign_in(const std::string& name);  // -> the Cookie field's value

  std::string directory;
  loop::Loop loop;
  FakeLedger fake{loop};
  LedgerClient ledger{loop};
  LogReader log;
  Searches searches;
  NodeStates nodes;
  Live live{loop, log, nodes};
  SignIns sign_ins;
  SignInGuard guard;
  Thinner readings{kReadingInterval, kThinnerKeys};
  Thinner refusals{kRefusalInterval, kThinnerKeys};
  Parts parts;
  Site site{parts};
};

}  // namespace postern::console
