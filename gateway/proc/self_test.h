// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The proof of the walls: after they stand and before the role serves, it really tries what no role may do.
// Each attempt is made so that it does no harm where it succeeds, and so that without the wall it would fail
// with another error than the wall's, if it fails at all.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/json.h"
#include "gateway/proc/confine.h"

namespace postern::proc {

struct Proof {
  int attempts = 0;
  int refused = 0;
  std::vector<std::string> open;  // what was not refused: "make a TCP socket"

  void count(const char* what, int outcome);  // 0, or what errno said
};

// What sandbox.attested says of walls and their proof.
base::Json attestation(const Walls& walls, const Proof& proof);

// state_directory: empty for a role that has none. supervisor: its id, for who asks for it behind the walls
// is refused. Blocks until the supervisor has answered each call that the
// filter holds.
Proof prove(const Profile& profile, const std::string& state_directory, pid_t supervisor);

}  // namespace postern::proc
