// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Engineers, requests, grants and holds as the API shows them (console/openapi.json describes each): what a question is
// answered with and what a command is answered with are the same.
#pragma once

#include <string_view>

#include "base/json.h"
#include "gateway/state/state.h"

namespace postern::state {

base::Json view(const Engineer& engineer);
// role, capabilities, start and duration are what is on the table: what was asked, until an admin approves another thing
// ("asked" is then there as well).
base::Json view(const Request& request);
// The same for the engineer whose request it is: what administrators are called is none of their business.
base::Json view_own(const Request& request);
bool is_own_word(const Request& request, const Message& message);
// A grant whose time is over is ended, whether its event has come or not.
base::Json view(const Grant& grant, base::Micros now);

base::Json view(const Hold& hold);

std::string_view to_text(RequestState state);

}  // namespace postern::state
