// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Hands the policy in force to the ledger, who decides by it: to each new ledger, after each reload, and again every
// kPolicyAgain until it was taken. Owns nothing of the policy; says what a new one changes.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/loop/loop.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/ledger_link.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

inline constexpr base::Nanos kPolicyAgain = 5 * base::kSecond;  // after the ledger could not take the policy
inline constexpr std::size_t kMostListed = 200;                 // changes of a policy named in one answer

// {"ok":true, "hash", "faults":[], "newly_allowed":[..], "no_longer_allowed":[..]}, each list of at most kMostListed.
base::Json compare_policies(const policy::Policy& before, const policy::Policy& after);

class PolicyHandover {
 public:
  // The ledger's link outlives this.
  PolicyHandover(loop::Loop& loop, LedgerLink& ledger);

  // In force from now on: both outlive this, or the next call.
  void adopt(const Config& config, const Material& material);
  // To a ledger that was started anew: it knows no policy, and until it does nothing is allowed.
  void put();
  // That of a reload. changes: as of compare_policies(). done is called with them and "waits", or, if the ledger did not take
  // the policy, with "ok":false and "faults".
  void put_changed(const std::string& actor, const std::string& from, base::Json changes,
                   std::function<void(const base::Json&)> done);
  void stop();

 private:
  base::Json policy_order(const std::string& actor, const std::string& from) const;
  void take_policy_reply(const LedgerReply& reply, base::Json& policy_answer);

  LedgerLink& ledger_;
  const Config* config_ = nullptr;
  const Material* material_ = nullptr;
  bool stopping_ = false;
  loop::Timer policy_again_;
};

}  // namespace postern::supervisor
