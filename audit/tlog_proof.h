// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A proof that travels alone (C2SP tlog-proof): that one event stands in a log, for whoever has the log's public
// key. Pure.
//
//   proof = "c2sp.org/tlog-proof@v1\n"  "extra " base64 "\n"  "index " number "\n"  *( base64 of a hash "\n" )
//           "\n"  checkpoint
//
// Our extra data is the event itself, byte for byte, so that the file is all that is needed. It is proved with the
// rest: a proof is about the bytes that are hashed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/handovers.h"
#include "audit/log_files.h"
#include "audit/merkle.h"
#include "base/result.h"

namespace postern::audit {

struct TlogProof {
  std::string extra;  // empty: the line is left out
  std::uint64_t index = 0;
  std::vector<Hash> hashes;
  std::string checkpoint;  // a signed note

  bool operator==(const TlogProof&) const = default;
};
inline constexpr std::size_t kTlogProofLimit = 256U << 10U;  // bytes of one

std::string format_tlog_proof(const TlogProof& proof);
base::Result<TlogProof> parse_tlog_proof(std::string_view text);  // Invalid; nothing of it was verified

// Of the event with this index, under the checkpoint that the folder has. NotFound beyond it.
base::Result<TlogProof> prove_event(FileSystem& files, const std::string& directory, std::uint64_t index);
// Under that one, such as one that a witness has cosigned (witnessed.h); the folder has a newer one of the same log, or the same.
base::Result<TlogProof> prove_event(FileSystem& files, const std::string& directory, std::uint64_t index,
                                    const SignedCheckpoint& checkpoint);

// Invalid, with the reason, unless the extra data is the event with that index of the log that one of the keys signs.
// What was proved against comes back.
base::Result<certs::Checkpoint> verify_tlog_proof(const TlogProof& proof, const KeyChain& keys);
// The same with one key alone.
base::Result<certs::Checkpoint> verify_tlog_proof(const TlogProof& proof, const certs::VerifierKey& key);

}  // namespace postern::audit
