// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is said to a witness of the log and what it says (C2SP tlog-witness, tlog-cosignature). Pure: who carries the
// bytes is another role's business, for the ledger talks to no network.
//
//   POST add-checkpoint
//   request   = "old " size "\n"  *( base64 of a hash "\n" )  "\n"  checkpoint
//   200       = 1*signature line          each a cosignature
//   409       = size "\n"                 of the newest checkpoint that the witness has: ask again from there
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log_files.h"
#include "audit/merkle.h"
#include "base/result.h"

namespace postern::audit {

struct AddCheckpoint {
  std::uint64_t old_size = 0;
  std::vector<Hash> proof;  // of consistency, from old_size to the checkpoint's size
  std::string checkpoint;   // a signed note
  bool operator==(const AddCheckpoint&) const = default;
};
inline constexpr std::size_t kWitnessProofLimit = 63;  // hashes

std::string format_add_checkpoint(const AddCheckpoint& request);
base::Result<AddCheckpoint> parse_add_checkpoint(std::string_view text);  // Invalid; nothing was verified

// For a witness that has the tree of old_size. Invalid if that is larger than the log.
base::Result<AddCheckpoint> make_add_checkpoint(FileSystem& files, const std::string& directory,
                                                std::uint64_t old_size);

// The checkpoint with the witness's signature lines from a 200, if one of them is a cosignature by this key; lines of
// other keys are left out. cosigned: the time that it states, in seconds.
struct Cosigned {
  std::string checkpoint;
  std::uint64_t seconds = 0;
};
base::Result<Cosigned> take_cosignature(const std::string& checkpoint, std::string_view answer,
                                        const certs::VerifierKey& witness);
// The size in a 409.
std::optional<std::uint64_t> parse_conflict(std::string_view answer);

// The other side: what a witness decides. It has nothing yet of a log: {0, the root of nothing}.
struct Witnessed {
  std::uint64_t size = 0;
  Hash root{};
  bool operator==(const Witnessed&) const = default;
};
enum class WitnessAnswer : std::uint16_t {
  Cosign = 200,
  Malformed = 400,
  NotSigned = 403,
  Conflict = 409,
  Inconsistent = 422,
};
// On Cosign, next is what the witness must have stored before it says so.
WitnessAnswer judge_checkpoint(const AddCheckpoint& request, const certs::VerifierKey& log,
                               const Witnessed& known, Witnessed& next);
// Whether this request and the root that was cosigned before convict the log by themselves: the log's key has signed
// both (judge_checkpoint found that), and no tree holds both. Another Inconsistent or Conflict may be the fault of
// whoever asked.
bool convicts_log(const AddCheckpoint& request, const Witnessed& known);

}  // namespace postern::audit
