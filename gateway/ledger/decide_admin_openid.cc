// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Admins who come in by their provider (docs/OPENID.md). Whose account it is, is said by issuer and subject alone once it was made;
// what it may do, by the groups at each sign-in. That nobody comes in is an answer here, which says whom the provider named: the
// console has seen the browser, and makes the event.
#include "base/bytes.h"
#include "gateway/ledger/account_desk.h"

namespace postern::ledger {
namespace {

using account_desk::Desk;
using account_desk::no;
using accounts::Account;
using accounts::Rank;
using base::Json;

constexpr std::int64_t kAnswered = 200, kProviderRefuses = 403;

// {"refused": code, "why"}.
Json refusal_json(const char* code, std::string why) { return {{"refused", code}, {"why", std::move(why)}}; }

// Why there is nothing to decide on; null if the provider has answered.
Json why_unanswered(const Json& order) {
  const Json answer = provider_answer(order);
  const std::int64_t status = base::json_number_or(answer, "status", 0);
  if (status == kAnswered) return nullptr;
  return refusal_json(status == kProviderRefuses ? "sign_in_refused" : "provider_unavailable",
                      base::json_text_or(answer, "why", ""));
}

std::optional<Rank> rank_by_groups(const OpenIdTerms& terms, const Json& claims) {
  for (const auto& [role, groups] : terms.roles) {
    if (names_one_of(claims, groups)) return accounts::parse_rank(role);
  }
  return std::nullopt;
}

// Whom the provider named, as far as its answer is believed.
struct Comer {
  std::string issuer, subject;
  Json reply;  // what is known of them

  explicit Comer(const Json& claims)
      : issuer(base::json_text_or(claims, "issuer", "")), subject(base::json_text_or(claims, "subject", "")) {
    reply = {{"issuer", issuer}, {"subject", subject}};
    for (const char* key : {"sid", "acr"}) {
      if (const std::string* text = base::json_text(claims, key)) reply[key] = *text;
    }
  }
  AccountDecision refused(const char* code, std::string why) {
    reply.update(refusal_json(code, std::move(why)));
    Decision decision;
    decision.reply = std::move(reply);
    return no(std::move(decision));
  }
};

std::string detail_of(const Desk& desk, const Account& account, Rank old, bool fresh) {
  Detail detail;
  detail.text("admin", account.name);
  if (fresh) {
    detail.text("role", accounts::to_text(account.rank));
  } else {
    detail.text("old", accounts::to_text(old)).text("new", accounts::to_text(account.rank));
  }
  return detail.text("issuer", account.provider->issuer)
      .text("subject", account.provider->subject)
      .text("client", desk.order.from)
      .done();
}

AccountDecision with_event(Desk& desk, audit::EventType type, const Account& account, Rank old, Json reply) {
  const std::string name = account.name;
  const std::string detail = detail_of(desk, account, old, type == audit::EventType::AdminAdded);
  AccountDecision out = desk.done(type, name, detail, std::move(reply));
  out.decision.events.front().actor = "gateway";
  return out;
}

AccountDecision add_comer(Desk& desk, Comer& comer, const Json& claims, Rank rank) {
  const std::string& claim = desk.context.admin_openid->name_claim;
  const std::string name =
      base::to_lower(base::json_text_or(claims, claim == "sub" ? "subject" : claim.c_str(), ""));
  if (!accounts::is_provider_name(name))
    return comer.refused("no_name", "the provider's claim " + claim +
                                        " gives no name that an account can have: a verified address, or "
                                        "letters, digits, dot, hyphen, plus and @");
  // Else the account would be in a file that is refused at the next start.
  if (!accounts::is_provider_text(comer.issuer) || !accounts::is_provider_text(comer.subject))
    return comer.refused("no_name",
                         "the provider's issuer or subject (sub) is missing, too long, or has control "
                         "characters, so no account can be bound to it: have it changed at the provider");
  if (desk.next.find(name) != nullptr)
    return comer.refused("name_taken", "an account called " + name +
                                           " is here already and is not known as this person's: if both are "
                                           "the same person, an admin removes it first");
  if (desk.next.list.size() >= accounts::kMostAccounts)
    return comer.refused("limit_reached", "there are too many accounts: an admin removes one first");
  Account account;
  account.name = name;
  account.rank = rank;
  account.handle = base::random_bytes(accounts::kHandleSize);
  account.added = desk.context.now;
  account.provider = accounts::ProviderAccount{comer.issuer, comer.subject, rank, false};
  desk.next.list.push_back(account);
  comer.reply.update({{"name", name}, {"role", accounts::to_text(rank)}});
  return with_event(desk, audit::EventType::AdminAdded, account, rank, std::move(comer.reply));
}

AccountDecision welcome_back(Desk& desk, Comer& comer, Account& account, Rank most) {
  const Rank old = account.rank;
  const bool same = account.provider->most == most;
  account.provider->most = most;
  account.rank = account.provider->lowered ? Rank::Auditor : most;
  comer.reply["role"] = accounts::to_text(account.rank);
  if (account.rank != old)
    return with_event(desk, audit::EventType::AdminRoleChanged, account, old, std::move(comer.reply));
  AccountDecision out = same ? AccountDecision{} : desk.quietly();
  out.decision.reply = std::move(comer.reply);
  return out;
}

}  // namespace

AccountDecision decide_admin_openid_open(Desk& desk) {
  if (desk.context.admin_openid == nullptr)
    return no(not_found("no identity provider of admins is configured"));
  Decision unanswered;
  unanswered.reply = why_unanswered(desk.order.arguments);
  if (!unanswered.reply.is_null()) return no(std::move(unanswered));
  const Json claims = provider_claims(desk.order.arguments);
  Comer comer(claims);
  const Account* known = desk.next.find_provider(comer.issuer, comer.subject);
  Account* account = known == nullptr ? nullptr : desk.next.find(known->name);
  if (account != nullptr) comer.reply["name"] = account->name;
  const std::string wanted = desk.order.text("name");
  if (!wanted.empty() && (account == nullptr || account->name != wanted))
    return comer.refused("another_account", "the provider named somebody else than " + wanted);
  const auto most = rank_by_groups(*desk.context.admin_openid, claims);
  if (!most)
    return comer.refused("no_role", "the provider names none of the groups that give a role at this console");
  if (account == nullptr) return add_comer(desk, comer, claims, *most);
  if (account->locked) return comer.refused("locked", "the account " + account->name + " is locked");
  return welcome_back(desk, comer, *account, *most);
}

Decision decide_admin_openid_location(const Context& context, const Order& order) {
  if (context.admin_openid == nullptr) return not_found("no identity provider of admins is configured");
  Decision decision;
  decision.reply = why_unanswered(order.arguments);
  if (decision.reply.is_null())
    decision.reply = {{"location", base::json_text_or(provider_claims(order.arguments), "location", "")}};
  return decision;
}

// Whose sign-ins at the console end; they are in its memory.
Decision decide_admin_openid_depart(const Context& context, const Order& order) {
  if (context.admin_openid == nullptr) return not_found("no identity provider of admins is configured");
  Decision decision;
  decision.reply = why_unanswered(order.arguments);
  if (!decision.reply.is_null()) return decision;
  const Json claims = provider_claims(order.arguments);
  decision.reply = Json::object();
  for (const char* key : {"issuer", "subject", "sid"})
    decision.reply[key] = base::json_text_or(claims, key, "");
  return decision;
}

}  // namespace postern::ledger
