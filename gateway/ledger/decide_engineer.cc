// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/bytes.h"
#include "gateway/ledger/deciding.h"
#include "gateway/ledger/pass.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using state::Engineer;

constexpr std::size_t kLongestEmail = 254;  // RFC 5321

// An e-mail address or a URI: what a certificate's subjectAltName may hold.
bool is_identity(std::string_view text) {
  const auto ordinary = [](char c) { return c > ' ' && c < 0x7F; };
  const auto mark = text.find_first_of("@:");
  return text.size() <= kLongestEmail && mark != std::string_view::npos && mark > 0 &&
         mark + 1 < text.size() && std::all_of(text.begin(), text.end(), ordinary);
}

// "AB:CD:.." or "abcd..", 32 bytes -> lower-case hexadecimal; empty if it is not one.
std::string fingerprint_of(std::string text) {
  std::erase(text, ':');
  const auto bytes = base::from_hex(text);
  return bytes && bytes->size() == 32 ? base::to_hex(*bytes) : std::string();
}

bool read_certificates(const Order& order, std::vector<std::string>& out) {
  std::vector<std::string> given;
  if (!order.texts("certificates", given) || given.size() > kMostCertificates) return false;
  for (std::string& text : given) out.push_back(fingerprint_of(std::move(text)));
  return std::find(out.begin(), out.end(), "") == out.end();
}

Draft draft_engineer(EventType type, const Engineer& engineer, const Order& order) {
  Draft draft{type, order.actor, {}, engineer.name, {}, {}, type == EventType::EngineerRemoved};
  const bool added = type == EventType::EngineerAdded;
  draft.detail = Detail()
                     .text("engineer", engineer.name)
                     .text("email", added ? engineer.email : std::string())
                     .texts("certificates", added ? engineer.certificates : std::vector<std::string>())
                     .text("client", order.from)
                     .done();
  return draft;
}

// Two engineers with one identity: a certificate would not say which of them has come.
const Engineer* same_identity(const state::State& state, const Engineer& wanted) {
  for (const auto& [name, known] : state.engineers()) {
    if (!wanted.email.empty() && base::equals_ignoring_case(known.email, wanted.email)) return &known;
    for (const std::string& certificate : wanted.certificates) {
      const auto& pinned = known.certificates;
      if (std::find(pinned.begin(), pinned.end(), certificate) != pinned.end()) return &known;
    }
  }
  return nullptr;
}

const Engineer* find_engineer(const Context& context, const std::string& name) {
  const auto it = context.state.engineers().find(name);
  return it == context.state.engineers().end() ? nullptr : &it->second;
}

Decision no_engineer() { return not_found("no engineer of that name is known; add one first"); }

}  // namespace

Decision decide_engineer_add(const Context& context, const Order& order) {
  Engineer wanted;
  wanted.name = order.text("name");
  wanted.email = order.text("email");
  wanted.added = context.now;
  if (!is_engineer_name(wanted.name)) {
    return invalid(
        "name must be 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit");
  }
  if (!wanted.email.empty() && !is_identity(wanted.email))
    return invalid("email must be an e-mail address or a URI");
  if (!read_certificates(order, wanted.certificates)) {
    return invalid("certificates must be a list of at most 20 SHA-256 fingerprints in hexadecimal");
  }
  if (const Engineer* known = find_engineer(context, wanted.name)) {
    const bool same = known->email == wanted.email && known->certificates == wanted.certificates;
    return same ? unchanged(view(*known))
                : conflict("an engineer of that name is known already; remove it first");
  }
  if (const Engineer* other = same_identity(context.state, wanted)) {
    return conflict("engineer " + other->name + " has that e-mail address or certificate already");
  }
  if (static_cast<std::int64_t>(context.state.engineers().size()) >= kMostEngineers) {
    return refuse(base::Refusal::LimitReached, "there are too many engineers; remove one first");
  }
  if (!context.log_writable) return log_closed();
  Decision decision;
  decision.events.push_back(draft_engineer(EventType::EngineerAdded, wanted, order));
  decision.reply = view(wanted);
  return decision;
}

Decision decide_engineer_approve(const Context& context, const Order& order) {
  const Engineer* known = find_engineer(context, order.text("name"));
  if (known == nullptr) return no_engineer();
  if (known->approved) return unchanged(view(*known));
  if (!context.log_writable) return log_closed();
  Decision decision;
  decision.events.push_back(draft_engineer(EventType::EngineerApproved, *known, order));
  Engineer approved = *known;
  approved.approved = true;
  decision.reply = view(approved);
  return decision;
}

Decision decide_engineer_remove(const Context& context, const Order& order) {
  const Engineer* known = find_engineer(context, order.text("name"));
  if (known == nullptr) return no_engineer();
  const std::string& name = known->name;
  Decision decision;
  decision.measured = true;
  decision.events.push_back(draft_engineer(EventType::EngineerRemoved, *known, order));
  const auto theirs = [&name](const state::Session& session) { return session.engineer == name; };
  const auto ended = end_sessions(context, "revoked", order.actor, decision, theirs);
  for (const auto& [id, grant] : context.state.grants()) {
    if (grant.engineer == name && !grant.ended) {
      decision.events.push_back(draft_grant_end(grant, "revoked", order.actor, order.from));
    }
  }
  for (const auto& [id, request] : context.state.requests()) {
    if (request.engineer != name || request.state != state::RequestState::Pending) continue;
    Draft draft{EventType::RequestWithdrawn, order.actor, {}, id, "withdrawn", {}, false};
    draft.detail =
        Detail().text("request", id).text("engineer", name).text("note", "the engineer was removed").done();
    decision.events.push_back(std::move(draft));
  }
  decision.reply = view(*known);
  decision.reply["state"] = "removed";
  decision.reply["sessions_ended"] = ended;
  return decision;
}

Decision decide_pass_issue(const Context& context, const Order& order) {
  const Engineer* known = find_engineer(context, order.text("engineer"));
  if (known == nullptr) return no_engineer();
  if (!known->approved) return conflict("this engineer is not approved yet, so a pass would be refused");
  Pass pass{context.ids.make(context.now), known->name, context.now, context.now + kDefaultPass};
  if (order.has("expires")) {
    const auto until = base::parse_until(order.text("expires"), context.now);
    if (!until.ok()) return invalid("expires: " + until.error().message);
    pass.expires = *until;
  }
  if (pass.expires > context.now + kLongestPass) return invalid("a pass may live for at most 7 days");
  if (!context.log_writable) return log_closed();
  Decision decision;
  decision.to_sign = pass_payload(pass);
  Draft draft{EventType::PassIssued, order.actor, {}, known->name, {}, {}, false};
  draft.detail = Detail()
                     .text("engineer", known->name)
                     .text("pass", pass.id)
                     .time("expires", pass.expires)
                     .text("client", order.from)
                     .done();
  decision.events.push_back(std::move(draft));
  decision.reply = {{"engineer", known->name}, {"expires", base::format_time(pass.expires)}, {"id", pass.id}};
  return decision;
}

}  // namespace postern::ledger
