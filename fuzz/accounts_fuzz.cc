// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The accounts, as somebody may have left them in the state directory; and the configured list of them.
#include <cstdint>
#include <string_view>

#include "accounts/account.h"
#include "base/check.h"
#include "base/crypto.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = base::init_crypto().ok();
  POSTERN_CHECK(ready);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto seed = accounts::parse_admins(bytes); seed.ok()) {
    const auto kept = accounts::parse_accounts(accounts::format_accounts(*seed, {}));
    POSTERN_CHECK(kept.ok() && kept->accounts == *seed);
  }
  const auto read = accounts::parse_accounts(bytes);
  if (!read.ok()) return 0;
  const auto again = accounts::parse_accounts(accounts::format_accounts(read->accounts, read->event));
  POSTERN_CHECK(again.ok() && again->accounts == read->accounts && again->event == read->event);
  return 0;
}
