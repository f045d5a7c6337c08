// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/decide_account.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/bytes.h"
#include "gateway/ledger/account_desk.h"

namespace postern::ledger {
namespace {

using account_desk::Desk;
using account_desk::no;
using account_desk::no_account;
using accounts::Account;
using accounts::Accounts;
using accounts::Invitation;
using accounts::Passkey;
using accounts::Rank;
using audit::EventType;
using base::Json;

std::optional<std::string> bytes_of(const Order& order, const char* key, std::size_t limit) {
  auto bytes = base::from_base64url(order.text(key));
  if (!bytes || bytes->empty() || bytes->size() > limit) return std::nullopt;
  return bytes;
}

std::string sha256_of(const Order& order, const char* key) {
  const auto bytes = base::from_hex(order.text(key));
  return bytes && bytes->size() == 32 ? base::to_hex(*bytes) : std::string();
}

// Name and role of somebody new; refused if they cannot be.
std::optional<Decision> refuse_new(const Accounts& accounts, const std::string& name,
                                   std::optional<Rank> rank) {
  if (!accounts::is_account_name(name)) {
    return invalid(
        "name must be 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit, and "
        "not with "
        "\"uid-\"");
  }
  if (!rank) return invalid("role must be admin or auditor");
  if (accounts.find(name) != nullptr) return conflict("there is an account of that name already");
  if (accounts.list.size() >= accounts::kMostAccounts)
    return refuse(base::Refusal::LimitReached, "there are too many accounts: remove one first");
  return std::nullopt;
}

AccountDecision enroll(Desk& desk, const std::string& name, Rank rank, const std::string& invitation) {
  Account account;
  account.name = name;
  account.rank = rank;
  account.password = desk.order.text("password");
  if (!accounts::is_password_hash(account.password)) return no(invalid("password must be an Argon2id hash"));
  account.handle = base::random_bytes(accounts::kHandleSize);
  account.added = desk.context.now;
  std::erase_if(desk.next.invitations, [&](const Invitation& one) { return one.name == name; });
  desk.next.list.push_back(std::move(account));
  return desk.done(EventType::AdminAdded, name,
                   Detail()
                       .text("admin", name)
                       .text("role", accounts::to_text(rank))
                       .text("invitation", invitation)
                       .text("client", desk.order.from)
                       .done(),
                   {{"name", name}, {"role", accounts::to_text(rank)}});
}

AccountDecision add(Desk& desk) {
  const std::string name = desk.order.text("name");
  const auto rank = accounts::parse_rank(desk.order.text("role"));
  if (auto refused = refuse_new(desk.next, name, rank)) return no(*std::move(refused));
  return enroll(desk, name, *rank, {});
}

bool is_last_admin(const Accounts& accounts, const Account& account) {
  return accounts::is_local_admin(account) && accounts.local_admins() == 1;
}
AccountDecision last_admin() {
  return no(refuse(409, "last_admin",
                   "this is the last admin who gets in without an identity provider: make somebody else one "
                   "first"));
}

AccountDecision remove(Desk& desk) {
  const Account* account = desk.account();
  if (account == nullptr) return no_account();
  if (is_last_admin(desk.next, *account)) return last_admin();
  const std::string name = account->name;
  const Rank rank = account->rank;
  std::erase_if(desk.next.list, [&](const Account& one) { return one.name == name; });
  return desk.done(EventType::AdminRemoved, name,
                   Detail()
                       .text("admin", name)
                       .text("role", accounts::to_text(rank))
                       .text("client", desk.order.from)
                       .done());
}

AccountDecision set_role(Desk& desk) {
  Account* account = desk.account();
  const auto rank = accounts::parse_rank(desk.order.text("role"));
  if (account == nullptr) return no_account();
  if (!rank) return no(invalid("role must be admin or auditor"));
  const Rank old = account->rank;
  Json reply{{"name", account->name}, {"role", accounts::to_text(*rank)}};
  if (old == *rank) return no(unchanged(std::move(reply)));
  if (is_last_admin(desk.next, *account)) return last_admin();
  if (account->provider && *rank > account->provider->most)
    return no(conflict("its groups at the provider give " + account->name + " no more than auditor"));
  if (account->provider) account->provider->lowered = *rank == Rank::Auditor;
  account->rank = *rank;
  return desk.done(EventType::AdminRoleChanged, account->name,
                   Detail()
                       .text("admin", account->name)
                       .text("old", accounts::to_text(old))
                       .text("new", accounts::to_text(*rank))
                       .text("client", desk.order.from)
                       .done(),
                   std::move(reply));
}

AccountDecision set_locked(Desk& desk, bool locked) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  Json reply{{"name", account->name}, {"locked", locked}};
  if (account->locked == locked) return no(unchanged(std::move(reply)));
  if (is_last_admin(desk.next, *account)) return last_admin();
  account->locked = locked;
  return desk.done(locked ? EventType::AdminLocked : EventType::AdminUnlocked, account->name,
                   desk.about(account->name), std::move(reply));
}
AccountDecision lock(Desk& desk) { return set_locked(desk, true); }
AccountDecision unlock(Desk& desk) { return set_locked(desk, false); }

AccountDecision set_password(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  account->password = desk.order.text("password");
  if (!accounts::is_password_hash(account->password)) return no(invalid("password must be an Argon2id hash"));
  return desk.done(EventType::AdminPasswordChanged, account->name,
                   Detail()
                       .text("admin", account->name)
                       .flag("reset", base::json_bool_or(desk.order.arguments, "reset", false))
                       .text("client", desk.order.from)
                       .done());
}

AccountDecision add_passkey(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  const auto id = bytes_of(desk.order, "id", accounts::kLongestCredential);
  const auto key = bytes_of(desk.order, "key", accounts::kLongestKey);
  const std::int64_t counter = base::json_number_or(desk.order.arguments, "counter", -1);
  Passkey passkey;
  passkey.name = desk.order.text("label");
  passkey.rp = desk.order.text("rp");
  if (!id || !key || passkey.rp.empty() || counter < 0 || counter > std::numeric_limits<std::uint32_t>::max())
    return no(invalid("a passkey needs id, rp, key and counter"));
  if (!accounts::is_label(passkey.name, accounts::kLongestPasskeyName))
    return no(invalid("a passkey needs a name of at most 64 bytes"));
  for (const Account& other : desk.next.list) {
    const auto same = [&](const Passkey& one) { return one.id == *id; };
    if (std::any_of(other.passkeys.begin(), other.passkeys.end(), same))
      return no(conflict("that passkey is registered already"));
  }
  if (account->passkeys.size() >= accounts::kMostPasskeys)
    return no(refuse(base::Refusal::LimitReached, "there are too many passkeys: remove one first"));
  passkey.id = *id;
  passkey.key = *key;
  passkey.counter = static_cast<std::uint32_t>(counter);
  passkey.added = desk.context.now;
  const std::string label = passkey.name;
  account->passkeys.push_back(std::move(passkey));
  return desk.done(
      EventType::AdminPasskeyAdded, account->name,
      Detail().text("admin", account->name).text("passkey", label).text("client", desk.order.from).done());
}

Passkey* find_passkey(Account& account, const std::optional<std::string>& id) {
  const auto at = std::find_if(account.passkeys.begin(), account.passkeys.end(),
                               [&](const Passkey& one) { return id && one.id == *id; });
  return at == account.passkeys.end() ? nullptr : &*at;
}

AccountDecision remove_passkey(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  const Passkey* passkey = find_passkey(*account, bytes_of(desk.order, "id", accounts::kLongestCredential));
  if (passkey == nullptr) return no(not_found("the account has no such passkey"));
  const std::string id = passkey->id, label = passkey->name;
  std::erase_if(account->passkeys, [&](const Passkey& one) { return one.id == id; });
  return desk.done(
      EventType::AdminPasskeyRemoved, account->name,
      Detail().text("admin", account->name).text("passkey", label).text("client", desk.order.from).done());
}

// The counter is judged by the console; that it only rises is seen to here as well, where two sign-ins at once meet.
AccountDecision use_passkey(Desk& desk) {
  Account* account = desk.account();
  Passkey* passkey = account == nullptr
                         ? nullptr
                         : find_passkey(*account, bytes_of(desk.order, "id", accounts::kLongestCredential));
  if (passkey == nullptr) return no(not_found("the account has no such passkey"));
  const std::int64_t counter = base::json_number_or(desk.order.arguments, "counter", -1);
  if (counter < 0 || counter > std::numeric_limits<std::uint32_t>::max())
    return no(invalid("counter is needed"));
  const bool counts = counter != 0 || passkey->counter != 0;
  if (counts && counter <= passkey->counter) return no(conflict("the passkey's counter has not risen"));
  passkey->counter = static_cast<std::uint32_t>(counter);
  passkey->used = desk.context.now;
  return desk.quietly();
}

bool read_recovery(const Order& order, std::vector<std::string>& out) {
  if (!order.texts("recovery", out) || out.empty() || out.size() > accounts::kMostRecoveryCodes) return false;
  return std::all_of(out.begin(), out.end(), [](const std::string& hash) {
    const auto bytes = base::from_hex(hash);
    return bytes && bytes->size() == 32 && base::to_hex(*bytes) == hash;
  });
}

AccountDecision set_totp(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  const auto secret = bytes_of(desk.order, "secret", accounts::kTotpSecretSize);
  const std::int64_t step = base::json_number_or(desk.order.arguments, "step", -1);
  std::vector<std::string> recovery;
  if (!secret || secret->size() != accounts::kTotpSecretSize || step < 0 ||
      !read_recovery(desk.order, recovery))
    return no(invalid("secret, step and recovery are needed"));
  account->totp = accounts::Totp{*secret, step};
  account->recovery = std::move(recovery);
  return desk.done(EventType::AdminTotpEnabled, account->name, desk.about(account->name));
}

AccountDecision remove_totp(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  if (!account->totp) return no(unchanged(Json::object()));
  account->totp.reset();
  account->recovery.clear();
  return desk.done(EventType::AdminTotpDisabled, account->name, desk.about(account->name));
}

AccountDecision use_totp(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr || !account->totp) return no_account();
  const std::int64_t step = base::json_number_or(desk.order.arguments, "step", -1);
  if (step <= account->totp->step) return no(conflict("that code was used already"));
  account->totp->step = step;
  return desk.quietly();
}

AccountDecision set_recovery(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  std::vector<std::string> recovery;
  if (!account->totp)
    return no(conflict("recovery codes stand in for an authenticator app: set one up first"));
  if (!read_recovery(desk.order, recovery)) return no(invalid("recovery must be a list of hashes"));
  account->recovery = std::move(recovery);
  return desk.done(EventType::AdminCodesMade, account->name,
                   Detail()
                       .text("admin", account->name)
                       .number("codes", static_cast<std::int64_t>(account->recovery.size()))
                       .text("client", desk.order.from)
                       .done());
}

AccountDecision use_recovery(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  const std::string hash = sha256_of(desk.order, "code_sha256");
  if (hash.empty() || std::erase(account->recovery, hash) == 0)
    return no(conflict("there is no such code any more"));
  return desk.done(EventType::AdminCodeUsed, account->name,
                   Detail()
                       .text("admin", account->name)
                       .number("left", static_cast<std::int64_t>(account->recovery.size()))
                       .text("client", desk.order.from)
                       .done());
}

AccountDecision reset_second_factor(Desk& desk) {
  Account* account = desk.account();
  if (account == nullptr) return no_account();
  if (account->passkeys.empty() && !account->totp) return no(unchanged(Json::object()));
  const auto passkeys = static_cast<std::int64_t>(account->passkeys.size());
  account->passkeys.clear();
  account->totp.reset();
  account->recovery.clear();
  return desk.done(EventType::AdminFactorReset, account->name,
                   Detail()
                       .text("admin", account->name)
                       .number("passkeys", passkeys)
                       .text("client", desk.order.from)
                       .done());
}

AccountDecision invite(Desk& desk) {
  const std::string name = desk.order.text("name");
  const auto rank = accounts::parse_rank(desk.order.text("role"));
  if (auto refused = refuse_new(desk.next, name, rank)) return no(*std::move(refused));
  Invitation invitation;
  invitation.id = desk.context.ids.make(desk.context.now);
  invitation.name = name;
  invitation.rank = *rank;
  invitation.token_sha256 = sha256_of(desk.order, "token_sha256");
  invitation.by = desk.order.actor;
  invitation.created = desk.context.now;
  invitation.expires = desk.context.now + kInvitationLife;
  if (invitation.token_sha256.empty()) return no(invalid("token_sha256 is needed"));
  // Whoever is invited again has the newest link alone.
  std::erase_if(desk.next.invitations, [&](const Invitation& one) { return one.name == name; });
  if (desk.next.invitations.size() >= accounts::kMostInvitations)
    return no(refuse(base::Refusal::LimitReached, "there are too many invitations: take one back first"));
  desk.next.invitations.push_back(invitation);
  return desk.done(EventType::AdminInvited, name,
                   Detail()
                       .text("admin", name)
                       .text("role", accounts::to_text(*rank))
                       .text("invitation", invitation.id)
                       .time("expires", invitation.expires)
                       .text("client", desk.order.from)
                       .done(),
                   {{"id", invitation.id},
                    {"name", name},
                    {"role", accounts::to_text(*rank)},
                    {"expires", base::format_time(invitation.expires)}});
}

AccountDecision revoke_invitation(Desk& desk) {
  const std::string id = desk.order.text("id");
  auto& list = desk.next.invitations;
  const auto at = std::find_if(list.begin(), list.end(), [&](const Invitation& one) { return one.id == id; });
  if (at == list.end())
    return no(not_found("there is no such invitation: it was used, taken back, or has run out"));
  const std::string name = at->name;
  list.erase(at);
  return desk.done(
      EventType::AdminInvitationRevoked, name,
      Detail().text("admin", name).text("invitation", id).text("client", desk.order.from).done());
}

AccountDecision accept(Desk& desk) {
  const Invitation* found = desk.next.find_invitation(sha256_of(desk.order, "token_sha256"));
  if (found == nullptr) return no(not_found("this invitation was used, taken back, or has run out"));
  const Invitation invitation = *found;
  if (auto refused = refuse_new(desk.next, invitation.name, invitation.rank)) return no(*std::move(refused));
  return enroll(desk, invitation.name, invitation.rank, invitation.id);
}

struct AccountRow {
  std::string_view command;
  AccountDecision (*decide)(Desk&);
  bool gives_keys = false;  // of which an account of a provider has none
};
constexpr std::array<AccountRow, 19> kAccountTable{{
    {"admin.add", add},
    {"admin.remove", remove},
    {"admin.set_role", set_role},
    {"admin.lock", lock},
    {"admin.unlock", unlock},
    {"admin.set_password", set_password, true},
    {"admin.add_passkey", add_passkey, true},
    {"admin.remove_passkey", remove_passkey},
    {"admin.use_passkey", use_passkey},
    {"admin.set_totp", set_totp, true},
    {"admin.remove_totp", remove_totp},
    {"admin.use_totp", use_totp},
    {"admin.set_recovery", set_recovery, true},
    {"admin.use_recovery", use_recovery},
    {"admin.reset_second_factor", reset_second_factor},
    {"admin.invite", invite},
    {"admin.revoke_invitation", revoke_invitation},
    {"admin.accept", accept},
    {"admin_openid.open", decide_admin_openid_open},
}};

const AccountRow* find_account_row(std::string_view command) {
  const auto* at = std::find_if(kAccountTable.begin(), kAccountTable.end(),
                                [&](const AccountRow& row) { return row.command == command; });
  return at == kAccountTable.end() ? nullptr : at;
}

}  // namespace

bool is_account_command(std::string_view command) { return find_account_row(command) != nullptr; }

AccountDecision decide_account(const Context& context, const Accounts& accounts, const Json& order) {
  const AccountRow* row = find_account_row(base::json_text_or(order, "command", ""));
  POSTERN_CHECK(row != nullptr);
  if (auto refused = refuse_asker(Sender::Console, order))
    return no(refuse(refused->status, std::move(refused->code), std::move(refused->message)));
  if (!context.log_writable) {
    return no(
        refuse(base::Refusal::LogUnavailable, "the log cannot be written, so no account can be changed"));
  }
  const Order taken{order, Sender::Console, base::json_text_or(order, "actor", ""),
                    base::json_text_or(order, "from", "")};
  Desk desk{context, accounts, taken};
  // Nothing is said of those that have run out: their end stands in the event that made them.
  std::erase_if(desk.next.invitations, [&](const Invitation& one) { return one.expires <= context.now; });
  const Account* account = desk.account();
  if (row->gives_keys && account != nullptr && account->provider)
    return no(conflict(account->name + " signs in by the identity provider, where their password and second "
                                       "factors are kept"));
  return row->decide(desk);
}

}  // namespace postern::ledger
