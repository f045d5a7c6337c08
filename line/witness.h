// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control as a witness of an installation's log: the words of C2SP tlog-witness (audit/witness.h), carried over the
// line as documents of its own kind, so that whoever asks is known by its certificate.
//
//   POST kCheckpointsPath   {"request": text of add-checkpoint} -> 200 {"status": that answer's, "body": its text}
//
// Which log is an installation's, Mission Control knows by the body of its registration: "log", a verifier key (certs/note.h).
// Pure; errors are Invalid, a sentence about the document. docs/LOG.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::line {

inline constexpr std::string_view kCheckpointsPath = "/line/v1/checkpoints";
inline constexpr std::size_t kCheckpointRequest = 80U << 10U;  // bytes: 63 hashes and a note of 64 KiB
inline constexpr std::size_t kCheckpointAnswer = 4U << 10U;    // bytes
inline constexpr const char* kLogOfRegistration = "log";

struct CheckpointAnswer {
  std::uint16_t status = 0;  // 200 to 599, as tlog-witness has them
  std::string body;
};
std::string format_checkpoint_request(std::string_view request);
base::Result<std::string> parse_checkpoint_request(std::string_view text);
std::string format(const CheckpointAnswer& answer);
base::Result<CheckpointAnswer> parse_checkpoint_answer(std::string_view text);

}  // namespace postern::line
