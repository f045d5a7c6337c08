// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a supervisor does once, before its loop turns: whose it becomes, where its roles are, and the wall around all of it.
// The gateway's (supervise.cc), and Mission Control's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "gateway/proc/outer_wall.h"
#include "gateway/proc/privileges.h"
#include "gateway/supervisor/config.h"

namespace postern::supervisor {

// Who we shall be. Nothing runs as root (promise 10), so root must name an account, and nobody else can become one. user:
// as the configuration in the file path names it; empty: it does not.
base::Result<std::optional<proc::Account>> choose_account(const std::string& user, base::Mark mark,
                                                          const std::string& path);
base::Status give_up_root(const std::optional<proc::Account>& account);

// How the outer wall stands (proc/outer_wall.h): fields of sandbox.attested. Denied under Required, unless it does.
base::Result<base::Json> wall_in(const proc::Grounds& grounds, Sandbox sandbox);

// Beside our own program: ../libexec/postern, whether installed or in the build tree.
base::Result<std::string> find_roles();
// NotFound if one's program is missing there or may not be run by us as we are now.
base::Status check_roles(const std::string& directory, const std::vector<std::string_view>& roles);

std::string absolute(const std::string& path);  // without links; as it is if there is no such file

}  // namespace postern::supervisor
