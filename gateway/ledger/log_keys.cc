// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/log_keys.h"

#include <algorithm>

namespace postern::ledger {

using base::Code;
using base::fail;
using base::Result;
using certs::VerifierKey;

const certs::Handover* LogKeys::from(const VerifierKey& key) const {
  const auto found = std::find_if(handovers_.begin(), handovers_.end(),
                                  [&key](const certs::Handover& one) { return one.from == key; });
  return found == handovers_.end() ? nullptr : &*found;
}

Result<VerifierKey> LogKeys::signing(std::string_view current, std::string_view successor,
                                     const std::optional<audit::SignedCheckpoint>& published) const {
  if (current.empty())
    return fail(Code::Unavailable, "the keeper has not told the log's key, so no checkpoint can be signed");
  auto key = certs::parse_verifier_key(current);
  if (!key.ok()) return key;
  if (const certs::Handover* handover = from(*key); handover != nullptr) {
    const std::string to = certs::format_verifier_key(handover->to);
    if (successor != to)
      return fail(Code::Invalid, "the log was handed over to the key " + to +
                                     ": put that back as log.key, in place of the one before it");
    key = handover->to;
  }
  if (!published) return key;
  const auto chain = audit::KeyChain::of(*key, handovers_);
  if (!chain.ok()) return chain.error();
  if (const base::Status good = chain->check(*published); !good.ok()) {
    return fail(good.error().code,
                good.error().message +
                    ": log.key is not the one that this log was signed with; put that back, or "
                    "move the folders log and journal aside to begin a new log");
  }
  return key;
}

}  // namespace postern::ledger
