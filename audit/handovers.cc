// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/handovers.h"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace postern::audit {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;
using certs::Handover;
using certs::VerifierKey;

namespace {

// Takes the one for which is(handover) out of the list; nothing if there is none, Invalid if there are two.
Result<std::vector<Handover>> take_one(std::vector<Handover>& from,
                                       const std::function<bool(const Handover&)>& is) {
  const auto first_taken = std::stable_partition(from.begin(), from.end(), std::not_fn(is));
  std::vector<Handover> taken(first_taken, from.end());
  from.erase(first_taken, from.end());
  if (taken.size() < 2) return taken;
  return fail(Code::Invalid, handover_path(taken[0].from) + " and " + handover_path(taken[1].from) +
                                 " contradict each other: a key was used by somebody who should not have it");
}

Result<Handover> open_file(FileSystem& files, const std::string& path, const std::string& name) {
  const auto bytes = read_whole(files, path, certs::kNoteLimit);
  if (!bytes.ok()) return fail(Code::Corrupt, "cannot be read");
  auto handover = certs::open_handover(*bytes);
  if (handover.ok() && handover_path(handover->from) != std::string(kHandoverFolder) + "/" + name)
    return fail(Code::Corrupt, "is the handover of another key than its name says");
  return handover;
}

}  // namespace

std::string handover_path(const VerifierKey& from) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(from.id));
  return std::string(kHandoverFolder) + "/" + digits;
}

Result<Handovers> read_handovers(FileSystem& files, const std::string& directory) {
  const std::string folder = directory + "/" + std::string(kHandoverFolder);
  Handovers out;
  const auto names = files.list(folder);
  if (!names.ok() && names.error().code == Code::NotFound) return out;
  if (!names.ok()) return names.error();
  for (const std::string& name : *names) {
    if (name == "." || name == "..") continue;
    if (out.good.size() + out.bad.size() == kHandoversLimit)
      return fail(Code::Limit, folder + " has more than " + std::to_string(kHandoversLimit) + " files");
    auto handover = open_file(files, folder + "/" + name, name);
    if (handover.ok())
      out.good.push_back(*std::move(handover));
    else
      out.bad.push_back({folder + "/" + name, handover.error().message});
  }
  std::stable_sort(out.good.begin(), out.good.end(),
                   [](const Handover& a, const Handover& b) { return a.head.size < b.head.size; });
  return out;
}

Result<KeyChain> KeyChain::of(const VerifierKey& trusted, const std::vector<Handover>& handovers) {
  KeyChain chain;
  chain.keys_.push_back(trusted);
  chain.others_ = handovers;
  for (;;) {
    auto next = take_one(chain.others_, [&](const Handover& one) { return one.from == chain.keys_.back(); });
    if (!next.ok()) return next.error();
    if (next->empty()) break;
    chain.keys_.push_back(next->front().to);
    chain.between_.push_back(std::move(next->front()));
  }
  for (;;) {
    auto last = take_one(chain.others_, [&](const Handover& one) { return one.to == chain.keys_.front(); });
    if (!last.ok()) return last.error();
    if (last->empty()) break;
    chain.keys_.insert(chain.keys_.begin(), last->front().from);
    chain.between_.insert(chain.between_.begin(), std::move(last->front()));
  }
  for (std::size_t i = 0; i < chain.keys_.size(); ++i) {
    if (std::find(chain.keys_.begin() + static_cast<std::ptrdiff_t>(i) + 1, chain.keys_.end(),
                  chain.keys_[i]) != chain.keys_.end())
      return fail(Code::Invalid, "the handovers lead in a circle");
  }
  return chain;
}

// The newest first: what two of them signed was signed when the log changed hands.
Status KeyChain::check(const SignedCheckpoint& checkpoint) const {
  for (std::size_t i = keys_.size(); i-- > 0;) {
    const auto signature = certs::check_signature(checkpoint.note, keys_[i]);
    if (signature == certs::Signed::NotByThisKey) continue;
    if (signature == certs::Signed::No)
      return fail(Code::Invalid, "the checkpoint's signature does not fit: it was changed");
    if (checkpoint.head.origin != keys_[i].name)
      return fail(Code::Invalid, "the checkpoint is of another log than the key");
    return check_time(checkpoint.head, i);
  }
  return fail(Code::Invalid,
              keys_.size() == 1
                  ? "the checkpoint is not signed by this key"
                  : "the checkpoint is not signed by this key, nor by one that its handovers lead to");
}

Status KeyChain::check_time(const certs::Checkpoint& head, std::size_t key) const {
  if (key < between_.size()) {
    const certs::Checkpoint& end = between_[key].head;
    if (head.size > end.size || (head.size == end.size && head.root != end.root))
      return fail(Code::Invalid, "the checkpoint is signed by a key that was handed over with " +
                                     std::to_string(end.size) + " events: its word ended there");
  }
  if (key > 0 && head.size < between_[key - 1].head.size)
    return fail(Code::Invalid, "the checkpoint is signed by a key that the log got only with " +
                                   std::to_string(between_[key - 1].head.size) + " events, and is of fewer");
  return Ok{};
}

}  // namespace postern::audit
