// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which document tells what a call changes (before: of the policy), for whoever judged that call.
#pragma once

#include <string>
#include <string_view>

#include "policy/acceptance.h"
#include "policy/decide.h"
#include "policy/policy.h"

namespace postern::enforcer {

// acceptance: nullptr: nothing waits to be accepted. decision: allowed, of that policy. path: of the call, canonical. Empty: the policy names
// no document, or it may never be reached.
std::string document_target(const policy::Policy& policy, const policy::Acceptance* acceptance,
                            const policy::Decision& decision, std::string_view path);

}  // namespace postern::enforcer
