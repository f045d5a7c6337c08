// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The text of a checkpoint (C2SP tlog-checkpoint): which log, how many entries, and the root of the Merkle tree
// over them. It becomes a signed note (note.h). It stands here because the keeper signs nothing of the log but
// exactly this.
//
//   text = origin "\n" size "\n" base64 of the root "\n"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/result.h"

namespace postern::certs {

struct Checkpoint {
  std::string origin;  // the name of the log's key
  std::uint64_t size = 0;
  base::Sha256 root{};
  bool operator==(const Checkpoint&) const = default;
};

std::string format_checkpoint(const Checkpoint& checkpoint);
// Invalid for anything else. Extension lines, which other logs may have, are passed over: who must not meet
// any compares with format_checkpoint.
base::Result<Checkpoint> parse_checkpoint(std::string_view text);

}  // namespace postern::certs
