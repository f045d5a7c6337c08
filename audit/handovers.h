// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The keys that a log has had, for whoever trusts one of them. Its handovers (certs/handover.h) lie beside its tiles,
// where readers of tiles do not look, a file for each key that was handed over, and are never removed:
//
//   handover/<id of the old key, 8 hexadecimal digits>
//
// From a key that is trusted a chain leads on, because each key signed the name of the next, and back, because each
// signed what its predecessor signed. Each key counts only for its time: up to the tree of its own handover, and from
// the tree of the one that made it the log's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "audit/files.h"
#include "audit/log_files.h"
#include "certs/handover.h"

namespace postern::audit {

inline constexpr std::string_view kHandoverFolder = "handover";
inline constexpr std::size_t kHandoversLimit = 1'000;  // files that are read of a log

std::string handover_path(const certs::VerifierKey& from);  // below the log's folder

struct BadHandover {
  std::string path;
  std::string what;  // one lower-case sentence
};
struct Handovers {
  std::vector<certs::Handover> good;  // both keys signed them; by rising size
  std::vector<BadHandover> bad;       // and files that are none
};
// Empty if the log has none. Errors: the disk's.
base::Result<Handovers> read_handovers(FileSystem& files, const std::string& directory);

class KeyChain {
 public:
  // Invalid if one key was handed over twice, or leads in a circle: somebody used a key that they should not have.
  static base::Result<KeyChain> of(const certs::VerifierKey& trusted,
                                   const std::vector<certs::Handover>& handovers);

  // Invalid, with the reason, unless one of the keys signed it, in its time.
  base::Status check(const SignedCheckpoint& checkpoint) const;

  const std::vector<certs::VerifierKey>& keys() const { return keys_; }       // oldest first, at least one
  const std::vector<certs::Handover>& handovers() const { return between_; }  // from key i to key i + 1
  const std::vector<certs::Handover>& others() const { return others_; }  // that do not hang together with it

 private:
  KeyChain() = default;
  base::Status check_time(const certs::Checkpoint& head, std::size_t key) const;

  std::vector<certs::VerifierKey> keys_;
  std::vector<certs::Handover> between_, others_;
};

}  // namespace postern::audit
