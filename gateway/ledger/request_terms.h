// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Shared by the deciders of requests and grants: what may be asked for and given, and the events that say so.
#pragma once

#include <string>
#include <vector>

#include "gateway/ledger/deciding.h"

namespace postern::ledger {

std::string trim(const std::string& text);
// The engineer's words, behind one of the configured reasons if one was chosen; and a ticket, where one is needed. A sentence if
// that cannot be.
std::string read_reason(const Context& context, const Order& order, std::string& reason);
std::string read_ticket(const Context& context, const Order& order, std::string& ticket);
// Each reads what the order says about its part, leaves it as it is where the order says nothing, and returns a sentence
// if that cannot be.
std::string read_wanted(const Context& context, const Order& order, state::Terms& terms);
std::string read_duration(const Context& context, const Order& order, base::Micros& duration);
std::string read_start(const Context& context, const Order& order, std::optional<base::Micros>& start);

// Names that the policy does not have (any more), for a sentence; empty: it has all.
std::string unknown_capabilities(const Context& context, const std::vector<std::string>& capabilities);
// How many admins must approve that: the most that any of the capabilities takes.
std::int64_t approvals_needed(const Context& context, const std::vector<std::string>& capabilities);
bool too_many_requests(const Context& context, const std::string& engineer);

// The request that is still to be decided, or why there is none.
const state::Request* find_pending(const Context& context, const Order& order, Decision& why);

Draft draft_request(audit::EventType type, const state::Request& request, std::string_view outcome,
                    const Order& order);
Draft draft_request_created(const state::Request& request, const Order& order);
// voided: by this approval. The approvals of request are those that count with it.
Draft draft_request_approved(const state::Request& request, const std::vector<std::string>& voided,
                             const Order& order);
// "unknown", "added" or "approved".
std::string_view engineer_state(const Context& context, const std::string& name);
bool too_many_grants(const Context& context);
// 403, where only signed documents give.
Decision only_signed(std::string_view what);
Draft draft_grant_start(const state::Grant& grant, const Order& order);

}  // namespace postern::ledger
