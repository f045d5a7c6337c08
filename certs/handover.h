// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How a log goes on under another key: a handover is a checkpoint of the tree just before the change, with one
// extension line that names both keys. It is signed by both, so that who trusts the old key may trust the new one
// (the old key signed its name), and who has the new one may trust what the old one signed before. A second signature
// that happens to stand below a checkpoint says nothing of the kind. Pure.
//
//   text = origin "\n" size "\n" base64 of the root "\n" "postern.handover/v1 " old " " new "\n"
//
// old and new are verifier keys (note.h) of Ed25519. Both have the origin as their name: it is one log.
// It stands here because the keeper signs it.
#pragma once

#include <string>
#include <string_view>

#include "certs/checkpoint.h"
#include "certs/note.h"

namespace postern::certs {

struct Handover {
  Checkpoint head;  // from signs no checkpoint of a larger tree
  VerifierKey from;
  VerifierKey to;
  bool operator==(const Handover&) const = default;
};

std::string format_handover(const Handover& handover);
// Invalid, with what is wrong, for anything that format_handover does not write. Nothing was verified.
base::Result<Handover> parse_handover(std::string_view text);

// Of a signed note. Invalid, with what is wrong, unless both keys signed it. Whether one of them may be trusted, and
// whether the tree is the log's, is for the caller.
base::Result<Handover> open_handover(std::string_view note);

}  // namespace postern::certs
