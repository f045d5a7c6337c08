// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Giving powers away for good. The supervisor drops root once its listeners are bound (promise 10); each role
// hardens itself as its first act. What system call filters and Landlock add is not here.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace postern::proc {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

// NotFound if there is no such account.
base::Result<Account> find_account(const std::string& name);
bool is_root();  // any of the real, effective and saved user

// Becomes the account: no supplementary groups, real, effective and saved ids, no capability. Verifies that
// root cannot be had back. Denied (side Us) if anything of it fails: the caller must end then, for it may
// have become half of another.
base::Status drop_to(const Account& account);

// Empties the permitted, effective, inheritable, ambient and (where we may) bounding sets.
base::Status drop_capabilities();

// First thing in a role, and in the supervisor once it has bound: no new privileges by exec, no core dump,
// not traceable by its own user, files it makes are its own alone, no capability.
base::Status harden_process();

// The end of the parent is our end, by SIGKILL. Closed if the parent is gone already.
base::Status end_with_parent();

// As many descriptors as we may have: the soft limit becomes the hard one, for us and for those we start.
void raise_descriptor_limit();

}  // namespace postern::proc
