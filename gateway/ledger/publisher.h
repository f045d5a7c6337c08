// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Keeps the log's files behind the journal: tiles on a thread of the pool, the keeper's signature, the checkpoint
// on the pool again. At most once every kEvery, and once more when the gateway stops. No append waits for it; while
// the disk or the keeper fails, the last checkpoint stays, problem() says why, and it is tried again.
//
// Changing the log's key: an event names the new key, a checkpoint by the old one covers that event, both keys sign the
// handover of exactly that tree (certs/handover.h), it is durable in the log's folder, and the same tree is signed
// again, by the new key alone. Each step follows from what the one before left on the disk: whoever starts anew goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/fresh_lines.h"
#include "audit/tiler.h"
#include "base/clock.h"
#include "gateway/ledger/keeper_link.h"
#include "gateway/ledger/log_keys.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

class Publisher {
 public:
  struct Beginning {
    std::string journal;  // the folders
    std::string log;
    audit::Frontier frontier;                          // of the last checkpoint
    std::optional<audit::SignedCheckpoint> published;  // that one
    std::vector<certs::Handover> handovers;            // that the log's folder holds
  };
  // upto tells how many events may be published: those that are durable. files and keeper outlive this and the
  // last step of it.
  Publisher(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, KeeperLink& keeper,
            Beginning beginning, std::function<std::uint64_t()> upto,
            std::shared_ptr<const audit::FreshLines> fresh = nullptr);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Publishes what there is now, and calls done once; whether it succeeded, problem() says.
  void finish(std::function<void()> done);

  // A verified cosignature line for the checkpoint of this size: put into the file, unless a newer one is there by now.
  void add_cosignature(std::uint64_t size, const std::string& line);
  // The log is to go on under this verifier key, as the event with index after - 1 says: as soon as the keeper has it as
  // the next one. Nothing happens if that was done before.
  void hand_over_to(std::string key, std::uint64_t after);
  // Somebody waits for the next checkpoint: its time is now, unless one is under way.
  void hurry();
  // What signs the next checkpoint, as far as the keeper has told; what signed the last one of this process.
  std::string signing_key() const;
  const std::string& published_by() const { return published_by_; }
  // From the key that the keeper has as log.key; nothing if that was not handed over.
  const certs::Handover* handover() const;

  std::uint64_t published() const { return published_; }       // events under the last checkpoint
  base::Micros published_at() const { return published_at_; }  // 0: before this process
  const std::string& problem() const { return problem_; }      // empty: none

  static constexpr base::Nanos kEvery = base::kSecond;

 private:
  struct Work;
  void step();
  bool handover_due() const;
  void hand_over(const certs::VerifierKey& from);
  void put_handover(const certs::Handover& handover, std::string note);
  void show_handover();
  void prepare();
  void sign(const audit::TreeHead& head);
  // by: the verifier key that signed it.
  void put(std::string note, const certs::Checkpoint& head, const std::string& by);
  bool put_cosignatures();
  void ended(const std::string& problem);
  base::Result<certs::VerifierKey> trusted_key();

  loop::Loop& loop_;
  const base::Clock& clock_;
  KeeperLink& keeper_;
  std::shared_ptr<Work> work_;
  std::optional<audit::SignedCheckpoint> before_;  // until it was seen to be signed by our key
  LogKeys keys_;
  struct {
    std::string key;
    std::uint64_t after = 0;
  } order_;
  std::uint64_t shown_ = 0;  // KeeperLink::number() of the keeper that has seen the handover
  bool again_ = false;       // what is published is to be signed again, by the new key
  std::function<std::uint64_t()> upto_;
  std::shared_ptr<bool> alive_;
  loop::Timer timer_;
  bool busy_ = false;
  std::function<void()> finished_;
  std::uint64_t published_ = 0;
  certs::Checkpoint head_;  // of what is published
  std::string published_by_;
  base::Micros published_at_ = 0;
  std::string note_;                                                 // what the checkpoint's file has
  std::vector<std::pair<std::uint64_t, std::string>> cosignatures_;  // that wait, with the size they are for
  std::string problem_;
};

}  // namespace postern::ledger
