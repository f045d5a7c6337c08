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

Result<Cosigner::Shown> Cosigner::read(std::string_view text) const {
  if (!key_) return fail(Code::Denied, "there is no key to witness with");
  auto note = certs::parse_note(text);
  auto head = note.ok() ? certs::parse_checkpoint(note->text) : Result<certs::Checkpoint>(note.error());
  if (!head.ok()) return fail(Code::Denied, "what is to be cosigned is not a checkpoint");
  return Shown{*std::move(note), *std::move(head)};
}

Result<std::string> Cosigner::cosign(std::string_view text, base::Micros now) {
  const auto shown = read(text);
  if (!shown.ok()) return shown.error();
  const auto log = std::find_if(logs_.begin(), logs_.end(), [&](const certs::VerifierKey& key) {
    return key.name == shown->head.origin;
  });
  if (log == logs_.end()) return fail(Code::Denied, "the checkpoint is of a log that is not witnessed here");
  return sign(*shown, *log, now);
}

Result<std::string> Cosigner::cosign_for(std::string_view text, const certs::VerifierKey& log,
                                         base::Micros now) {
  const auto shown = read(text);
  if (!shown.ok()) return shown.error();
  if (shown->head.origin != log.name) return fail(Code::Denied, "the checkpoint is of another log");
  if (last_.size() >= kMostLogs && !last_.contains(log.name)) last_.erase(last_.begin());
  return sign(*shown, log, now);
}

Result<std::string> Cosigner::sign(const Shown& shown, const certs::VerifierKey& log, base::Micros now) {
  if (certs::check_signature(shown.note, log) != certs::Signed::Yes)
    return fail(Code::Denied, "the checkpoint is not signed by the key of its log");
  certs::Checkpoint& last = last_[shown.head.origin];
  if (shown.head.size < last.size)
    return fail(Code::Denied, "the checkpoint is of a smaller log than one that was cosigned before");
  if (shown.head.size == last.size && shown.head.size > 0 && shown.head.root != last.root)
    return fail(Code::Denied, "a checkpoint of this size was cosigned before, over other events");
  if (now < kEarliestCosignature)
    return fail(Code::Denied, "this machine's clock is not set, and a cosignature states the time");
  last = shown.head;
  return certs::cosignature_line(*key_, shown.note.text, static_cast<std::uint64_t>(now / base::kWallSecond));
}

}  // namespace postern::keeper
