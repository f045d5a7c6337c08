// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whether what the console shows is what the log's keeper of history signed: each line against the Merkle log's last
// checkpoint, with the log's public key. Reads the files of the log and nothing else; blocks, and runs on any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace postern::console {

// Makes the hash function ready. Once, before the walls stand: it looks for its configuration where later
// nothing may be opened.
void prepare_log_prover();

struct LogProof {
  std::uint64_t size = 0;     // events under the checkpoint
  std::string root;           // base64
  std::uint64_t checked = 0;  // lines that stand in the log as they were given
  std::uint64_t beyond = 0;   // of those given, newer than the checkpoint: nothing is said of them yet
  struct Fault {
    std::uint64_t index = 0;
    std::string what;  // one lower-case sentence
  };
  std::vector<Fault> faults;  // at most kMostFaults
  static constexpr std::size_t kMostFaults = 20;
};

// lines: with their indices. Invalid: the key or the checkpoint's signature; NotFound: there is no checkpoint.
base::Result<LogProof> prove_lines(const std::string& log_directory, std::string_view verifier_key,
                                   const std::vector<std::pair<std::uint64_t, std::string>>& lines);

// The text of a .tlog-proof of one event (audit/tlog_proof.h). NotFound beyond the checkpoint.
base::Result<std::string> make_event_proof(const std::string& log_directory, std::uint64_t index);

}  // namespace postern::console
