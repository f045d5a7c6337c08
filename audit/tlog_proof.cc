// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/tlog_proof.h"

#include <optional>

#include "audit/retention.h"
#include "base/bytes.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";

base::Error not_a_proof(const char* what) {
  return fail(Code::Invalid, std::string("this is not a proof: ") + what);
}

std::optional<std::uint64_t> index_of(std::string_view line) {
  if (!line.starts_with(kIndex)) return std::nullopt;
  return certs::parse_decimal(line.substr(kIndex.size()));
}

}  // namespace

std::string format_tlog_proof(const TlogProof& proof) {
  std::string out = std::string(kHeader) + "\n";
  if (!proof.extra.empty()) out += std::string(kExtra) + base::to_base64(proof.extra) + "\n";
  out += std::string(kIndex) + std::to_string(proof.index) + "\n";
  for (const Hash& hash : proof.hashes) out += base::to_base64(base::view(hash)) + "\n";
  return out + "\n" + proof.checkpoint;
}

Result<TlogProof> parse_tlog_proof(std::string_view text) {
  if (text.size() > kTlogProofLimit) return not_a_proof("it is too long");
  if (certs::take_line(text) != kHeader) return not_a_proof("its first line is another");
  TlogProof proof;
  auto line = certs::take_line(text);
  if (line && line->starts_with(kExtra)) {
    const auto extra = base::from_base64(line->substr(kExtra.size()));
    if (!extra || extra->empty()) return not_a_proof("its extra data is not base64");
    proof.extra = *extra;
    line = certs::take_line(text);
  }
  const auto index = line ? index_of(*line) : std::nullopt;
  if (!index) return not_a_proof("it has no index");
  proof.index = *index;
  for (line = certs::take_line(text); line && !line->empty(); line = certs::take_line(text)) {
    const auto hash = certs::parse_hash(*line);
    if (!hash || proof.hashes.size() == kProofLimit) return not_a_proof("a line of it is not a hash");
    proof.hashes.push_back(*hash);
  }
  if (!line || text.empty()) return not_a_proof("it has no checkpoint");
  proof.checkpoint = text;
  return proof;
}

Result<TlogProof> prove_event(FileSystem& files, const std::string& directory, std::uint64_t index) {
  const auto checkpoint = read_checkpoint(files, directory);
  return checkpoint.ok() ? prove_event(files, directory, index, *checkpoint)
                         : Result<TlogProof>(checkpoint.error());
}

Result<TlogProof> prove_event(FileSystem& files, const std::string& directory, std::uint64_t index,
                              const SignedCheckpoint& checkpoint) {
  const std::uint64_t size = checkpoint.head.size;
  if (index >= size) {
    return fail(Code::NotFound, "the checkpoint covers " + std::to_string(size) +
                                    " events: there is none with index " + std::to_string(index));
  }
  auto entry = read_entry(files, directory, index, size);
  if (!entry.ok()) return why_missing(files, directory, index, size, entry.error());
  TreeHasher hasher;
  TreeReader tree(files, directory, size);
  auto hashes = inclusion_proof(hasher, tree.reader(), index, size);
  if (!hashes.ok()) return hashes.error();
  return TlogProof{*std::move(entry), index, *std::move(hashes), checkpoint.bytes};
}

Result<certs::Checkpoint> verify_tlog_proof(const TlogProof& proof, const certs::VerifierKey& key) {
  const auto alone = KeyChain::of(key, {});
  return alone.ok() ? verify_tlog_proof(proof, *alone) : alone.error();
}

Result<certs::Checkpoint> verify_tlog_proof(const TlogProof& proof, const KeyChain& keys) {
  const auto checkpoint = parse_signed_checkpoint(proof.checkpoint, "the proof");
  if (!checkpoint.ok()) return not_a_proof("its checkpoint is none");
  if (const auto good = keys.check(*checkpoint); !good.ok()) return good.error();
  TreeHasher hasher;
  if (!verify_inclusion(hasher, hasher.leaf(proof.extra), proof.index, checkpoint->head.size, proof.hashes,
                        checkpoint->head.root)) {
    return fail(Code::Invalid, "the proof does not hold: this event does not stand at index " +
                                   std::to_string(proof.index) + " of the log");
  }
  return checkpoint->head;
}

}  // namespace postern::audit
