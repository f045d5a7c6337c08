// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The parent of Mission Control's roles, as the gateway's supervisor is of its own: the same crew, the same walls, another
// shape. Keeper and terminator are the gateway's programs.
//
//   start   keeper, desk  ->  terminator
//   stop    terminator, desk  ->  keeper        (the desk alone knows that a stream of orders never ends by itself)
#pragma once

#include <string>

namespace postern::mission {

// The whole life of `mission-control serve`: faults are on standard error. Returns the exit status. SIGHUP reads the
// configuration again: certificates, keys, limits and the log's level take effect, the rest needs a restart.
int supervise(const std::string& config_path);

}  // namespace postern::mission
