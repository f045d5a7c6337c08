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
  std::string client, user_agent, tls;
  std::string certificate;  // fingerprint, for method certificate
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
                     .text("user_agent", visitor.user_agent)
                     .text("code", base::text_of(refusal).code)
                     .text("why", why)
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
                     .text("user_agent", session.user_agent)
                     .text("tls", visitor.tls)
                     .time("expires", session.expires)
                     .number("idle_us", session.idle)
                     .text("token_sha256", session.token_sha256)
                     .text("certificate", session.certificate)
                     .done();
  return draft;
}

Decision open_session(const Context& context, const Visitor& visitor) {
  if (auto closed = closed_to(context, visitor)) return std::move(*closed);
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

}  // namespace

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
