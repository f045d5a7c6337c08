// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which key signs the log's next checkpoint: the one that the keeper has, or the next one, once the log was handed over
// to it. The handovers on the disk decide that, so that after kill -9 at any point it is one or the other. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/handovers.h"
#include "base/result.h"

namespace postern::ledger {

class LogKeys {
 public:
  explicit LogKeys(std::vector<certs::Handover> handovers) : handovers_(std::move(handovers)) {}

  // current, successor: verifier keys, as the keeper tells them; successor may be empty. published: the checkpoint in the
  // log's folder, if it was there before us. Unavailable: the keeper has told nothing yet. Otherwise the sentence says what
  // to do: the keys beside each other are not those of this log.
  base::Result<certs::VerifierKey> signing(std::string_view current, std::string_view successor,
                                           const std::optional<audit::SignedCheckpoint>& published) const;

  // The handover from this key, if there was one.
  const certs::Handover* from(const certs::VerifierKey& key) const;
  void add(certs::Handover handover) { handovers_.push_back(std::move(handover)); }

 private:
  std::vector<certs::Handover> handovers_;
};

}  // namespace postern::ledger
