// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a witness makes of a checkpoint that it is shown (witness.h), in words for whoever asked and for whoever reads of it.
// Pure. Who remembers is another's business: the ledger, of the logs that its configuration names; Mission Control's desk, of its
// installations'.
#pragma once

#include <string>
#include <string_view>

#include "audit/witness.h"

namespace postern::audit {

// A checkpoint with the one signature of its log: it stands in an event, and goes to the keeper in a datagram.
inline constexpr std::size_t kShownNote = 4U << 10U;  // bytes

struct ShownCheckpoint {
  AddCheckpoint request;
  SignedCheckpoint checkpoint;
};
base::Result<ShownCheckpoint> parse_shown(std::string_view request);  // Invalid; nothing was verified

struct ShownJudgement {
  WitnessAnswer answer = WitnessAnswer::Malformed;
  std::string message;  // for whoever asked
  std::string
      note;  // the checkpoint with the signature of its log and no other; empty if that log did not sign it
  Witnessed next;  // of Cosign: what the witness must have stored before it says so
  // Of a refusal: it says something about the log, and not only that whoever asked does not know how far the witness is.
  bool other_history = false;
  bool proved = false;  // the log's own signatures convict it
  std::string why;      // of another history, for people
};
ShownJudgement judge_shown(const ShownCheckpoint& shown, const certs::VerifierKey& log,
                           const Witnessed& known);

}  // namespace postern::audit
