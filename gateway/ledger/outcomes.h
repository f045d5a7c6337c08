// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Commands on their way to an answer. An answer leaves when both are true:
//   applied    every enforcer that was there has said that it has cut what the change closes, or
//              kAppliedTimeout has passed
//   recorded   the events are durable; while the log cannot be written, what closes is answered as
//              "recorded": false
// What gives is told when it is durable, and answered when every enforcer has heard of it, or kAppliedTimeout has passed:
// whoever was told "done" is let in by all of them.
// Pure; the ledger tells what happens and asks what is ready.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ledger/decide_command.h"

namespace postern::ledger {

// An enforcer cuts within milliseconds; one that takes this long hangs, and the admin is told rather than
// kept waiting.
inline constexpr base::Nanos kAppliedTimeout = 2 * base::kSecond;

struct Outcome {
  std::uint64_t peer = 0;  // who asked; 0: nobody, the ledger itself
  std::uint64_t command = 0;
  base::Json reply;
  std::optional<CommandRefused> refused;      // recorded all the same: a refused sign-in is an event
  std::string event;                          // id of what the command made, as in ipc::Reply
  std::shared_ptr<const std::string> policy;  // a policy text to be told once this is durable
  bool policy_accepted = false;
  std::string to_cosign;       // as in Decision
  std::string opened_session;  // its id
  std::string subject;  // of the permission.applied that says how it went; empty: only if something was cut
  std::uint64_t durable_at = 0;   // recorded when the journal's durable() has reached this
  std::uint64_t gives_below = 0;  // its events below this index, and not below gives_from, give; 0: none does
  std::uint64_t gives_from = 0;
  bool measured = false;     // it closes, and is counted below
  bool closed_them = false;  // an event of it has closed whatever the ends of sessions behind it are about
  std::uint64_t first_version = 0, last_version = 0;
  std::map<std::uint64_t, std::size_t> awaited;  // enforcer -> Applied frames still to come
  std::size_t enforcers = 0;
  std::int64_t sessions_ended = 0;
  std::int64_t exchanges_cut = 0;
  std::uint64_t slowest_ns = 0;
  base::Nanos deadline = 0;  // monotonic
  bool settled = false;      // applied, or given up
};

class Outcomes {
 public:
  void add(Outcome outcome);
  void applied(std::uint64_t enforcer, const ipc::Applied& frame);
  void enforcer_gone(std::uint64_t enforcer);  // what it served is gone with it
  void asker_gone(std::uint64_t peer);

  // Whose event at this index of the journal gives; nullptr: nobody waits for it. Lives until take_ready().
  Outcome* giving(std::uint64_t index);

  // Those measured ones that are applied by now, or whose time is up; each once. The pointers live until
  // take_ready().
  std::vector<const Outcome*> settle(base::Nanos now);
  // Those to be answered. Told: how much of the journal the others have been told of.
  std::vector<Outcome> take_ready(std::uint64_t durable, std::uint64_t told, bool log_writable,
                                  base::Nanos now);
  bool settled() const;  // of none that is measured there is still word to come
  bool empty() const { return waiting_.empty(); }

 private:
  std::list<Outcome> waiting_;
};

// {"sessions", "exchanges", "slowest_us"}, and "enforcers_missing" if some did not say in time.
base::Json cut_of(const Outcome& outcome);

}  // namespace postern::ledger
