// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Commands about accounts, a JSON object per line, as a console sends them: refused, or an event that can be read and accounts that are
// valid, can be kept and read again, and have an admin of their own, who is not locked, if they had one. Some come by a provider.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/ledger/decide_account.h"

using namespace postern;

static bool has_admin(const accounts::Accounts& all) {
  const auto kept = accounts::parse_accounts(accounts::format_accounts(all, {}));
  POSTERN_CHECK(kept.ok() && kept->accounts == all);
  return std::any_of(all.list.begin(), all.list.end(), accounts::is_local_admin);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static base::UlidMaker ids;
  static const ledger::Limits limits;
  static const ledger::PolicySummary policy{"sha256:00", {}, {}, {}, {}, 2};
  static const ledger::Tallies tallies;
  static const ledger::OpenIdTerms terms{
      "https://c.example", "email", {}, false, {{"admin", {"ops"}}, {"auditor", {"audit"}}}};
  const base::Micros now = 1'772'366'400 * base::kWallSecond;
  const std::string key(32, 'k');
  const state::State state;
  accounts::Accounts all =
      *accounts::parse_admins(R"({"admins":[{"name":"root","role":"admin","password":"$argon2id$x"}]})");
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (int lines = 0; !rest.empty() && lines < 32; ++lines) {
    const auto order = base::parse_json(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(std::min(rest.size(), rest.substr(0, rest.find('\n')).size() + 1));
    if (!order.ok() || !order->is_object() ||
        !ledger::is_account_command(base::json_text_or(*order, "command", "")))
      continue;
    const bool had = has_admin(all);
    ledger::Context context{state, policy, limits, tallies, ids, now, key, true};
    context.admin_openid = &terms;
    auto made = ledger::decide_account(context, all, *order);
    POSTERN_CHECK(!made.decision.refused || (!made.next && !made.decision.refused->code.empty()));
    POSTERN_CHECK(made.decision.events.size() <= 1);
    if (made.next) all = std::move(*made.next);
    POSTERN_CHECK(!had || has_admin(all));
  }
  return 0;
}
