// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The descriptors of an "exchange" channel offer as one side of a ring pair.
#pragma once

#include "gateway/ipc/ring.h"
#include "gateway/roles/role.h"

namespace postern::roles {

inline ipc::RingEnds ring_ends(Role& role, Role::Fds fds) {
  if (fds.size() != 3) role.fail("an exchange channel is three descriptors");
  return {std::move(fds[0]), std::move(fds[1]), std::move(fds[2])};
}

}  // namespace postern::roles
