// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/admins.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/json.h"

namespace postern::console {
namespace {

constexpr std::size_t kTokenSize = 32;
constexpr std::size_t kTokenText = 43;  // in base64url

base::Result<Account> parse_account(const base::Json& json) {
  const std::string* name = base::json_text(json, "name");
  const std::string* role = base::json_text(json, "role");
  const std::string* password = base::json_text(json, "password");
  if (name == nullptr || name->empty() || role == nullptr || password == nullptr) {
    return base::fail(base::Code::Invalid, "an admin needs name, role and password");
  }
  if (*role != "admin" && *role != "auditor") {
    return base::fail(base::Code::Invalid, "the role of " + base::printable(*name) + " is admin or auditor");
  }
  if (!password->starts_with("$argon2id$")) {
    return base::fail(base::Code::Invalid,
                      "the password of " + base::printable(*name) + " is not an Argon2id hash");
  }
  return Account{*name, *role == "admin" ? Rank::Admin : Rank::Auditor, *password};
}

std::string key_of(std::string_view cookie) { return base::sha256_hex(cookie); }

}  // namespace

base::Result<std::vector<Account>> parse_accounts(std::string_view admins_json) {
  const base::Result<base::Json> json = base::parse_json(admins_json);
  if (!json.ok()) return json.error();
  const auto list = json->is_object() ? json->find("admins") : json->end();
  if (!json->is_object() || list == json->end() || !list->is_array()) {
    return base::fail(base::Code::Invalid, "admins.json is an object with a list \"admins\"");
  }
  std::vector<Account> accounts;
  for (const base::Json& entry : *list) {
    base::Result<Account> account = parse_account(entry);
    if (!account.ok()) return std::move(account).error();
    const auto same = [&](const Account& other) { return other.name == account->name; };
    if (std::any_of(accounts.begin(), accounts.end(), same)) {
      return base::fail(base::Code::Invalid, "there are two admins called " + base::printable(account->name));
    }
    accounts.push_back(std::move(*account));
  }
  return accounts;
}

std::string SignIns::open(const Account& account, base::Nanos now, base::Micros wall) {
  make_room(now);
  std::string cookie = base::to_base64url(base::random_bytes(kTokenSize));
  open_[key_of(cookie)] = {account, wall, now, now};
  return cookie;
}

bool SignIns::alive(const Open& open, base::Nanos now) {
  return now - open.seen < kIdle && now - open.opened < kAbsolute;
}

std::optional<Identity> SignIns::find(std::string_view cookie, base::Nanos now) {
  if (cookie.size() != kTokenText) return std::nullopt;
  const auto found = open_.find(key_of(cookie));
  if (found == open_.end()) return std::nullopt;
  if (!alive(found->second, now)) {
    open_.erase(found);
    return std::nullopt;
  }
  found->second.seen = now;
  return Identity{found->second.account.name, found->second.account.rank, found->first, found->second.since};
}

bool SignIns::alive(const std::string& session, base::Nanos now) const {
  const auto found = open_.find(session);
  return found != open_.end() && alive(found->second, now);
}

void SignIns::close(const std::string& session) { open_.erase(session); }

void SignIns::keep_only(const std::vector<Account>& accounts) {
  std::erase_if(open_, [&](const auto& entry) {
    return std::none_of(accounts.begin(), accounts.end(), [&](const Account& account) {
      const Account& held = entry.second.account;
      return account.name == held.name && account.rank == held.rank &&
             account.password_hash == held.password_hash;
    });
  });
}

void SignIns::make_room(base::Nanos now) {
  if (open_.size() < kMost) return;
  std::erase_if(open_, [&](const auto& entry) { return !alive(entry.second, now); });
  if (open_.size() < kMost) return;
  open_.erase(std::min_element(open_.begin(), open_.end(),
                               [](const auto& a, const auto& b) { return a.second.seen < b.second.seen; }));
}

}  // namespace postern::console
