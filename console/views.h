// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// State, policy and log as the API shows them (console/openapi.json describes each).
#pragma once

#include "audit/index.h"
#include "base/json.h"
#include "gateway/state/state.h"
#include "policy/policy.h"

namespace postern::console {

base::Json view_remote_access(const state::State& state, base::Micros now);
base::Json view_capability(const policy::Policy& policy, const policy::Capability& capability,
                           const state::State& state, base::Micros now);
base::Json view_engineer(const state::Engineer& engineer);
base::Json view_request(const state::Request& request);
base::Json view_grant(const state::Grant& grant, base::Micros now);
// An active session, with the capabilities that can be used in it now. row: what the index knows of it, or
// nullptr.
base::Json view_session(const state::Session& session, const audit::SessionRow* row,
                        const state::State& state, const policy::Policy* policy, base::Micros now);
base::Json view_ended_session(const audit::SessionRow& row);

std::string_view to_text(state::RequestState state);

}  // namespace postern::console
