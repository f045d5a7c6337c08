// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/operation_rules.h"

namespace postern::enforcer {

// The strictness of both is ours already.
bool OperationRules::keep(const OperationRules& others) const {
  if (response.both(others.response) != response) return false;
  return !websocket || !others.websocket || websocket->both(*others.websocket) == *websocket;
}

bool OperationRules::prepare(const OperationRules& others) const {
  return (hold || !others.hold) && klass >= others.klass;
}

OperationRules rules_of(const policy::Policy& policy, const policy::Acceptance* acceptance,
                        const policy::Decision& decision) {
  const policy::Operation& operation = policy.operations()[static_cast<std::size_t>(decision.operation)];
  OperationRules rules{operation.constraints.websocket, operation.constraints.response, operation.hold,
                       decision.klass};
  const policy::Operation* accepted =
      acceptance == nullptr ? nullptr : acceptance->accepted_operation(decision);
  if (accepted == nullptr) return rules;
  rules.response = rules.response.both(accepted->constraints.response);
  rules.hold = rules.hold || accepted->hold;
  if (rules.websocket && accepted->constraints.websocket)
    rules.websocket = rules.websocket->both(*accepted->constraints.websocket);
  return rules;
}

}  // namespace postern::enforcer
