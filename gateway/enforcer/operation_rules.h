// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the operation that let an exchange pass demands of it while it runs: as the policy in force says, and the one
// accepted last where it decided too (policy/acceptance.h).
#pragma once

#include <optional>

#include "policy/acceptance.h"
#include "policy/decide.h"
#include "policy/policy.h"

namespace postern::enforcer {

struct OperationRules {
  std::optional<policy::WebSocketRule> websocket;  // of an operation that opens WebSockets
  policy::Lasting response;
  bool hold = false;  // an admin lets each call pass
  policy::Class klass = policy::Class::Read;

  // Whoever keeps to these while it runs keeps to those as well.
  bool keep(const OperationRules& others) const;
  // Nor was there more to be done before it was sent.
  bool prepare(const OperationRules& others) const;
};

// decision: one that allows. acceptance: nullptr: nothing waits.
OperationRules rules_of(const policy::Policy& policy, const policy::Acceptance* acceptance,
                        const policy::Decision& decision);

}  // namespace postern::enforcer
