// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where the ledger keeps who may sign in to the console: a file in the state directory that only its owner may read. It
// holds what no log may hold (hashes of passwords, secrets of authenticator apps), so it is no fold of the events; but
// file and log may not contradict each other, whenever the power goes. A change is made in three steps:
//
//   prepare   accounts.json.new, durable, with the id of the event that will tell of the change
//   (the event is appended, and durable)
//   adopt     accounts.json.new takes the place of accounts.json
//
// Whoever opens it finds either no new one, or one whose event is in the log, which is adopted, or one whose event never
// came to be, which is removed. A change without an event (a code that is used up) is adopted at once.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "accounts/account.h"
#include "audit/files.h"
#include "base/result.h"

namespace postern::ledger {

// Blocks in everything.
class AccountFile {
 public:
  AccountFile(audit::FileSystem& files, std::string directory);

  // What there is. Without a file the configured list (accounts::parse_admins) is it, and becomes the file: from then on
  // the configured list is not looked at. Corrupt, with the remedy, if the file is damaged; Invalid for a faulty list.
  using HasEvent = std::function<bool(std::string_view id)>;
  base::Result<accounts::Accounts> open(std::string_view configured, const HasEvent& has_event);

  base::Status prepare(const accounts::Accounts& accounts, std::string_view event);
  base::Status adopt();

 private:
  base::Status settle(const HasEvent& has_event);
  std::string path() const { return directory_ + "/accounts.json"; }
  std::string next_path() const { return path() + ".new"; }

  audit::FileSystem& files_;
  std::string directory_;
};

}  // namespace postern::ledger
