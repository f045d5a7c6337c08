// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A policy that is to be put in force, read and held against the one that was accepted last. On the loop's pool: a
// large one takes seconds. Pure but for that.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/ledger/policy_summary.h"
#include "policy/policy.h"

namespace postern::ledger {

struct PolicyReading {
  policy::ParsedPolicy parsed;
  std::string accepted;  // the hash of what it was held against; empty: nothing was accepted yet
  // Whether it opens something; true when what was accepted cannot be read.
  bool opens = false;
  std::int64_t newly_allowed = 0, no_longer_allowed = 0;
  PolicySummary summary;  // of a policy without faults
};

// accepted_text: of the policy with that hash; nullptr if it cannot be read, or if there is none yet.
PolicyReading read_and_compare(const std::string& text, const std::string& accepted,
                               const std::string* accepted_text);

}  // namespace postern::ledger
