// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/policy_reading.h"

#include "policy/diff.h"

namespace postern::ledger {

namespace {

void compare(const policy::Policy& accepted, PolicyReading& reading) {
  const policy::Difference difference = policy::diff(accepted, *reading.parsed.policy);
  reading.opens = difference.opens();
  reading.newly_allowed = static_cast<std::int64_t>(difference.newly_allowed.size());
  reading.no_longer_allowed = static_cast<std::int64_t>(difference.no_longer_allowed.size());
  reading.summary.accepted_approvals = summarize(accepted).approvals;
}

}  // namespace

PolicyReading read_and_compare(const std::string& text, const std::string& accepted,
                               const std::string* accepted_text) {
  PolicyReading reading;
  reading.parsed = policy::parse_policy(text);
  reading.accepted = accepted;
  if (reading.parsed.policy == nullptr) return reading;
  reading.summary = summarize(*reading.parsed.policy);
  if (accepted.empty() || reading.parsed.policy->hash() == accepted) return reading;
  reading.opens = true;
  if (accepted_text == nullptr) return reading;
  const policy::ParsedPolicy before = policy::parse_policy(*accepted_text);
  if (before.policy != nullptr)
    compare(*before.policy, reading);  // an older version of us found no fault in it
  return reading;
}

}  // namespace postern::ledger
