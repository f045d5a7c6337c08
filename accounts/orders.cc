// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/orders.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crypto.h"

namespace postern::accounts {
namespace {

using base::Json;

Ordered refuse(int status, std::string code, std::string message) {
  return {OrderRefused{status, std::move(code), std::move(message)}};
}
Ordered invalid(std::string message) { return refuse(400, "invalid", std::move(message)); }
Ordered not_found(std::string message) { return refuse(404, "not_found", std::move(message)); }
Ordered conflict(std::string message) { return refuse(409, "conflict", std::move(message)); }
Ordered no_account() { return not_found("there is no account of that name"); }
Ordered unchanged(Json reply) {
  Ordered out;
  out.reply = std::move(reply);
  out.reply["changed"] = false;
  return out;
}

// A copy that becomes the new accounts.
struct Desk {
  const Terms& terms;
  const Given& given;
  Accounts next;

  std::string text(const char* key) const { return base::json_text_or(given.arguments, key, ""); }
  bool texts(const char* key, std::vector<std::string>& out) const {
    const auto found = given.arguments.find(key);
    if (found == given.arguments.end() || !found->is_array()) return false;
    for (const Json& item : *found) {
      if (!item.is_string()) return false;
      out.push_back(item.get<std::string>());
    }
    return true;
  }
  std::string word(Rank rank) const { return std::string(to_text(rank, terms.ranks)); }
  Account* account() { return next.find(text("name")); }
  // detail: what there is to say beside whose account it is and who asked from where.
  Ordered done(std::string_view event, const std::string& subject, Json detail = Json::object(),
               Json reply = Json::object()) {
    Ordered out;
    out.event = event;
    out.subject = subject;
    out.detail = std::move(detail);
    out.detail[std::string(terms.who)] = subject;
    out.detail["client"] = given.from;
    out.reply = std::move(reply);
    out.next = std::move(next);
    return out;
  }
  Ordered quietly() {
    Ordered out;
    out.next = std::move(next);
    return out;
  }
};

std::optional<std::string> bytes_of(const Desk& desk, const char* key, std::size_t limit) {
  auto bytes = base::from_base64url(desk.text(key));
  if (!bytes || bytes->empty() || bytes->size() > limit) return std::nullopt;
  return bytes;
}

std::string sha256_of(const Desk& desk, const char* key) {
  const auto bytes = base::from_hex(desk.text(key));
  return bytes && bytes->size() == 32 ? base::to_hex(*bytes) : std::string();
}

// Name and role of somebody new; refused if they cannot be.
std::optional<Ordered> refuse_new(const Desk& desk, const std::string& name, std::optional<Rank> rank) {
  const Accounts& accounts = desk.next;
  if (!is_account_name(name)) {
    return invalid(
        "name must be 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit, and "
        "not with "
        "\"uid-\"");
  }
  if (!rank) return invalid("role must be " + listed(desk.terms.ranks));
  if (accounts.find(name) != nullptr) return conflict("there is an account of that name already");
  if (accounts.list.size() >= kMostAccounts)
    return refuse(429, "limit_reached", "there are too many accounts: remove one first");
  return std::nullopt;
}

Ordered enroll(Desk& desk, const std::string& name, Rank rank, const std::string& invitation) {
  Account account;
  account.name = name;
  account.rank = rank;
  account.password = desk.text("password");
  if (!is_password_hash(account.password)) return invalid("password must be an Argon2id hash");
  account.handle = base::random_bytes(kHandleSize);
  account.added = desk.terms.now;
  std::erase_if(desk.next.invitations, [&](const Invitation& one) { return one.name == name; });
  desk.next.list.push_back(std::move(account));
  Json detail{{"role", desk.word(rank)}};
  if (!invitation.empty()) detail["invitation"] = invitation;
  return desk.done("added", name, std::move(detail), {{"name", name}, {"role", desk.word(rank)}});
}

Ordered add(Desk& desk) {
  const std::string name = desk.text("name");
  const auto rank = parse_rank(desk.text("role"), desk.terms.ranks);
  if (auto refused = refuse_new(desk, name, rank)) return *std::move(refused);
  return enroll(desk, name, *rank, {});
}

bool is_last_admin(const Accounts& accounts, const Account& account) {
  return is_local_admin(account) && accounts.local_admins() == 1;
}
Ordered last_admin() {
  return refuse(409, "last_admin",
                "this is the last admin who gets in without an identity provider: make somebody else one "
                "first");
}

Ordered remove(Desk& desk) {
  const Account* account = desk.account();
  if (account == nullptr) return no_account();
  if (is_last_admin(desk.next, *account)) return last_admin();
  const std::string name = account->name;
  const Rank rank = account->rank;
  std::erase_if(desk.next.list, [&](const Account& one) { return one.name == name; });
  return desk.done("removed", name, {{"role", desk.word(rank)}});
}

Ordered set_role(Desk& desk) {
  Account* account = desk.account();
  const auto rank = parse_rank(desk.text("role"), desk.terms.ranks);
  if (account == nullptr) return no_account();
  if (!rank) return invalid("role must be " + listed(desk.terms.ranks));
  const Rank old = account->rank;
  Json reply{{"name", account->name}, {"role", desk.word(*rank)}};
  if (old == *rank) return unchanged(std::move(reply));
  if (is_last_admin(desk.next, *account)) return last_admin();
  if (account->provider && *rank > account->provider->most)
    return conflict("its groups at the provider give " + account->name + " no more than " +
                    desk.word(account->provider->most));
  if (account->provider) account->provider->lowered = *rank == Rank::Auditor;
  account->rank = *rank;
  return desk.done("role_changed", account->name, {{"old", desk.word(old)}, {"new", desk.word(*rank)}},
                   std::move(reply));
}

Ordered set_locked(Desk& desk, bool locked) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  Json reply{{"name", account->name}, {"locked", locked}};
  if (account->locked == locked) return unchanged(std::move(reply));
  if (is_last_admin(desk.next, *account)) return last_admin();
  account->locked = locked;
  return desk.done(locked ? "locked" : "unlocked", account->name, Json::object(), std::move(reply));
}
Ordered lock(Desk& desk) { return set_locked(desk, true); }
Ordered unlock(Desk& desk) { return set_locked(desk, false); }

Ordered set_password(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  account->password = desk.text("password");
  if (!is_password_hash(account->password)) return invalid("password must be an Argon2id hash");
  return desk.done("password_changed", account->name,
                   {{"reset", base::json_bool_or(desk.given.arguments, "reset", false)}});
}

Ordered add_passkey(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  const auto id = bytes_of(desk, "id", kLongestCredential);
  const auto key = bytes_of(desk, "key", kLongestKey);
  const std::int64_t counter = base::json_number_or(desk.given.arguments, "counter", -1);
  Passkey passkey;
  passkey.name = desk.text("label");
  passkey.rp = desk.text("rp");
  if (!id || !key || passkey.rp.empty() || counter < 0 || counter > std::numeric_limits<std::uint32_t>::max())
    return invalid("a passkey needs id, rp, key and counter");
  if (!is_label(passkey.name, kLongestPasskeyName))
    return invalid("a passkey needs a name of at most 64 bytes");
  for (const Account& other : desk.next.list) {
    const auto same = [&](const Passkey& one) { return one.id == *id; };
    if (std::any_of(other.passkeys.begin(), other.passkeys.end(), same))
      return conflict("that passkey is registered already");
  }
  if (account->passkeys.size() >= kMostPasskeys)
    return refuse(429, "limit_reached", "there are too many passkeys: remove one first");
  passkey.id = *id;
  passkey.key = *key;
  passkey.counter = static_cast<std::uint32_t>(counter);
  passkey.added = desk.terms.now;
  const std::string label = passkey.name;
  account->passkeys.push_back(std::move(passkey));
  return desk.done("passkey_added", account->name, {{"passkey", label}});
}

Passkey* find_passkey(Account& account, const std::optional<std::string>& id) {
  const auto at = std::find_if(account.passkeys.begin(), account.passkeys.end(),
                               [&](const Passkey& one) { return id && one.id == *id; });
  return at == account.passkeys.end() ? nullptr : &*at;
}

Ordered remove_passkey(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  const Passkey* passkey = find_passkey(*account, bytes_of(desk, "id", kLongestCredential));
  if (passkey == nullptr) return not_found("the account has no such passkey");
  const std::string id = passkey->id, label = passkey->name;
  std::erase_if(account->passkeys, [&](const Passkey& one) { return one.id == id; });
  return desk.done("passkey_removed", account->name, {{"passkey", label}});
}

// Whoever uses a factor signs in with it: one that is locked does not, whatever the face thought of it before this order's turn.
Ordered is_locked() { return conflict("the account is locked"); }

// The counter is judged by the face; that it only rises is seen to here as well, where two sign-ins at once meet.
Ordered use_passkey(Desk& desk) {
  Account* account = desk.account();
  Passkey* passkey =
      account == nullptr ? nullptr : find_passkey(*account, bytes_of(desk, "id", kLongestCredential));
  if (passkey == nullptr) return not_found("the account has no such passkey");
  if (account->locked) return is_locked();
  const std::int64_t counter = base::json_number_or(desk.given.arguments, "counter", -1);
  if (counter < 0 || counter > std::numeric_limits<std::uint32_t>::max()) return invalid("counter is needed");
  const bool counts = counter != 0 || passkey->counter != 0;
  if (counts && counter <= passkey->counter) return conflict("the passkey's counter has not risen");
  passkey->counter = static_cast<std::uint32_t>(counter);
  passkey->used = desk.terms.now;
  return desk.quietly();
}

bool read_recovery(const Desk& desk, std::vector<std::string>& out) {
  if (!desk.texts("recovery", out) || out.empty() || out.size() > kMostRecoveryCodes) return false;
  return std::all_of(out.begin(), out.end(), [](const std::string& hash) {
    const auto bytes = base::from_hex(hash);
    return bytes && bytes->size() == 32 && base::to_hex(*bytes) == hash;
  });
}

Ordered set_totp(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  const auto secret = bytes_of(desk, "secret", kTotpSecretSize);
  const std::int64_t step = base::json_number_or(desk.given.arguments, "step", -1);
  std::vector<std::string> recovery;
  if (!secret || secret->size() != kTotpSecretSize || step < 0 || !read_recovery(desk, recovery))
    return invalid("secret, step and recovery are needed");
  account->totp = Totp{*secret, step};
  account->recovery = std::move(recovery);
  return desk.done("totp_enabled", account->name);
}

Ordered remove_totp(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  if (!account->totp) return unchanged(Json::object());
  account->totp.reset();
  account->recovery.clear();
  return desk.done("totp_disabled", account->name);
}

Ordered use_totp(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr || !account->totp) return no_account();
  if (account->locked) return is_locked();
  const std::int64_t step = base::json_number_or(desk.given.arguments, "step", -1);
  if (step <= account->totp->step) return conflict("that code was used already");
  account->totp->step = step;
  return desk.quietly();
}

Ordered set_recovery(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  std::vector<std::string> recovery;
  if (!account->totp) return conflict("recovery codes stand in for an authenticator app: set one up first");
  if (!read_recovery(desk, recovery)) return invalid("recovery must be a list of hashes");
  account->recovery = std::move(recovery);
  return desk.done("recovery_codes_made", account->name,
                   {{"codes", static_cast<std::int64_t>(account->recovery.size())}});
}

Ordered use_recovery(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  if (account->locked) return is_locked();
  const std::string hash = sha256_of(desk, "code_sha256");
  if (hash.empty() || std::erase(account->recovery, hash) == 0)
    return conflict("there is no such code any more");
  return desk.done("recovery_code_used", account->name,
                   {{"left", static_cast<std::int64_t>(account->recovery.size())}});
}

Ordered reset_second_factor(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  if (account->passkeys.empty() && !account->totp) return unchanged(Json::object());
  const auto passkeys = static_cast<std::int64_t>(account->passkeys.size());
  account->passkeys.clear();
  account->totp.reset();
  account->recovery.clear();
  return desk.done("second_factor_reset", account->name, {{"passkeys", passkeys}});
}

Ordered invite(Desk& desk) {
  const std::string name = desk.text("name");
  const auto rank = parse_rank(desk.text("role"), desk.terms.ranks);
  if (auto refused = refuse_new(desk, name, rank)) return *std::move(refused);
  Invitation invitation;
  invitation.id = desk.terms.ids.make(desk.terms.now);
  invitation.name = name;
  invitation.rank = *rank;
  invitation.token_sha256 = sha256_of(desk, "token_sha256");
  invitation.by = desk.given.actor;
  invitation.created = desk.terms.now;
  invitation.expires = desk.terms.now + kInvitationLife;
  if (invitation.token_sha256.empty()) return invalid("token_sha256 is needed");
  // Whoever is invited again has the newest link alone.
  std::erase_if(desk.next.invitations, [&](const Invitation& one) { return one.name == name; });
  if (desk.next.invitations.size() >= kMostInvitations)
    return refuse(429, "limit_reached", "there are too many invitations: take one back first");
  desk.next.invitations.push_back(invitation);
  return desk.done("invited", name,
                   {{"role", desk.word(*rank)},
                    {"invitation", invitation.id},
                    {"expires", base::format_time(invitation.expires)}},
                   {{"id", invitation.id},
                    {"name", name},
                    {"role", desk.word(*rank)},
                    {"expires", base::format_time(invitation.expires)}});
}

Ordered revoke_invitation(Desk& desk) {
  const std::string id = desk.text("id");
  auto& list = desk.next.invitations;
  const auto at = std::find_if(list.begin(), list.end(), [&](const Invitation& one) { return one.id == id; });
  if (at == list.end())
    return not_found("there is no such invitation: it was used, taken back, or has run out");
  const std::string name = at->name;
  list.erase(at);
  return desk.done("invitation_revoked", name, {{"invitation", id}});
}

Ordered accept(Desk& desk) {
  const Invitation* found = desk.next.find_invitation(sha256_of(desk, "token_sha256"));
  if (found == nullptr) return not_found("this invitation was used, taken back, or has run out");
  const Invitation invitation = *found;
  if (auto refused = refuse_new(desk, invitation.name, invitation.rank)) return *std::move(refused);
  return enroll(desk, invitation.name, invitation.rank, invitation.id);
}

struct OrderRow {
  std::string_view order;
  Ordered (*decide)(Desk&);
  bool gives_keys = false;  // of which an account of a provider has none
};
constexpr std::array<OrderRow, 18> kOrderTable{{
    {"add", add},
    {"remove", remove},
    {"set_role", set_role},
    {"lock", lock},
    {"unlock", unlock},
    {"set_password", set_password, true},
    {"add_passkey", add_passkey, true},
    {"remove_passkey", remove_passkey},
    {"use_passkey", use_passkey},
    {"set_totp", set_totp, true},
    {"remove_totp", remove_totp},
    {"use_totp", use_totp},
    {"set_recovery", set_recovery, true},
    {"use_recovery", use_recovery},
    {"reset_second_factor", reset_second_factor},
    {"invite", invite},
    {"revoke_invitation", revoke_invitation},
    {"accept", accept},
}};

const OrderRow* find_order(std::string_view name) {
  const auto* at = std::find_if(kOrderTable.begin(), kOrderTable.end(),
                                [&](const OrderRow& row) { return row.order == name; });
  return at == kOrderTable.end() ? nullptr : at;
}

}  // namespace

bool is_order(std::string_view name) { return find_order(name) != nullptr; }

Ordered decide(const Terms& terms, const Accounts& accounts, const Given& given) {
  const OrderRow* row = find_order(given.order);
  POSTERN_CHECK(row != nullptr);
  Desk desk{terms, given, accounts};
  // Nothing is said of those that have run out: their end stands in the event that made them.
  std::erase_if(desk.next.invitations, [&](const Invitation& one) { return one.expires <= terms.now; });
  const Account* account = desk.account();
  if (row->gives_keys && account != nullptr && account->provider)
    return conflict(account->name +
                    " signs in by the identity provider, where their password and second "
                    "factors are kept");
  return row->decide(desk);
}

}  // namespace postern::accounts
