// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/witness.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/new_file.h"

namespace postern::cli {
namespace {

using base::Code;
using base::fail;
using base::Result;

std::string time_of(const audit::Witnessing& found) { return time_of_cosignature(found.seconds); }

}  // namespace

std::string time_of_cosignature(std::uint64_t seconds) {
  constexpr std::uint64_t kYear9999 = 253'402'300'799;
  return base::format_time(static_cast<base::Micros>(std::min(seconds, kYear9999)) * base::kWallSecond);
}

int make_witness_key(const WitnessKeyOptions& options, bool json) {
  if (const base::Status crypto = base::init_crypto(); !crypto.ok()) return fail_with(crypto.error().message);
  const auto key = make_key_file(options.name, "witness/", options.out);
  if (!key.ok()) {
    const int failed = fail_with(key.error().message);
    return key.error().code == base::Code::Invalid ? kUsage : failed;
  }
  const std::string verifier = certs::format_verifier_key(certs::make_verifier_key(
      key->name, certs::NoteAlgorithm::Cosignature, base::ed25519_public(key->seed)));
  print(json ? base::dump_json(base::Json{{"file", options.out}, {"verifier_key", verifier}}) + "\n"
             : "Made " + options.out +
                   ". Its verifier key, for those whose logs are witnessed and for auditors:\n" + verifier +
                   "\n");
  return kDone;
}

Result<std::vector<certs::VerifierKey>> parse_witness_keys(const std::vector<std::string>& texts) {
  std::vector<certs::VerifierKey> out;
  for (const std::string& text : texts) {
    auto key = certs::parse_verifier_key(text);
    if (!key.ok()) return fail(Code::Invalid, "--witness: " + key.error().message);
    if (key->algorithm != certs::NoteAlgorithm::Cosignature)
      return fail(Code::Invalid, "--witness: " + key->name + " is the key of a log, not of a witness");
    out.push_back(*std::move(key));
  }
  return out;
}

std::vector<WitnessFinding> find_witnesses(const std::string& folder, const certs::VerifierKey& log,
                                           const std::vector<certs::VerifierKey>& witnesses) {
  std::vector<WitnessFinding> out;
  out.reserve(witnesses.size());
  for (const certs::VerifierKey& witness : witnesses)
    out.push_back({witness.name, audit::verify_witnessing(audit::system_files(), folder, log, witness)});
  return out;
}

base::Json findings_json(const std::vector<WitnessFinding>& findings) {
  base::Json out = base::Json::array();
  for (const WitnessFinding& one : findings) {
    base::Json json{{"name", one.name}, {"ok", one.found.ok()}};
    if (one.found.ok()) {
      json["size"] = one.found->checkpoint.head.size;
      json["time"] = time_of(*one.found);
    } else {
      json["what"] = one.found.error().message;
    }
    out.push_back(std::move(json));
  }
  return out;
}

std::string findings_text(const std::vector<WitnessFinding>& findings) {
  std::string out;
  for (const WitnessFinding& one : findings) {
    const std::string name = base::printable(one.name);
    out += one.found.ok()
               ? "Cosigned by " + name + ": the first " + std::to_string(one.found->checkpoint.head.size) +
                     " entries, at " + time_of(*one.found) + ".\n"
               : "NOT cosigned by " + name + ": " + base::printable(one.found.error().message, 1024) + ".\n";
  }
  return out;
}

bool all_cosigned(const std::vector<WitnessFinding>& findings) {
  return std::all_of(findings.begin(), findings.end(),
                     [](const WitnessFinding& one) { return one.found.ok(); });
}

}  // namespace postern::cli
