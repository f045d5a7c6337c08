// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/shown_chains.h"

#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/log.h"

namespace postern::ipc {

struct ShownChains::Kept {
  std::map<base::Sha256, std::weak_ptr<const std::vector<std::string>>> chains;
  std::size_t bytes = 0;
  bool full = false;  // and it was said
};

ShownChains::ShownChains() : kept_(std::make_shared<Kept>()) {}

std::size_t ShownChains::bytes() const { return kept_->bytes; }

const ShownChains::Chain& ShownChains::none() {
  static const Chain kNone = std::make_shared<const std::vector<std::string>>();
  return kNone;
}

ShownChains::Chain ShownChains::keep(const std::vector<std::string_view>& certificates) {
  if (certificates.empty()) return none();
  base::BinaryWriter all;
  for (const std::string_view certificate : certificates) all.text(certificate);
  const base::Sha256 key = base::sha256(all.bytes());
  if (const auto found = kept_->chains.find(key); found != kept_->chains.end()) {
    if (Chain chain = found->second.lock(); chain != nullptr) return chain;
  }
  const std::size_t bytes = all.bytes().size();
  if (bytes > kMostBytes - kept_->bytes) {
    if (!std::exchange(kept_->full, true))
      base::log_warning("too many different certificates are shown at a time: more are not looked at");
    return none();
  }
  Chain chain(new std::vector<std::string>(certificates.begin(), certificates.end()),
              [kept = kept_, key, bytes](const std::vector<std::string>* gone) {
                delete gone;
                kept->chains.erase(key);
                kept->bytes -= bytes;
                kept->full = false;
              });
  kept_->chains[key] = chain;
  kept_->bytes += bytes;
  return chain;
}

}  // namespace postern::ipc
