// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The commands about who may sign in, of `postern admin` and of `mission-control person`: the same but for these words.
#pragma once

#include <string>
#include <vector>

namespace postern::cli {

class Program;

struct AccountWords {
  const char* group;               // "admin"
  const char* title;               // what the group is about
  const char* one;                 // "an admin or auditor"
  const char* all;                 // "admins and auditors"
  const char* path;                // of the API
  std::vector<std::string> roles;  // the lowest first
  const char* roles_say;
};
void add_account_commands(Program& program, const AccountWords& words);

}  // namespace postern::cli
