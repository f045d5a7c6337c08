// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The texts of the policies that count: the one in force and the one accepted last. Files in the state directory,
// named by the hash that the log has of them, so that what an admin accepted is known as long as something else waits
// for him, also to a ledger that was restarted.
//
//   policy/HEX.yaml       HEX: the SHA-256 of the bytes
//   policy/HEX.yaml.new   being written
//
// A file is believed only if its bytes have the hash that the log names.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "audit/files.h"
#include "base/result.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

class KeptPolicies {
 public:
  KeptPolicies(loop::Loop& loop, audit::FileSystem& files, const std::string& state_directory);
  ~KeptPolicies();
  KeptPolicies(const KeptPolicies&) = delete;
  KeptPolicies& operator=(const KeptPolicies&) = delete;

  // hash: as policy::Policy has it. Blocks for the reading. NotFound, Corrupt, or the system's, with what to do.
  base::Result<std::string> read(const std::string& hash) const;

  // done is called once the text is on the medium, or with why it is not; now or later, and not after our end. One at
  // a time.
  void keep(const std::string& hash, std::shared_ptr<const std::string> text,
            std::function<void(base::Status)> done);

  // Removes all others, but for one that is being kept. What cannot be removed is tried again the next time.
  void keep_only(const std::set<std::string>& hashes);

 private:
  std::string path_of(const std::string& hash) const;
  base::Result<std::shared_ptr<audit::File>> write(const std::string& path, std::string_view text);
  void name(const std::string& hash, const std::function<void(base::Status)>& done);

  loop::Loop& loop_;
  audit::FileSystem& files_;
  std::string folder_;
  std::string busy_;  // the hash of what is being kept; empty: nothing
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::ledger
