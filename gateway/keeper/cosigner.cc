// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/cosigner.h"

#include <algorithm>

namespace postern::keeper {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

Status Cosigner::set(certs::SignerKey key, std::vector<certs::VerifierKey> logs) {
  if (key_) return fail(Code::Exists, "there is a key to witness with already");
  key_ = std::move(key);
  logs_ = std::move(logs);
  return Ok{};
}

void Cosigner::adopt(Cosigner&& fresh) {
  key_ = std::move(fresh.key_);
  logs_ = std::move(fresh.logs_);
}

Result<std::string> Cosigner::verifier_key() const {
  if (!key_) return fail(Code::Unavailable, "there is no key to witness with");
  return certs::format_verifier_key(certs::make_verifier_key(key_->name, certs::NoteAlgorithm::Cosignature,
                                                             base::ed25519_public(key_->seed)));
}

Result<std::string> Cosigner::cosign(std::string_view text, base::Micros now) {
  if (!key_) return fail(Code::Denied, "there is no key to witness with");
  const auto note = certs::parse_note(text);
  auto head = note.ok() ? certs::parse_checkpoint(note->text) : Result<certs::Checkpoint>(note.error());
  if (!head.ok()) return fail(Code::Denied, "what is to be cosigned is not a checkpoint");
  const auto log = std::find_if(logs_.begin(), logs_.end(),
                                [&](const certs::VerifierKey& key) { return key.name == head->origin; });
  if (log == logs_.end()) return fail(Code::Denied, "the checkpoint is of a log that is not witnessed here");
  if (certs::check_signature(*note, *log) != certs::Signed::Yes)
    return fail(Code::Denied, "the checkpoint is not signed by the key of its log");
  certs::Checkpoint& last = last_[head->origin];
  if (head->size < last.size)
    return fail(Code::Denied, "the checkpoint is of a smaller log than one that was cosigned before");
  if (head->size == last.size && head->size > 0 && head->root != last.root)
    return fail(Code::Denied, "a checkpoint of this size was cosigned before, over other events");
  if (now < kEarliestCosignature)
    return fail(Code::Denied, "this machine's clock is not set, and a cosignature states the time");
  last = *std::move(head);
  return certs::cosignature_line(*key_, note->text, static_cast<std::uint64_t>(now / base::kWallSecond));
}

}  // namespace postern::keeper
