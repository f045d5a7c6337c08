// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/tallies.h"

namespace postern::ledger {

void Tallies::close(std::string_view session) {
  const auto it = of_.find(session);
  if (it != of_.end()) of_.erase(it);
}

Tally* Tallies::find(std::string_view session) {
  const auto it = of_.find(session);
  return it == of_.end() ? nullptr : &it->second;
}

Tally Tallies::of(std::string_view session) const {
  const auto it = of_.find(session);
  return it == of_.end() ? Tally{} : it->second;
}

}  // namespace postern::ledger
