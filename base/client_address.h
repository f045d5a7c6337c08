// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who a client is, as one process says it to another and as events name it: a numeric address with a port, "192.0.2.7:50123" or
// "[2001:db8::1]:50123". What else stands in its place ("uid 0", "mission-control") is said of others. Pure.
#pragma once

#include <string_view>

namespace postern::base {

bool is_client_address(std::string_view text);

}  // namespace postern::base
