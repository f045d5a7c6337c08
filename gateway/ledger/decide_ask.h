// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an ask of Mission Control's (line/asks.h) leads to, and where it stands: as commands are decided (decide_command.h), but
// nobody waits for an answer, and a decision without events and without a refusal means that there is nothing to do, or that it
// has to come again.
#pragma once

#include <string>

#include "gateway/ledger/decide_command.h"
#include "line/asks.h"

namespace postern::ledger {

inline constexpr std::int64_t kMostVendorRequests = 20;  // that wait, of those that came from Mission Control

std::string vendor_actor(const line::Ask& ask);  // "mission-control:jane"
Decision decide_vendor_request(const Context& context, const line::Ask& ask);
// state empty: nothing is known of it.
line::Standing standing_of_request(const Context& context, const std::string& id);

}  // namespace postern::ledger
