// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that Mission Control proposed (state/proposal.h): judges them for the ledger, and sends them, as this enforcer would an
// engineer's. It is its own terminator for that: a call becomes an exchange whose id no terminator can give (kOwnIds), so that
// canonical form, policy, record, credential, redaction, the document before and after, and cuts are those of every exchange.
//
// The ledger says which proposal, never what is sent: that is taken from the state, and only while the state says that it is under way, which it
// does once that is durable. While one waits for an admin, the ledger has the document read that it would change, as that of a call of an
// engineer that waits (held_documents.h): a GET of the gateway's own, as the call would be sent, and never the call. The session is one for this call: it may use the capability that lists it and nothing else, and no
// cookie and no certificate leads to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "gateway/enforcer/site.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/loop/loop.h"

namespace postern::enforcer {

// Of connections and exchanges of our own: a terminator counts from 1, and has none of what lies above kFirstOwnKey.
inline constexpr std::uint64_t kOwnIds = std::uint64_t{1} << 63U;
constexpr bool is_own(std::uint64_t id) { return id >= kFirstOwnKey; }

class ProposedCalls {
 public:
  struct Calls {
    std::function<void(std::uint64_t task, const base::Json& answer)> answer;
    // Takes a frame as if a terminator had sent it. False: it does not fit.
    std::function<bool(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload)> frame;
    // Who is behind the connection with that id, which frame() has opened.
    std::function<Client*(std::uint64_t id)> client;
  };
  static constexpr std::size_t kAnswer =
      64U << 10U;                               // bytes of a component's answer in which marks are looked for
  static constexpr std::size_t kMostCalls = 8;  // under way

  ProposedCalls(Site& site, Calls calls);
  ~ProposedCalls();
  ProposedCalls(const ProposedCalls&) = delete;
  ProposedCalls& operator=(const ProposedCalls&) = delete;

  // False: it is no task for this. "judge" {call, undo*: {method, target, content_type, body_bytes}} is answered with {code, why} or
  // {capability, operation, read*, waits*}; "compare" {proposal} with {} once the ledger was told by proposal.compare, or {code} if it has
  // to ask again; "propose" {proposal, undo} with {outcome: applied|failed|unknown, status*, code*, why*, forwarded*,
  // answers*}.
  bool take(const ipc::NodeTask& task);
  // What an exchange of our own sends its terminator.
  void on_frame(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload);

 private:
  struct Judged {
    std::string code, why, capability, operation;
    std::string target, read;  // canonical; read: the document that the call would change
    const Service* service = nullptr;
    bool held = false;
  };
  struct Run {
    std::uint64_t task = 0, client = 0;
    std::string proposal;
    std::vector<std::string> marks;  // of the call that would undo it
    std::string body;
    std::uint32_t owed = 0;  // bytes of it that were not acknowledged
    bool ended = false, complete = false;
  };
  Judged judge(const state::ProposedCall& call, std::size_t body_bytes, bool admitted) const;
  base::Json judge_both(const base::Json& task) const;
  void compare(std::uint64_t task, const std::string& id);
  ChangeContext context_of(const state::Proposal& one, const Judged& judged);
  void propose(std::uint64_t task, const std::string& id, bool undo);
  void send(Run run, const state::ProposedCall& call);
  void go_on();
  void finish(std::uint64_t id, Run run);
  base::Json outcome_of(const Run& run, const Exchange& exchange) const;

  Site& site_;
  Calls calls_;
  std::map<std::uint64_t, Run> runs_;  // by exchange
  std::set<std::string> comparing_;    // proposals
  std::uint64_t last_ = kOwnIds;
  loop::Timer timer_;
};

}  // namespace postern::enforcer
