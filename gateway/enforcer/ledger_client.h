// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The enforcer's side of its channel to the ledger: events out, commands out and answers back, state and
// policy in.
//
// Events that the ledger has not yet called durable are kept, and sent again to a ledger that was restarted,
// which drops those it has. So nothing that was recorded is lost while either of the two lives. Memory for
// them is bounded: past kMostRetained the log counts as unavailable, and the door is closed; past twice that,
// refusals are no longer kept, only counted: whoever is refused could fill the memory with them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/pieces.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/loop/loop.h"

namespace postern::enforcer {

// What comes from the ledger.
class LedgerListener {
 public:
  virtual ~LedgerListener() = default;
  virtual void on_state(const ipc::StateSnapshot& told, const base::Json& state) = 0;
  virtual void on_change(const ipc::Change& change, const base::Json& event) = 0;
  // accepted: the policy accepted last, if this one waits to be; empty: it cannot be read. nullptr: nothing waits.
  virtual void on_policy(std::string_view text, const std::string* accepted) = 0;
  virtual void on_cookie(const ipc::Cookie& cookie) = 0;  // another enforcer keeps it now
  virtual void on_jars_wanted() = 0;                      // tell all cookies (LedgerClient::cookie)
  virtual void on_node_task(const ipc::NodeTask& task) = 0;
  virtual void on_activity_due() = 0;  // name the sessions that are in use (LedgerClient::active)
};

// The answer to a command.
struct LedgerAnswer {
  base::Result<base::Json> reply;  // refused: Denied, with {"code","message","status"} as its message
  std::string event;               // id of what the command made, durable; may be empty
};

class LedgerClient {
 public:
  using Answered = std::function<void(LedgerAnswer)>;
  static constexpr std::size_t kMostRetained = 32U << 20U;  // bytes of events not yet durable
  static constexpr base::Nanos kActivityEvery = 5 * base::kSecond;

  LedgerClient(loop::Loop& loop, LedgerListener& listener);

  void set_channel(base::UniqueFd socket);  // first, and after the ledger was restarted

  // Why nothing may be recorded now, for people; empty when the log works.
  std::string unavailable() const;
  // Everything recorded so far has been handed to the kernel: what was recorded may now happen.
  bool handed_over() const { return channel_ && channel_->queued() == 0; }

  // Records an event; the number is for when_durable. Only while unavailable() is empty, or for what must be
  // told all the same: completions of what was recorded are kept until the ledger is back; refusals too, up
  // to kMostRetained, then they are only counted (nothing was let through, and memory is not a client's to
  // fill).
  // kNever: the line is longer than an event may be. It is counted (lost()), and what it should have recorded must not happen.
  std::uint64_t append(const ipc::Append& event);
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};  // a number of which nothing is durable
  std::uint64_t lost() const { return lost_; }
  // Calls once, with true when the event is durable. There is no false: while the log is not there, it is
  // simply not called; cancel() it.
  void when_durable(std::uint64_t number, std::uint64_t key, std::function<void()> then);
  void cancel(std::uint64_t key);

  void command(base::Json command, Answered then);
  void applied(const ipc::Applied& applied);
  void receiving(const ipc::Receiving& receiving);
  void measured(const std::string& json);  // of a node (readings.h); dropped while the ledger is away
  void node_task_done(std::uint64_t id, const base::Json& answer);  // likewise
  void cookie(const ipc::Cookie& cookie);  // to the other enforcers; dropped while the ledger is away
  void active(std::string_view session) {  // told to the ledger now and then
    if (!active_.contains(session)) active_.emplace(session);
  }

 private:
  // What bounds it is unavailable(): nothing new begins, and completions of what began are never dropped.
  static constexpr std::size_t kNoLimit = std::size_t{1} << 40U;
  static constexpr std::size_t kKeepRetained = 1U << 20U;
  struct Retained {
    std::uint64_t number;
    std::size_t size;  // bytes of retained_bytes_
  };
  struct Waiter {
    std::uint64_t key;
    std::function<void()> then;
  };
  void on_frame(std::uint16_t type, std::string_view payload);
  bool take(ipc::FromLedger type, std::string_view payload);
  bool take_state(std::string_view payload);
  bool take_policy(std::string_view payload, bool accepted);
  bool take_change(std::string_view payload);
  bool take_acked(std::string_view payload);
  bool take_reply(std::string_view payload);
  void on_closed(const base::Error& why);
  void send(ipc::ToLedger type, std::string_view payload);
  void tell_activity();

  loop::Loop& loop_;
  LedgerListener& listener_;
  std::unique_ptr<ipc::SocketChannel> channel_;
  std::string reason_ = "the ledger is not there yet";
  std::deque<Retained> retained_;                         // what is not known to be durable
  base::Buffer retained_bytes_{kNoLimit, kKeepRetained};  // its frames, one behind the other
  std::uint64_t dropped_ = 0;                             // refusals that were not kept
  std::uint64_t lost_ = 0;                                // events that no ledger would take
  std::uint64_t last_number_ = 0;
  std::uint64_t channel_base_ = 0;  // the number before the first Append of this channel
  std::multimap<std::uint64_t, Waiter> waiters_;
  std::uint64_t last_command_ = 0;
  std::map<std::uint64_t, Answered> commands_;
  std::set<std::string, std::less<>> active_;
  ipc::Pieces state_pieces_{ipc::kLargestState}, policy_pieces_{ipc::kLargestPolicy};
  std::optional<std::string> accepted_policy_;  // came ahead of the policy that is to come
  base::BinaryWriter out_;
  loop::Timer activity_timer_;
};

}  // namespace postern::enforcer
