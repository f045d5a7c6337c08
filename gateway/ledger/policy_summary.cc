// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/policy_summary.h"

namespace postern::ledger {

PolicySummary summarize(const policy::Policy& policy) {
  PolicySummary summary;
  summary.hash = policy.hash();
  summary.operations = static_cast<std::int64_t>(policy.operations().size());
  const auto capabilities = policy.capabilities();
  for (const policy::Capability& capability : capabilities) {
    summary.capabilities[capability.name] = capability.klass == policy::Class::Write;
    if (capability.approvals > 1) summary.approvals[capability.name] = capability.approvals;
  }
  for (const policy::Role& role : policy.roles()) {
    auto& names = summary.roles[role.name];
    for (const int index : role.capabilities) {
      names.push_back(capabilities[static_cast<std::size_t>(index)].name);
    }
  }
  return summary;
}

}  // namespace postern::ledger
