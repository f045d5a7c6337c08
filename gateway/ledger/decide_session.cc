// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Sign-in and its end. A session's token leaves once, in the answer; the event holds its SHA-256, so that
// neither the log nor a snapshot of the state opens a door.
#include <algorithm>

#include "base/bytes.h"
#include "base/crypto.h"
#include "gateway/ledger/deciding.h"
#include "gateway/ledger/pass.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using base::Micros;
using base::Refusal;
using state::Engineer;
using state::Session;

constexpr std::size_t kTokenSize = 32;

// What is known of whoever stands at the door.
struct Visitor {
  std::string method;
  std::string engineer;  // empty: not known
  std::string client, relay, user_agent, tls;
  std::string certificate;                                // fingerprint, for method certificate
  std::string issuer, subject, sid, acr, amr, most_role;  // for method openid
};

// Cut to a length that fits into an event; escaping is the writer's.
std::string bounded(std::string text) {
  text.resize(std::min(text.size(), kLongestPeerText));
  return text;
}

Visitor visitor_of(const Order& order, std::string method) {
  Visitor visitor;
  visitor.method = std::move(method);
  visitor.client = bounded(order.text("client"));
  visitor.relay = bounded(order.text("relay"));
  visitor.user_agent = bounded(order.text("user_agent"));
  visitor.tls = bounded(order.text("tls"));
  return visitor;
}

Decision turn_away(const Visitor& visitor, Refusal refusal, std::string why) {
  Decision decision = refuse(refusal, why);
  Draft draft{EventType::SessionRefused, "client", {}, visitor.engineer, "refused", {}, false};
  if (!visitor.engineer.empty()) draft.actor = actor_of(visitor.engineer);
  draft.detail = Detail()
                     .text("engineer", visitor.engineer)
                     .text("method", visitor.method)
                     .text("client", visitor.client)
                     .text("relay", visitor.relay)
                     .text("user_agent", visitor.user_agent)
                     .text("code", base::text_of(refusal).code)
                     .text("why", why)
                     .text("issuer", visitor.issuer)
                     .text("subject", visitor.subject)
                     .done();
  decision.events.push_back(std::move(draft));
  return decision;
}

// Why nobody, or this engineer, may come in now; nothing if they may.
std::optional<Decision> closed_to(const Context& context, const Visitor& visitor) {
  const auto known = context.state.engineers().find(visitor.engineer);
  if (known == context.state.engineers().end()) {
    return turn_away(visitor, Refusal::SignInRefused, "this engineer is not known here");
  }
  if (!known->second.approved)
    return turn_away(visitor, Refusal::SignInRefused, "this engineer is not approved");
  if (context.state.remote_access(context.now) == state::RemoteAccess::Off) {
    return turn_away(visitor, Refusal::RemoteAccessOff, "remote access is switched off");
  }
  return std::nullopt;
}

std::optional<Decision> make_room(const Context& context, const Visitor& visitor, Decision& decision) {
  std::vector<const Session*> theirs;
  for (const auto& [id, session] : context.state.sessions()) {
    if (session.engineer == visitor.engineer) theirs.push_back(&session);
  }
  const auto most = static_cast<std::size_t>(context.limits.sessions_per_engineer);
  if (theirs.size() >= most) {  // ids rise with time: the first ones are the oldest
    for (std::size_t i = 0; i + most <= theirs.size(); ++i) {
      decision.events.push_back(draft_session_end(context, *theirs[i], "superseded", "gateway"));
    }
  }
  const auto after = static_cast<std::int64_t>(context.state.sessions().size() - decision.events.size());
  if (after < context.limits.sessions) return std::nullopt;
  return turn_away(visitor, Refusal::LimitReached, "there are too many sessions");
}

Json session_reply(const Session& session) {
  return {{"session", session.id},
          {"engineer", session.engineer},
          {"method", session.method},
          {"opened", base::format_time(session.opened)},
          {"expires", base::format_time(session.expires)},
          {"idle_us", session.idle}};
}

Draft draft_open(const Session& session, const Visitor& visitor) {
  Draft draft{
      EventType::SessionOpened, actor_of(session.engineer), session.id, session.engineer, {}, {}, false};
  draft.detail = Detail()
                     .text("engineer", session.engineer)
                     .text("method", session.method)
                     .text("client", session.client)
                     .text("relay", visitor.relay)
                     .text("user_agent", session.user_agent)
                     .text("tls", visitor.tls)
                     .time("expires", session.expires)
                     .number("idle_us", session.idle)
                     .text("token_sha256", session.token_sha256)
                     .text("certificate", session.certificate)
                     .text("issuer", session.issuer)
                     .text("subject", session.subject)
                     .text("sid", session.sid)
                     .text("acr", visitor.acr)
                     .text("amr", visitor.amr)
                     .text("most_role", session.most_role)
                     .done();
  return draft;
}

// For a visitor who may come in; that was decided before.
Decision open_door(const Context& context, const Visitor& visitor) {
  if (!context.log_writable) return turn_away(visitor, Refusal::LogUnavailable, "the log cannot be written");
  Decision decision;
  if (auto full = make_room(context, visitor, decision)) return std::move(*full);
  Session session;
  session.id = context.ids.make(context.now);
  session.engineer = visitor.engineer;
  session.method = visitor.method;
  session.client = visitor.client;
  session.user_agent = visitor.user_agent;
  session.certificate = visitor.certificate;
  session.issuer = visitor.issuer;
  session.subject = visitor.subject;
  session.sid = visitor.sid;
  session.most_role = visitor.most_role;
  session.opened = context.now;
  session.expires = context.now + context.limits.session_absolute;
  session.idle = context.limits.session_idle;
  decision.reply = session_reply(session);
  if (visitor.certificate.empty()) {
    const std::string token = base::random_bytes(kTokenSize);
    session.token_sha256 = base::sha256_hex(token);
    decision.reply["token"] = base::to_base64url(token);
  }
  decision.events.push_back(draft_open(session, visitor));
  return decision;
}

Decision open_session(const Context& context, const Visitor& visitor) {
  if (auto closed = closed_to(context, visitor)) return std::move(*closed);
  return open_door(context, visitor);
}

const Engineer* engineer_of_certificate(const state::State& state, const std::string& fingerprint,
                                        const std::vector<std::string>& emails,
                                        const std::vector<std::string>& uris) {
  for (const auto& [name, engineer] : state.engineers()) {
    const auto& pinned = engineer.certificates;
    if (!pinned.empty()) {  // pinned one by one: the name alone is not enough
      if (std::find(pinned.begin(), pinned.end(), fingerprint) != pinned.end()) return &engineer;
      continue;
    }
    if (engineer.email.empty()) continue;
    const auto same = [&own = engineer.email](const std::string& email) {
      return base::equals_ignoring_case(email, own);
    };
    if (std::any_of(emails.begin(), emails.end(), same)) return &engineer;
    if (std::find(uris.begin(), uris.end(), engineer.email) != uris.end()) return &engineer;
  }
  return nullptr;
}

// What the claim that names engineers says; sub is the account itself.
std::string named_in(const Context& context, const Json& claims) {
  const std::string& claim = context.openid->name_claim;
  return base::json_text_or(claims, claim == "sub" ? "subject" : claim.c_str(), "");
}

// The engineer whom the provider's claims name, as far as they are known here. Who came in before is known by the account at the
// provider, which is never another person's; whoever did not, by an address that is the engineer's, or else by the name.
const Engineer* engineer_of_claims(const Context& context, const Visitor& visitor, const Json& claims) {
  for (const auto& [name, engineer] : context.state.engineers()) {
    if (!engineer.subject.empty() && engineer.issuer == visitor.issuer && engineer.subject == visitor.subject)
      return &engineer;
  }
  const std::string said = named_in(context, claims);
  if (said.empty()) return nullptr;
  for (const auto& [name, engineer] : context.state.engineers()) {
    const bool same = context.openid->name_claim == "email" ? base::equals_ignoring_case(engineer.email, said)
                                                            : name == said;
    if (same) return &engineer;
  }
  return nullptr;
}

// Adds and approves whoever the provider's groups vouch for; where that cannot be, why not.
std::string provision(const Context& context, const Json& claims, Visitor& visitor, Decision& into) {
  const std::string email = base::json_text_or(claims, "email", "");
  std::string name = named_in(context, claims);
  if (context.openid->name_claim == "email") name = name.substr(0, name.find('@'));
  name = base::to_lower(name);
  const bool address = std::all_of(email.begin(), email.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!is_engineer_name(name) || !address)
    return "the provider's claims give no name that an engineer can have";
  const auto same_address = [&email](const auto& known) {
    return !email.empty() && base::equals_ignoring_case(known.second.email, email);
  };
  const auto& engineers = context.state.engineers();
  if (engineers.contains(name) || std::any_of(engineers.begin(), engineers.end(), same_address))
    return "an engineer of the name " + name +
           " or of that address is known already: an administrator must say who this is";
  visitor.engineer = name;
  for (const EventType type : {EventType::EngineerAdded, EventType::EngineerApproved}) {
    Draft draft{type, "gateway", {}, name, {}, {}, false};
    draft.detail = Detail()
                       .text("engineer", name)
                       .text("email", type == EventType::EngineerAdded ? email : std::string())
                       .text("client", visitor.client)
                       .done();
    into.events.push_back(std::move(draft));
  }
  return {};
}

// What the groups allow; false if nothing.
bool take_groups(const OpenIdTerms& terms, const Json& claims, Visitor& visitor) {
  for (const auto& [role, groups] : terms.roles) {
    if (visitor.most_role.empty() && names_one_of(claims, groups)) visitor.most_role = role;
  }
  if (!terms.roles.empty() && visitor.most_role.empty()) return false;
  return terms.groups.empty() || names_one_of(claims, terms.groups);
}

// Whom the provider's groups and claims let in: the visitor's engineer, or a refusal.
std::optional<Decision> recognise(const Context& context, const Json& claims, Visitor& visitor,
                                  Decision& added) {
  if (!take_groups(*context.openid, claims, visitor))
    return turn_away(visitor, Refusal::SignInRefused,
                     "the provider names none of the groups that may come in");
  if (const Engineer* engineer = engineer_of_claims(context, visitor, claims); engineer != nullptr) {
    // Whoever this is, it is not that engineer as far as anybody knows.
    if (engineer->issuer == visitor.issuer && engineer->subject != visitor.subject)
      return turn_away(visitor, Refusal::SignInRefused,
                       "the engineer " + engineer->name +
                           " has come in by another account of the provider before: if both are the same "
                           "person, an administrator removes the engineer and adds them again");
    visitor.engineer = engineer->name;
    return closed_to(context, visitor);
  }
  if (!context.openid->provision)
    return turn_away(
        visitor, Refusal::SignInRefused,
        "the provider's claim " + context.openid->name_claim + " names no engineer who is known here");
  if (context.state.remote_access(context.now) == state::RemoteAccess::Off)
    return turn_away(visitor, Refusal::RemoteAccessOff, "remote access is switched off");
  if (const std::string why = provision(context, claims, visitor, added); !why.empty())
    return turn_away(visitor, Refusal::SignInRefused, why);
  return std::nullopt;
}

// Why there is nothing to decide on; nothing if the provider has answered.
std::optional<Decision> unanswered(const Visitor& visitor, const Order& order) {
  const std::int64_t status = base::json_number_or(provider_answer(order.arguments), "status", 0);
  if (status == 200) return std::nullopt;
  return turn_away(visitor, status == 403 ? Refusal::SignInRefused : Refusal::GatewayError,
                   bounded(base::json_text_or(provider_answer(order.arguments), "why", "")));
}

// Whoever signs out by a cookie has shown it: an enforcer that is taken over ends no session that does not come through it.
bool has_shown(const Order& order, const Session& session) {
  if (session.token_sha256.empty()) return true;
  const auto token = base::from_base64url(order.text("token"));
  return token && base::view(base::sha256(*token)) == session.token_sha256;
}

}  // namespace

Decision decide_openid_location(const Context& context, const Order& order) {
  if (context.openid == nullptr) return not_found("no identity provider is configured");
  if (auto refused = unanswered(visitor_of(order, "openid"), order)) return std::move(*refused);
  Decision decision;
  decision.reply = {{"location", base::json_text_or(provider_claims(order.arguments), "location", "")}};
  return decision;
}

Decision decide_openid_open(const Context& context, const Order& order) {
  Visitor visitor = visitor_of(order, "openid");
  if (context.openid == nullptr) return not_found("no identity provider is configured");
  if (auto refused = unanswered(visitor, order)) return std::move(*refused);
  const Json claims = provider_claims(order.arguments);
  visitor.issuer = bounded(base::json_text_or(claims, "issuer", ""));
  visitor.subject = bounded(base::json_text_or(claims, "subject", ""));
  visitor.sid = bounded(base::json_text_or(claims, "sid", ""));
  visitor.acr = bounded(base::json_text_or(claims, "acr", ""));
  for (const std::string& one : base::json_texts(claims, "amr"))
    visitor.amr += (visitor.amr.empty() ? "" : " ") + one;
  visitor.amr = bounded(visitor.amr);
  Decision added;
  if (auto refused = recognise(context, claims, visitor, added)) return std::move(*refused);
  Decision decision = open_door(context, visitor);
  if (!decision.refused)
    decision.events.insert(decision.events.begin(), std::make_move_iterator(added.events.begin()),
                           std::make_move_iterator(added.events.end()));
  return decision;
}

// Back-Channel Logout 1.0 section 2.7: of one session at the provider if it names one, otherwise all of that person.
Decision decide_openid_depart(const Context& context, const Order& order) {
  const Visitor visitor = visitor_of(order, "openid");
  if (context.openid == nullptr) return not_found("no identity provider is configured");
  if (auto refused = unanswered(visitor, order)) return std::move(*refused);
  const Json departed = provider_claims(order.arguments);
  const std::string issuer = base::json_text_or(departed, "issuer", "");
  const std::string subject = base::json_text_or(departed, "subject", "");
  const std::string sid = base::json_text_or(departed, "sid", "");
  Decision decision;
  const auto ended =
      end_sessions(context, "signed_out_at_provider", "gateway", decision, [&](const Session& one) {
        if (one.method != "openid" || one.issuer != issuer) return false;
        if (!subject.empty() && one.subject != subject) return false;
        return sid.empty() ? !subject.empty() : one.sid == sid;
      });
  decision.measured = ended > 0;
  decision.reply = {{"sessions_ended", ended}, {"changed", ended > 0}};
  return decision;
}

Decision decide_pass_open(const Context& context, const Order& order) {
  Visitor visitor = visitor_of(order, "pass");
  if (context.pass_key.empty()) {
    return turn_away(visitor, Refusal::GatewayError,
                     "passes cannot be checked: the keeper has not answered yet");
  }
  const auto pass = read_pass(order.text("pass"), context.pass_key);
  if (!pass.ok()) return turn_away(visitor, Refusal::SignInRefused, pass.error().message);
  visitor.engineer = pass->engineer;
  if (pass->expires <= context.now)
    return turn_away(visitor, Refusal::SignInRefused, "this pass has expired");
  if (context.state.used_passes().count(pass->id) > 0) {
    return turn_away(visitor, Refusal::SignInRefused, "this pass was used before");
  }
  // The clock was put back, and so many were used since that this one may be one of them.
  if (pass->expires <= context.state.passes_forgotten_until())
    return turn_away(visitor, Refusal::SignInRefused,
                     "nobody knows any more whether this pass was used: take one that ends after " +
                         base::format_time(context.state.passes_forgotten_until()));
  Decision decision = open_session(context, visitor);
  if (decision.refused) return decision;
  Draft used{EventType::PassUsed,
             actor_of(pass->engineer),
             decision.events.back().session,
             pass->engineer,
             {},
             {},
             false};
  used.detail = Detail()
                    .text("engineer", pass->engineer)
                    .text("pass", pass->id)
                    .time("expires", pass->expires)
                    .text("client", visitor.client)
                    .done();
  // Before the session it opens: a log that ends between the two holds a used pass, never one to be used
  // again.
  decision.events.insert(decision.events.end() - 1, std::move(used));
  return decision;
}

Decision decide_certificate_open(const Context& context, const Order& order) {
  Visitor visitor = visitor_of(order, "certificate");
  std::vector<std::string> emails;
  std::vector<std::string> uris;
  const auto bytes = base::from_hex(order.text("fingerprint"));
  if (!bytes || bytes->size() != 32 || !order.texts("emails", emails) || !order.texts("uris", uris)) {
    return invalid("fingerprint must be 64 hexadecimal digits, emails and uris lists of texts");
  }
  visitor.certificate = base::to_hex(*bytes);
  for (const auto& [id, session] : context.state.sessions()) {
    if (session.certificate == visitor.certificate) return unchanged(session_reply(session));
  }
  const Engineer* engineer = engineer_of_certificate(context.state, visitor.certificate, emails, uris);
  if (engineer == nullptr) {
    return turn_away(visitor, Refusal::SignInRefused,
                     "this certificate belongs to no engineer who is known here");
  }
  visitor.engineer = engineer->name;
  return open_session(context, visitor);
}

// Nobody's order: what was believed is not any more.
Decision decide_certificate_end(const Context& context, const Order& order) {
  const std::string fingerprint = order.text("fingerprint");
  const std::string_view reason = order.flag("revoked") ? "certificate_revoked" : "certificate_refused";
  const std::string why = bounded(order.text("why"));
  Decision decision;
  for (const auto& [id, session] : context.state.sessions()) {
    if (session.certificate.empty() || session.certificate != fingerprint) continue;
    decision.events.push_back(draft_session_end(context, session, reason, "gateway", why));
  }
  decision.measured = !decision.events.empty();
  decision.reply = {{"sessions_ended", decision.events.size()}, {"changed", !decision.events.empty()}};
  return decision;
}

Decision decide_session_end(const Context& context, const Order& order) {
  const auto it = context.state.sessions().find(order.text("id"));
  if (it == context.state.sessions().end()) return not_found("no active session has this id");
  const Session& session = it->second;
  const bool by_engineer = order.sender == Sender::Enforcer;
  const std::string_view reason = by_engineer ? "signed_out" : "revoked";
  const std::string asked = order.text("reason");
  if (!asked.empty() && asked != reason)
    return refuse(403, "denied", "the reason can only be " + std::string(reason));
  if (by_engineer && !has_shown(order, session))
    return refuse(403, "denied", "nobody has shown the cookie of this session");
  const std::string actor = by_engineer ? actor_of(session.engineer) : order.actor;
  Decision decision;
  decision.measured = true;
  decision.events.push_back(draft_session_end(context, session, reason, actor));
  decision.reply = view(session, context.tallies.of(session.id));
  decision.reply.erase("idle_until");
  decision.reply["state"] = "ended";
  decision.reply["reason"] = reason;
  decision.reply["ended"] = base::format_time(context.now);
  return decision;
}

Decision decide_session_end_all(const Context& context, const Order& order) {
  Decision decision;
  const auto ended =
      end_sessions(context, "revoked", order.actor, decision, [](const Session&) { return true; });
  decision.measured = ended > 0;
  decision.reply = {{"sessions_ended", ended}, {"changed", ended > 0}};
  return decision;
}

}  // namespace postern::ledger
