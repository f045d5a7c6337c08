// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/log_prover.h"

#include "audit/log_files.h"
#include "audit/merkle.h"
#include "audit/tlog_proof.h"
#include "base/bytes.h"

namespace postern::console {

void prepare_log_prover() { const audit::TreeHasher hasher; }

namespace {

// Nothing: the line stands in the log. Reads the entry too, for the sentence: an entry that differs is one thing,
// a tree that does not fit another.
struct Prover {
  const std::string& directory;
  const certs::Checkpoint& head;
  audit::TreeReader tree;
  audit::TreeHasher hasher;

  base::Status prove(std::uint64_t index, const std::string& line);
};

base::Status Prover::prove(std::uint64_t index, const std::string& line) {
  const auto entry = audit::read_entry(audit::system_files(), directory, index, head.size);
  if (!entry.ok()) return entry.error();
  if (*entry != line) {
    return base::fail(base::Code::Corrupt, "the log holds another event than the journal at this place");
  }
  const auto hashes = audit::inclusion_proof(hasher, tree.reader(), index, head.size);
  if (!hashes.ok()) return hashes.error();
  if (!audit::verify_inclusion(hasher, hasher.leaf(line), index, head.size, *hashes, head.root)) {
    return base::fail(base::Code::Corrupt, "the event does not lead to the root that was signed");
  }
  return base::Ok{};
}

}  // namespace

base::Result<LogProof> prove_lines(const std::string& log_directory, std::string_view verifier_key,
                                   const std::vector<std::pair<std::uint64_t, std::string>>& lines) {
  const auto key = certs::parse_verifier_key(verifier_key);
  if (!key.ok()) return key.error();
  const auto checkpoint = audit::read_checkpoint(audit::system_files(), log_directory);
  if (!checkpoint.ok()) return checkpoint.error();
  if (const auto good = audit::check_checkpoint(*checkpoint, *key); !good.ok()) return good.error();
  LogProof proof;
  proof.size = checkpoint->head.size;
  proof.root = base::to_base64(base::view(checkpoint->head.root));
  Prover prover{log_directory, checkpoint->head, {audit::system_files(), log_directory, proof.size}, {}};
  for (const auto& [index, line] : lines) {
    if (index >= proof.size) {
      ++proof.beyond;
    } else if (const auto proved = prover.prove(index, line); proved.ok()) {
      ++proof.checked;
    } else if (proof.faults.size() < LogProof::kMostFaults) {
      proof.faults.push_back({index, proved.error().message});
    }
  }
  return proof;
}

base::Result<std::string> make_event_proof(const std::string& log_directory, std::uint64_t index) {
  const auto proof = audit::prove_event(audit::system_files(), log_directory, index);
  if (!proof.ok()) return proof.error();
  return audit::format_tlog_proof(*proof);
}

}  // namespace postern::console
