// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The intake's end of the ledger channel: commands and their answers, the tokens, and whether the log can be written. It sees
// nothing of the state. The channel may be replaced at any time; what was under way is answered as unknown then, and a sender sends
// it again: nothing of it counts twice.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/loop/loop.h"

namespace postern::intake {

class LedgerClient {
 public:
  static constexpr std::size_t kMostCommands = 64;  // under way: each may be as large as a batch
  static constexpr base::Nanos kPatience = 15 * base::kSecond;

  struct Answer {
    bool ok = false;
    int status = 503;
    base::Json json = base::Json::object();
  };
  using Done = std::function<void(const Answer&)>;

  explicit LedgerClient(loop::Loop& loop);
  ~LedgerClient();
  LedgerClient(const LedgerClient&) = delete;
  LedgerClient& operator=(const LedgerClient&) = delete;

  void connect(base::UniqueFd socket);
  bool writable() const { return channel_ != nullptr && channel_->open() && writable_; }
  const std::string& reason() const { return reason_; }  // why not
  // done is called once, never from inside this call.
  void command(const base::Json& command, Done done);
  std::size_t under_way() const { return pending_.size(); }
  // False: they are not of their form.
  void on_tokens(std::function<bool(const base::Json&)> take) { on_tokens_ = std::move(take); }

 private:
  struct Pending {
    Done done;
    base::Nanos due = 0;
  };
  void take(std::uint16_t type, std::string_view payload);
  bool take_tokens(std::string_view payload);
  bool take_reply(std::string_view payload);
  void lost(const std::string& why);
  void expire();
  void answer_later(Done done, Answer answer) { ready_.emplace_back(std::move(done), std::move(answer)); }

  loop::Loop& loop_;
  std::unique_ptr<ipc::SocketChannel> channel_;
  std::uint64_t generation_ = 0;
  bool writable_ = false;
  std::string reason_ = "the ledger has not been heard of yet";
  std::uint64_t last_command_ = 0;
  std::map<std::uint64_t, Pending> pending_;
  std::deque<std::pair<Done, Answer>> ready_;
  std::function<bool(const base::Json&)> on_tokens_;
  loop::Timer timer_;
  std::unique_ptr<loop::Loop::Hook> hook_;
};

}  // namespace postern::intake
