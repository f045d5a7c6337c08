// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Makes the log of acts (mission/store/act_log.h) into one that is signed: hashes what came, goes on from the tree that was
// signed before, and has the keeper sign the new head. Where several servers share the store any of them does it: the tree follows
// from the rows, so that two who do it at once make the same, and the store takes the checkpoint of the one who was faster.
//
// It goes on only from what it can believe: the checkpoint in the store is signed by our key, the tiles give its root, and it holds
// the newest one that this server saw, which stands in a file of its own (log-checkpoint, in the state directory). Otherwise nothing is
// signed and problem() says why, until somebody has seen to it. That rows under the checkpoint are still what they were is found out by
// whoever verifies (mission-control audit verify): it would take reading all of them.
#pragma once

#include <functional>
#include <string>

#include "audit/merkle.h"
#include "audit/tile.h"
#include "certs/checkpoint.h"
#include "certs/note.h"
#include "mission/desk/parts.h"

namespace postern::mission {

class ActSigner {
 public:
  struct Keeper {
    std::function<base::Result<std::string>()> verifier_key;
    std::function<base::Result<std::string>(const std::string& text)>
        sign;  // a checkpoint -> a signature line
  };
  // memory: the file with the newest checkpoint that this server saw.
  ActSigner(Parts& parts, Keeper keeper, std::string memory)
      : parts_(parts), keeper_(std::move(keeper)), memory_(std::move(memory)) {}
  ActSigner(const ActSigner&) = delete;
  ActSigner& operator=(const ActSigner&) = delete;

  void look();  // now and then: signs what came since

  base::Result<std::string> verifier_key() const { return keeper_.verifier_key(); }
  const std::string& problem() const { return problem_; }  // empty: there is none

  static constexpr std::int64_t kAtOnce = 16 * 256;  // acts under one more checkpoint

 private:
  base::Status sign();
  base::Result<audit::Frontier> frontier_of(const ActLogHead& head, const certs::VerifierKey& key);
  base::Status believe(const ActLogHead& head, const certs::Checkpoint& shown, const certs::VerifierKey& key);
  base::Status extend(audit::Frontier& tree, std::int64_t to);
  base::Status remember(const std::string& note);

  Parts& parts_;
  Keeper keeper_;
  std::string memory_;
  std::string known_;  // what the file holds
  audit::TreeHasher hasher_;
  std::string problem_;
};

// A file of the log as audit/tile.h lays it out ("checkpoint", "tile/0/000.p/5", "tile/entries/000.p/5"), made of what the store
// has. NotFound: the log has no such file.
base::Result<std::string> act_log_file(Store& store, const std::string& path);

}  // namespace postern::mission
