// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Policy, switches and sessions as the API shows them (console/openapi.json describes each); for engineers,
// requests and grants see gateway/state/view.h.
#pragma once

#include "accounts/account.h"
#include "audit/index.h"
#include "base/json.h"
#include "gateway/state/view.h"
#include "policy/policy.h"

namespace postern::console {

// {"name","title","setting","changed"*,"by"*,"fields"*: [{"name","title","setting"}]} of one of state::kSharing, or of a field.
base::Json view_sharing(const state::State& state, std::string_view name);
base::Json view_remote_access(const state::State& state, base::Micros now);
base::Json view_capability(const policy::Policy& policy, const policy::Capability& capability,
                           const state::State& state, base::Micros now);
// An active session, with the capabilities that can be used in it now. row: what the index knows of it, or
// nullptr.
base::Json view_session(const state::Session& session, const audit::SessionRow* row,
                        const state::State& state, const policy::Policy* policy, base::Micros now);
base::Json view_ended_session(const audit::SessionRow& row);

}  // namespace postern::console
