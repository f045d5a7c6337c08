// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The key with which we witness other logs (C2SP tlog-cosignature), and what it signs: "cosignature/v1", the time that
// the keeper's own clock shows, and the text of a checkpoint. Nothing else. Pure.
//
// Whoever asks is the ledger, which compares with what was cosigned before. Should the ledger be in strange hands, this
// much still holds: the checkpoint is one of the logs that the configuration names, that log's key has signed it, and it
// is no step back from those cosigned before in the keeper's life: not smaller, and of one size with one root. What is
// not checked here is that a larger tree holds the smaller one, which takes the proof and lasting memory: both are the
// ledger's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/checkpoint.h"
#include "certs/note.h"

namespace postern::keeper {

// A clock that shows less was never set: 2025-01-01. A cosignature states its time for good.
inline constexpr base::Micros kEarliestCosignature = 1'735'689'600 * base::kWallSecond;

class Cosigner {
 public:
  // At most once. logs: whose checkpoints it cosigns.
  base::Status set(certs::SignerKey key, std::vector<certs::VerifierKey> logs);
  // Takes the key and the logs of fresh; what was cosigned before stays known.
  void adopt(Cosigner&& fresh);

  // Unavailable if there is no key.
  base::Result<std::string> verifier_key() const;
  // The signature line; Denied with one sentence.
  base::Result<std::string> cosign(std::string_view note, base::Micros now);
  // For Mission Control, whose installations' logs no configuration names: of the log with that key, as the desk tells it. A desk
  // in strange hands could have another history of a log cosigned if it is signed by that log's key, and no step back.
  base::Result<std::string> cosign_for(std::string_view note, const certs::VerifierKey& log,
                                       base::Micros now);

  static constexpr std::size_t kMostLogs =
      100'000;  // that are remembered of those; then the first is forgotten

 private:
  struct Shown {
    certs::Note note;
    certs::Checkpoint head;
  };
  base::Result<Shown> read(std::string_view text) const;
  base::Result<std::string> sign(const Shown& shown, const certs::VerifierKey& log, base::Micros now);

  std::optional<certs::SignerKey> key_;
  std::vector<certs::VerifierKey> logs_;
  std::map<std::string, certs::Checkpoint, std::less<>> last_;  // by origin
};

}  // namespace postern::keeper
