// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/witnessed.h"

#include "audit/tiler.h"
#include "base/bytes.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

constexpr unsigned kIdBits = 32;

std::string id_text(std::uint32_t id) {
  std::string bytes;
  for (unsigned shift = kIdBits; shift > 0; shift -= 8) bytes += static_cast<char>(id >> (shift - 8) & 255U);
  return base::to_hex(bytes);
}

Result<KeyChain> keys_of(FileSystem& files, const std::string& directory, const certs::VerifierKey& log) {
  const auto handovers = read_handovers(files, directory);
  return handovers.ok() ? KeyChain::of(log, handovers->good) : handovers.error();
}

// The tree that was cosigned must be the front of the present one.
Status holds_still(FileSystem& files, const std::string& directory, const certs::Checkpoint& head,
                   const Witnessing& found, const std::string& witness) {
  const certs::Checkpoint& seen = found.checkpoint.head;
  if (seen.size > head.size) {
    return fail(Code::Invalid, "the log was rolled back: it has " + std::to_string(head.size) +
                                   " entries, and had " + std::to_string(seen.size) + " when " + witness +
                                   " cosigned it");
  }
  TreeHasher hasher;
  TreeReader reader(files, directory, head.size);
  const auto root =
      seen.size == 0 ? Result<Hash>(hasher.nothing()) : root_at(hasher, reader.reader(), seen.size);
  if (root.ok() && *root == seen.root) return Ok{};
  return fail(Code::Invalid, "history was rewritten: the first " + std::to_string(seen.size) +
                                 " entries are not those that " + witness + " cosigned");
}

}  // namespace

std::string witnessed_file(const certs::VerifierKey& witness) {
  return std::string(kWitnessedFolder) + "/" + id_text(witness.id);
}

Result<Witnessing> check_witnessing(SignedCheckpoint checkpoint, const KeyChain& log,
                                    const certs::VerifierKey& witness) {
  if (const Status good = log.check(checkpoint); !good.ok()) return good.error();
  const auto seconds = certs::cosigned_at(checkpoint.note, witness);
  if (!seconds)
    return fail(Code::Invalid, "the checkpoint has no cosignature by " + witness.name + " that fits");
  return Witnessing{std::move(checkpoint), *seconds};
}

Result<Witnessing> read_witnessing(FileSystem& files, const std::string& directory,
                                   const certs::VerifierKey& log, const certs::VerifierKey& witness) {
  const std::string path = directory + "/" + witnessed_file(witness);
  auto bytes = read_whole(files, path, certs::kNoteLimit);
  if (!bytes.ok()) return bytes.error();
  auto checkpoint = parse_signed_checkpoint(*std::move(bytes), path);
  if (!checkpoint.ok()) return checkpoint.error();
  const auto keys = keys_of(files, directory, log);
  if (!keys.ok()) return keys.error();
  auto found = check_witnessing(*std::move(checkpoint), *keys, witness);
  if (!found.ok()) return fail(found.error().code, path + ": " + found.error().message);
  return found;
}

Status put_witnessing(FileSystem& files, const std::string& directory, const certs::VerifierKey& witness,
                      const std::string& note) {
  const std::string folder = directory + "/" + std::string(kWitnessedFolder);
  if (Status made = files.make_directory(folder); !made.ok()) return made;
  return replace_file(files, folder, id_text(witness.id), note);
}

Result<SignedCheckpoint> cosigned_checkpoint(FileSystem& files, const std::string& directory,
                                             const certs::VerifierKey& witness) {
  auto newest = read_checkpoint(files, directory);
  if (newest.ok() && certs::cosigned_at(newest->note, witness)) return newest;
  const std::string file = witnessed_file(witness), path = directory + "/" + file;
  const auto bytes = read_whole(files, path, certs::kNoteLimit);
  if (!bytes.ok() && bytes.error().code == Code::NotFound)
    return fail(Code::NotFound, witness.name + " has cosigned no checkpoint of this log");
  if (!bytes.ok()) return bytes.error();
  auto kept = parse_signed_checkpoint(*bytes, path);
  if (kept.ok() && !certs::cosigned_at(kept->note, witness))
    return fail(Code::Corrupt, path + " does not carry the cosignature of " + witness.name);
  return kept;
}

Result<Witnessing> verify_witnessing(FileSystem& files, const std::string& directory,
                                     const certs::VerifierKey& log, const certs::VerifierKey& witness) {
  auto newest = read_checkpoint(files, directory);
  if (!newest.ok()) return newest.error();
  const certs::Checkpoint head = newest->head;
  const auto keys = keys_of(files, directory, log);
  if (!keys.ok()) return keys.error();
  auto found = check_witnessing(*std::move(newest), *keys, witness);
  if (found.ok()) return found;
  found = read_witnessing(files, directory, log, witness);
  if (!found.ok() && found.error().code == Code::NotFound)
    return fail(Code::Invalid, witness.name + " has cosigned no checkpoint of this log");
  if (!found.ok()) return found;
  if (const Status holds = holds_still(files, directory, head, *found, witness.name); !holds.ok())
    return holds.error();
  return found;
}

}  // namespace postern::audit
