// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls of this enforcer that wait for an admin to let them pass. The ledger keeps the list (gateway/state/state.h,
// Hold); here is who waits for which entry of it. An entry of ours for which nobody waits (we were restarted, or
// the ledger was while it was made) is withdrawn: nothing of it was sent, and nobody would send it any more.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/refusal.h"
#include "gateway/enforcer/ledger_client.h"
#include "gateway/state/state.h"

namespace postern::enforcer {

// What the call may do now.
struct HoldAnswer {
  base::Refusal refusal = base::Refusal::None;  // None: it may pass, and that is durable
  std::string why;
};

class WaitingRoom {
 public:
  using Answered = std::function<void(const HoldAnswer&)>;
  using Entered = std::function<void(std::string_view hold)>;

  explicit WaitingRoom(LedgerClient& ledger) : ledger_(ledger) {}

  // call: the arguments of hold.create (gateway/ledger/decide_command.h). who is never given twice. entered is
  // called once with the id, answered once, unless it leaves before.
  void enter(std::uint64_t who, base::Json call, Entered entered, Answered answered);
  void leave(std::uint64_t who, std::string_view why);  // nothing if it does not wait (any more)

  void on_change(const base::Json& event);
  void on_state(const state::State& state, std::uint32_t enforcer);
  std::size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::string hold;  // empty: not on the list yet
    Entered entered;
    Answered answered;
  };
  void on_reply(std::uint64_t who, const LedgerAnswer& answer);
  void withdraw(std::string_view hold, std::string_view why);
  void answer(std::uint64_t who, const HoldAnswer& answer);

  LedgerClient& ledger_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::map<std::string, std::uint64_t, std::less<>> by_hold_;
};

}  // namespace postern::enforcer
