// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The ledger: the one role with the state directory. It listens to nobody but the roles whose channels the
// supervisor gives it.
#pragma once

#include "audit/files.h"

namespace postern::roles {

// What main() of the role does, on the disk given: the machine's own, or one that a test lets go wrong. Ends with the
// role's exit code.
int keep_ledger(audit::FileSystem& disk);

}  // namespace postern::roles
