// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the ledger needs to know of a policy: which names exist. Whether an operation is allowed is not its
// business.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace postern::ledger {

struct PolicySummary {
  std::string hash;                                                    // empty: no policy yet
  std::map<std::string, bool, std::less<>> capabilities;               // name -> it writes
  std::map<std::string, std::vector<std::string>, std::less<>> roles;  // name -> capabilities
  std::map<std::string, std::int64_t, std::less<>> approvals;          // capabilities that take more than one
  // The same of the policy accepted last; while another one waits for acceptance they count too.
  std::map<std::string, std::int64_t, std::less<>> accepted_approvals;
  std::int64_t operations = 0;
};

PolicySummary summarize(const policy::Policy& policy);

}  // namespace postern::ledger
