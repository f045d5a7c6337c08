// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/account.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/json.h"

namespace postern::accounts {
namespace {

constexpr std::string_view kUnknownName = "unknown";  // of who was refused, in events

using base::Code;
using base::fail;
using base::Json;
using base::Result;

constexpr int kDepth = 8;
constexpr std::size_t kLongestHash = 512;
constexpr std::size_t kUlidSize = 26;
constexpr std::size_t kLongestProviderText = 2048;

bool is_sha256(std::string_view hex) {
  const auto bytes = base::from_hex(hex);
  return bytes && bytes->size() == 32 && base::to_hex(*bytes) == hex;
}

Result<Account> parse_configured(const Json& json, const Ranks& ranks) {
  const std::string* name = base::json_text(json, "name");
  const std::string* role = base::json_text(json, "role");
  const std::string* password = base::json_text(json, "password");
  if (name == nullptr || role == nullptr || password == nullptr || !is_label(*name, kLongestName))
    return fail(Code::Invalid, "an admin needs name, role and password");
  const auto rank = parse_rank(*role, ranks);
  if (!rank)
    return fail(Code::Invalid, "the role of " + base::printable(*name) + " must be " + listed(ranks));
  if (!is_password_hash(*password))
    return fail(Code::Invalid, "the password of " + base::printable(*name) + " is not an Argon2id hash");
  Account account;
  account.name = *name;
  account.rank = *rank;
  account.password = *password;
  account.handle = base::random_bytes(kHandleSize);
  return account;
}

// Reads the fields of one object; a single wrong one makes it fail for good.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json), ok_(json.is_object()) {}
  std::string text(const char* key) {
    const std::string* found = ok_ ? base::json_text(json_, key) : nullptr;
    ok_ = found != nullptr;
    return ok_ ? *found : std::string();
  }
  std::string bytes(const char* key) {
    auto decoded = base::from_base64url(text(key));
    ok_ = ok_ && decoded.has_value();
    return ok_ ? *std::move(decoded) : std::string();
  }
  base::Micros time(const char* key) {
    const auto parsed = base::parse_time(text(key));
    ok_ = ok_ && parsed.ok();
    return ok_ ? *parsed : 0;
  }
  base::Micros time_if_there(const char* key) { return ok_ && json_.contains(key) ? time(key) : 0; }
  bool flag_if_there(const char* key) {
    if (!ok_ || !json_.contains(key)) return false;
    ok_ = json_[key].is_boolean();
    return ok_ && json_[key].get<bool>();
  }
  Rank rank(const char* key, const Ranks& ranks) {
    const auto parsed = parse_rank(text(key), ranks);
    ok_ = ok_ && parsed.has_value();
    return ok_ ? *parsed : Rank::Auditor;
  }
  std::int64_t number(const char* key, std::int64_t most) {
    const std::int64_t value = ok_ ? base::json_number_or(json_, key, -1) : -1;
    ok_ = ok_ && value >= 0 && value <= most;
    return ok_ ? value : 0;
  }
  template <typename Take>
  void list(const char* key, std::size_t most, Take take) {
    if (ok_) ok_ = json_.contains(key) && json_[key].is_array() && json_[key].size() <= most;
    if (!ok_) return;
    for (const Json& item : json_[key]) {
      if (!ok_) return;
      ok_ = take(item);
    }
  }
  const Json* object(const char* key) const {
    return ok_ && json_.contains(key) && json_[key].is_object() ? &json_[key] : nullptr;
  }
  bool has(const char* key) const { return ok_ && json_.contains(key); }
  bool ok() const { return ok_; }

 private:
  const Json& json_;
  bool ok_;
};

bool read_passkey(const Json& json, Passkey& out) {
  Fields in(json);
  out.id = in.bytes("id");
  out.name = in.text("name");
  out.rp = in.text("rp");
  out.key = in.bytes("key");
  out.counter = static_cast<std::uint32_t>(in.number("counter", std::numeric_limits<std::uint32_t>::max()));
  out.added = in.time("added");
  out.used = in.time_if_there("used");
  return in.ok() && !out.id.empty() && out.id.size() <= kLongestCredential && !out.key.empty() &&
         out.key.size() <= kLongestKey && is_label(out.name, kLongestPasskeyName) && !out.rp.empty();
}

bool read_totp(const Json& json, Totp& out) {
  Fields in(json);
  out.secret = in.bytes("secret");
  out.step = in.number("step", std::numeric_limits<std::int64_t>::max());
  return in.ok() && out.secret.size() == kTotpSecretSize;
}

bool read_provider(const Json& json, const Ranks& ranks, ProviderAccount& out) {
  Fields in(json);
  out.issuer = in.text("issuer");
  out.subject = in.text("subject");
  out.most = in.rank("most", ranks);
  out.lowered = in.flag_if_there("lowered");
  return in.ok() && is_provider_text(out.issuer) && is_provider_text(out.subject);
}

// Whoever is known by a provider has nothing else that opens.
bool has_right_keys(const Account& account) {
  if (!account.provider) return is_password_hash(account.password);
  return account.password.empty() && account.passkeys.empty() && !account.totp && account.recovery.empty();
}

bool read_account(const Json& json, const Ranks& ranks, Account& out) {
  Fields in(json);
  out.name = in.text("name");
  out.rank = in.rank("role", ranks);
  out.password = in.text("password");
  out.handle = in.bytes("handle");
  out.added = in.time_if_there("added");
  in.list("passkeys", kMostPasskeys,
          [&](const Json& item) { return read_passkey(item, out.passkeys.emplace_back()); });
  in.list("recovery", kMostRecoveryCodes, [&](const Json& item) {
    if (!item.is_string() || !is_sha256(item.get_ref<const std::string&>())) return false;
    out.recovery.push_back(item.get<std::string>());
    return true;
  });
  if (in.has("totp")) {
    const Json* totp = in.object("totp");
    if (totp == nullptr || !read_totp(*totp, out.totp.emplace())) return false;
  }
  out.locked = in.flag_if_there("locked");
  if (in.has("openid")) {
    const Json* provider = in.object("openid");
    if (provider == nullptr || !read_provider(*provider, ranks, out.provider.emplace())) return false;
  }
  return in.ok() && is_label(out.name, kLongestName) && has_right_keys(out) &&
         out.handle.size() == kHandleSize;
}

bool read_invitation(const Json& json, const Ranks& ranks, Invitation& out) {
  Fields in(json);
  out.id = in.text("id");
  out.name = in.text("name");
  out.rank = in.rank("role", ranks);
  out.token_sha256 = in.text("token_sha256");
  out.by = in.text("by");
  out.created = in.time("created");
  out.expires = in.time("expires");
  return in.ok() && out.id.size() == kUlidSize && is_account_name(out.name) && is_sha256(out.token_sha256);
}

// Names, handles and credentials lead to one account each.
bool is_unambiguous(const Accounts& accounts) {
  std::set<std::string_view> names, handles, credentials;
  std::set<std::pair<std::string_view, std::string_view>> provided;
  for (const Account& account : accounts.list) {
    if (account.provider && !provided.insert({account.provider->issuer, account.provider->subject}).second)
      return false;
    if (!names.insert(account.name).second || !handles.insert(account.handle).second) return false;
    for (const Passkey& passkey : account.passkeys) {
      if (!credentials.insert(passkey.id).second) return false;
    }
  }
  return true;
}

Json passkeys_json(const Account& account) {
  Json list = Json::array();
  for (const Passkey& passkey : account.passkeys) {
    Json one{{"id", base::to_base64url(passkey.id)},
             {"name", passkey.name},
             {"rp", passkey.rp},
             {"key", base::to_base64url(passkey.key)},
             {"counter", passkey.counter},
             {"added", base::format_time(passkey.added)}};
    if (passkey.used > 0) one["used"] = base::format_time(passkey.used);
    list.push_back(std::move(one));
  }
  return list;
}

Json account_json(const Account& account, const Ranks& ranks) {
  Json one{{"name", account.name},
           {"role", to_text(account.rank, ranks)},
           {"password", account.password},
           {"handle", base::to_base64url(account.handle)},
           {"passkeys", passkeys_json(account)},
           {"recovery", account.recovery}};
  if (account.added > 0) one["added"] = base::format_time(account.added);
  if (account.totp)
    one["totp"] = {{"secret", base::to_base64url(account.totp->secret)}, {"step", account.totp->step}};
  if (account.locked) one["locked"] = true;
  if (account.provider) {
    const ProviderAccount& provider = *account.provider;
    one["openid"] = {
        {"issuer", provider.issuer}, {"subject", provider.subject}, {"most", to_text(provider.most, ranks)}};
    if (provider.lowered) one["openid"]["lowered"] = true;
  }
  return one;
}

}  // namespace

std::string_view to_text(Rank rank, const Ranks& ranks) {
  return ranks.words.at(static_cast<std::size_t>(rank));
}

std::optional<Rank> parse_rank(std::string_view text, const Ranks& ranks) {
  for (const Rank rank : {Rank::Auditor, Rank::Operator, Rank::Admin}) {
    if (!text.empty() && text == to_text(rank, ranks)) return rank;
  }
  return std::nullopt;
}

std::string listed(const Ranks& ranks) {
  std::string out;
  for (const std::string_view word : ranks.words) {
    if (!word.empty()) out.append(out.empty() ? "" : " or ").append(word);
  }
  return out;
}

bool is_account_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && plain(name.front()) && !name.starts_with("uid-") &&
         name != kUnknownName && std::all_of(name.begin(), name.end(), [plain](char c) {
           return plain(c) || c == '.' || c == '_' || c == '-';
         });
}

bool is_provider_name(std::string_view name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kLongestName && alphanumeric(name.front()) &&
         !name.starts_with("uid-") && name != kUnknownName &&
         std::all_of(name.begin(), name.end(), [alphanumeric](char c) {
           return alphanumeric(c) || std::string_view("._-@+").find(c) != std::string_view::npos;
         });
}

bool is_label(std::string_view text, std::size_t limit) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return !text.empty() && text.size() <= limit && base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(), control);
}

bool is_provider_text(std::string_view text) { return is_label(text, kLongestProviderText); }

bool is_password_hash(std::string_view text) {
  return text.starts_with("$argon2id$") && is_label(text, kLongestHash);
}

const Account* Accounts::find(std::string_view name) const {
  const auto at =
      std::find_if(list.begin(), list.end(), [&](const Account& one) { return one.name == name; });
  return at == list.end() ? nullptr : &*at;
}
Account* Accounts::find(std::string_view name) {
  return const_cast<Account*>(static_cast<const Accounts*>(this)->find(name));
}

const Account* Accounts::find_handle(std::string_view handle) const {
  const auto at =
      std::find_if(list.begin(), list.end(), [&](const Account& one) { return one.handle == handle; });
  return at == list.end() ? nullptr : &*at;
}

const Invitation* Accounts::find_invitation(std::string_view token_sha256) const {
  const auto at = std::find_if(invitations.begin(), invitations.end(), [&](const Invitation& one) {
    return base::equals_constant_time(one.token_sha256, token_sha256);
  });
  return at == invitations.end() ? nullptr : &*at;
}

const Account* Accounts::find_provider(std::string_view issuer, std::string_view subject) const {
  const auto at = std::find_if(list.begin(), list.end(), [&](const Account& one) {
    return one.provider && one.provider->issuer == issuer && one.provider->subject == subject;
  });
  return at == list.end() ? nullptr : &*at;
}

bool is_local_admin(const Account& account) {
  return account.rank == Rank::Admin && !account.locked && !account.provider;
}

std::size_t Accounts::local_admins() const {
  return static_cast<std::size_t>(std::count_if(list.begin(), list.end(), is_local_admin));
}

Result<Accounts> parse_admins(std::string_view admins_json, const Ranks& ranks) {
  const Result<Json> json = base::parse_json(admins_json, kDepth);
  if (!json.ok()) return json.error();
  if (!json->is_object() || !json->contains("admins") || !(*json)["admins"].is_array())
    return fail(Code::Invalid, "it must be an object with a list \"admins\"");
  Accounts accounts;
  for (const Json& entry : (*json)["admins"]) {
    if (accounts.list.size() >= kMostAccounts)
      return fail(Code::Invalid, "there are more than " + std::to_string(kMostAccounts) + " admins");
    Result<Account> account = parse_configured(entry, ranks);
    if (!account.ok()) return std::move(account).error();
    if (accounts.find(account->name) != nullptr)
      return fail(Code::Invalid, "there are two admins called " + base::printable(account->name));
    accounts.list.push_back(*std::move(account));
  }
  return accounts;
}

std::string format_accounts(const Accounts& accounts, std::string_view event, const Ranks& ranks) {
  Json list = Json::array();
  for (const Account& account : accounts.list) list.push_back(account_json(account, ranks));
  Json invitations = Json::array();
  for (const Invitation& invitation : accounts.invitations) {
    invitations.push_back({{"id", invitation.id},
                           {"name", invitation.name},
                           {"role", to_text(invitation.rank, ranks)},
                           {"token_sha256", invitation.token_sha256},
                           {"by", invitation.by},
                           {"created", base::format_time(invitation.created)},
                           {"expires", base::format_time(invitation.expires)}});
  }
  Json json{{"v", 1}, {"accounts", std::move(list)}, {"invitations", std::move(invitations)}};
  if (!event.empty()) json["event"] = event;
  return base::dump_json(json) + "\n";
}

Result<AccountsText> parse_accounts(std::string_view text, const Ranks& ranks) {
  const base::Error wrong = fail(Code::Invalid, "these are not the accounts of a console");
  const Result<Json> json = base::parse_json(text, kDepth);
  if (!json.ok() || !json->is_object() || base::json_number_or(*json, "v", 0) != 1) return wrong;
  AccountsText out;
  Fields in(*json);
  if (in.has("event")) out.event = in.text("event");
  in.list("accounts", kMostAccounts,
          [&](const Json& item) { return read_account(item, ranks, out.accounts.list.emplace_back()); });
  in.list("invitations", kMostInvitations, [&](const Json& item) {
    return read_invitation(item, ranks, out.accounts.invitations.emplace_back());
  });
  const bool named = out.event.empty() || out.event.size() == kUlidSize;
  if (!in.ok() || !named || !is_unambiguous(out.accounts)) return wrong;
  return out;
}

}  // namespace postern::accounts
