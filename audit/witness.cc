// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/witness.h"

#include "base/bytes.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kOld = "old ";

}  // namespace

std::string format_add_checkpoint(const AddCheckpoint& request) {
  std::string out = std::string(kOld) + std::to_string(request.old_size) + "\n";
  for (const Hash& hash : request.proof) out += base::to_base64(base::view(hash)) + "\n";
  return out + "\n" + request.checkpoint;
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view text) {
  const base::Error wrong = fail(Code::Invalid, base::Side::Client, "this is not a request to a witness");
  auto line = certs::take_line(text);
  const auto old_size =
      line && line->starts_with(kOld) ? certs::parse_decimal(line->substr(kOld.size())) : std::nullopt;
  if (!old_size) return wrong;
  AddCheckpoint request;
  request.old_size = *old_size;
  for (line = certs::take_line(text); line && !line->empty(); line = certs::take_line(text)) {
    const auto hash = certs::parse_hash(*line);
    if (!hash || request.proof.size() == kWitnessProofLimit) return wrong;
    request.proof.push_back(*hash);
  }
  if (!line || text.empty() || text.size() > certs::kNoteLimit) return wrong;
  request.checkpoint = text;
  return request;
}

Result<AddCheckpoint> make_add_checkpoint(FileSystem& files, const std::string& directory,
                                          std::uint64_t old_size) {
  auto checkpoint = read_checkpoint(files, directory);
  if (!checkpoint.ok()) return checkpoint.error();
  const std::uint64_t size = checkpoint->head.size;
  if (old_size > size) {
    return fail(Code::Invalid, "the witness has seen a log of " + std::to_string(old_size) +
                                   " events, and this one has " + std::to_string(size) +
                                   ": it was rolled back");
  }
  AddCheckpoint request{old_size, {}, std::move(checkpoint->bytes)};
  if (old_size == 0) return request;
  TreeHasher hasher;
  TreeReader tree(files, directory, size);
  auto proof = consistency_proof(hasher, tree.reader(), old_size, size);
  if (!proof.ok()) return proof.error();
  request.proof = *std::move(proof);
  return request;
}

Result<Cosigned> take_cosignature(const std::string& checkpoint, std::string_view answer,
                                  const certs::VerifierKey& witness) {
  const auto given = certs::parse_note(checkpoint);
  if (!given.ok()) return given.error();
  for (auto line = certs::take_line(answer); line; line = certs::take_line(answer)) {
    Cosigned out{checkpoint + std::string(*line) + "\n", 0};
    const auto note = certs::parse_note(out.checkpoint);
    if (!note.ok() || note->text != given->text) continue;
    // Alone, so that nothing that stood there before speaks for the witness.
    const auto seconds = certs::cosigned_at({note->text, {note->signatures.back()}}, witness);
    if (!seconds) continue;
    out.seconds = *seconds;
    return out;
  }
  return fail(Code::Invalid, "the witness's answer has no cosignature by the key of " + witness.name);
}

std::optional<std::uint64_t> parse_conflict(std::string_view answer) {
  const auto line = certs::take_line(answer);
  return line && answer.empty() ? certs::parse_decimal(*line) : std::nullopt;
}

WitnessAnswer judge_checkpoint(const AddCheckpoint& request, const certs::VerifierKey& log,
                               const Witnessed& known, Witnessed& next) {
  const auto checkpoint = parse_signed_checkpoint(request.checkpoint, "the request");
  if (!checkpoint.ok()) return WitnessAnswer::Malformed;
  if (!check_checkpoint(*checkpoint, log).ok()) return WitnessAnswer::NotSigned;
  const certs::Checkpoint& head = checkpoint->head;
  if (request.old_size > head.size) return WitnessAnswer::Malformed;
  if (request.old_size != known.size) return WitnessAnswer::Conflict;
  if (head.size == known.size && head.root != known.root) return WitnessAnswer::Conflict;
  TreeHasher hasher;
  const Hash old_root = known.size == 0 ? hasher.nothing() : known.root;
  if (!verify_consistency(hasher, known.size, old_root, head.size, head.root, request.proof))
    return WitnessAnswer::Inconsistent;
  next = {head.size, head.root};
  return WitnessAnswer::Cosign;
}

bool convicts_log(const AddCheckpoint& request, const Witnessed& known) {
  const auto checkpoint = parse_signed_checkpoint(request.checkpoint, "the request");
  if (!checkpoint.ok() || request.old_size != known.size) return false;
  TreeHasher hasher;
  return proves_inconsistency(hasher, known.size, known.root, checkpoint->head.size, checkpoint->head.root,
                              request.proof);
}

}  // namespace postern::audit
