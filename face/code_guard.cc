// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/code_guard.h"

#include <algorithm>

namespace postern::face {

base::Nanos CodeGuard::wait(std::string_view account, base::Nanos now) const {
  const auto at = by_account_.find(account);
  if (at == by_account_.end() || at->second.failures < kFreeFailures) return 0;
  const int doublings = std::min(at->second.failures - kFreeFailures, 30);
  const base::Nanos until = at->second.last + std::min(kFirstDelay << doublings, kLongestDelay);
  return std::max(until - now, base::Nanos{0});
}

void CodeGuard::failed(std::string_view account, base::Nanos now) {
  Seen& seen = by_account_[std::string(account)];
  if (now - seen.last >= kForget) seen.failures = 0;
  ++seen.failures;
  seen.last = now;
}

void CodeGuard::succeeded(std::string_view account) {
  if (const auto at = by_account_.find(account); at != by_account_.end()) by_account_.erase(at);
}

int CodeGuard::failures(std::string_view account) const {
  const auto at = by_account_.find(account);
  return at == by_account_.end() ? 0 : at->second.failures;
}

}  // namespace postern::face
