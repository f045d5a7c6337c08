// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Witnesses for the command line: the key that makes a gateway one, and what an auditor demands of them.
#pragma once

#include <string>
#include <vector>

#include "audit/witnessed.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::cli {

struct WitnessKeyOptions {
  std::string out;   // a file that is not there yet
  std::string name;  // of the key; empty: drawn by lot
};
// Makes a key with which a gateway witnesses logs and prints its verifier key. Never overwrites.
int make_witness_key(const WitnessKeyOptions& options, bool json);

// Of each of the keys what it has cosigned of a log whose files were verified, or why not.
struct WitnessFinding {
  std::string name;
  base::Result<audit::Witnessing> found;
};
// Invalid: one of the texts is no verifier key of a witness.
base::Result<std::vector<certs::VerifierKey>> parse_witness_keys(const std::vector<std::string>& texts);
std::vector<WitnessFinding> find_witnesses(const std::string& folder, const certs::VerifierKey& log,
                                           const std::vector<certs::VerifierKey>& witnesses);
// [{"name", "ok", "size"*, "time"*, "what"*}]
base::Json findings_json(const std::vector<WitnessFinding>& findings);
std::string findings_text(const std::vector<WitnessFinding>& findings);
std::string time_of_cosignature(std::uint64_t seconds);  // as events have times
bool all_cosigned(const std::vector<WitnessFinding>& findings);

}  // namespace postern::cli
