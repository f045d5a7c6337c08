// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// state = fold(events). Events come from our own log, but from any version of us: what is missing or does not
// fit is passed over, never a failure. Nothing here depends on the order of events about different things,
// see gateway/ledger/announcements.h.
#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "gateway/state/state.h"

namespace postern::state {
namespace {

using base::Json;
using base::json_bool_or;
using base::json_number_or;
using base::json_text;
using base::json_text_or;
using base::Micros;

constexpr auto kConcerned = std::to_array<std::string_view>({
    "engineer.added",
    "engineer.approved",
    "engineer.removed",
    "grant.ended",
    "grant.started",
    "hold.compared",
    "hold.created",
    "hold.expired",
    "hold.passed",
    "hold.refused",
    "hold.withdrawn",
    "intake.token_created",
    "intake.token_expired",
    "intake.token_revoked",
    "pass.used",
    "permission.changed",
    "policy.accepted",
    "policy.changed",
    "remote_gateway.lost",
    "remote_gateway.registered",
    "remote_gateway.returned",
    "remote_gateway.unregistered",
    "request.answered",
    "request.approved",
    "request.created",
    "request.expired",
    "request.questioned",
    "request.refused",
    "request.withdrawn",
    "session.budget_cut",
    "session.budget_held",
    "session.budget_warned",
    "session.ended",
    "session.opened",
    "token.created",
    "token.expired",
    "token.revoked",
    "token.used",
    "witness.conflict",
    "witness.cosigned",
});

std::optional<Micros> time_of(const Json& object, const char* key) {
  const std::string* text = json_text(object, key);
  if (text == nullptr) return std::nullopt;
  const auto time = base::parse_time(*text);
  return time.ok() ? std::optional<Micros>(*time) : std::nullopt;
}

// What is good for one time: by id, until when it would be.
using UsedUp = std::map<std::string, Micros, std::less<>>;
UsedUp::iterator earliest(UsedUp& all) {
  return std::min_element(all.begin(), all.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; });
}
void forget(UsedUp& all, UsedUp::iterator which, Micros& forgotten_until) {
  forgotten_until = std::max(forgotten_until, which->second);
  all.erase(which);
}

// Where it says nothing, what holds already stays: an approval of an older version names what it changed.
Terms terms_of(const Json& detail, Terms terms) {
  const bool listed = detail.is_object() && detail.contains("capabilities");
  terms.role = json_text_or(detail, "role", listed ? "" : terms.role);
  if (listed) terms.capabilities = base::json_texts(detail, "capabilities");
  if (const auto start = time_of(detail, "starts")) terms.start = start;
  terms.duration = json_number_or(detail, "duration_us", terms.duration);
  return terms;
}

Budget budget_of(std::string_view type) {
  if (type == "session.budget_warned") return Budget::Warned;
  if (type == "session.budget_held") return Budget::Held;
  return type == "session.budget_cut" ? Budget::Cut : Budget::Whole;
}

std::string_view family(std::string_view type) { return type.substr(0, type.find('.')); }

}  // namespace

bool State::concerns(std::string_view event_type) {
  return std::binary_search(kConcerned.begin(), kConcerned.end(), event_type) ||
         concerns_rolling(event_type) || concerns_updates(event_type) || concerns_proposals(event_type);
}

bool State::apply(const Json& event) {
  const std::string type = json_text_or(event, "type", "");
  if (!concerns(type)) return false;
  static const Json kNothing = Json::object();
  const auto found = event.find("detail");
  const Json& detail = found == event.end() ? kNothing : *found;
  const Micros at = time_of(event, "time").value_or(0);
  const std::string by = json_text_or(event, "actor", "");
  const std::string_view kind = family(type);
  if (kind == "permission") fold_permission(detail, at, by);
  if (kind == "engineer") fold_engineer(type, detail, at);
  if (kind == "request") fold_request(type, detail, at, by);
  if (kind == "grant") fold_grant(type, detail, at, by);
  if (kind == "session") fold_session(event, type, detail, at);
  if (kind == "pass") fold_pass(detail, at);
  if (kind == "hold") fold_hold(event, type, detail, at);
  if (kind == "witness") fold_witness(type, detail, at);
  if (kind == "policy") fold_policy(type, detail, at, by);
  if (kind == "token") fold_token(type, detail, at);
  if (kind == "intake") fold_intake(type, detail, at);
  if (kind == "remote_gateway") fold_remote_gateway(type, detail, at);
  if (kind == "proposal") fold_proposal(proposals_, type, json_text_or(event, "subject", ""), detail, at, by);
  if (kind == "update") {
    const std::string subject = json_text_or(event, "subject", "");
    if (concerns_rolling(type)) fold_rolling(rolling_, type, subject, detail, at, by);
    fold_updates(updates_, {type, subject, json_text_or(event, "outcome", ""), by, at}, detail);
  }
  return true;
}

void State::fold_permission(const Json& detail, Micros at, const std::string& by) {
  const std::string what = json_text_or(detail, "what", "");
  const std::string value = json_text_or(detail, "new", "");
  Toggle toggle{Setting::Off, time_of(detail, "until"), at, by};
  if (what == "remote_access") {
    const auto mode = parse_remote_access(value);
    if (!mode) return;
    remote_mode_ = *mode;
    remote_toggle_ = toggle;
  } else if (what == "capability") {
    const auto setting = parse_setting(value);
    const std::string name = json_text_or(detail, "name", "");
    if (!setting || name.empty()) return;
    toggle.setting = *setting;
    capabilities_[name] = toggle;
  } else if (what == "sharing") {
    const auto setting = parse_setting(value);
    const std::string name = json_text_or(detail, "name", "");
    if (!setting || name.empty()) return;
    toggle.setting = *setting;
    sharing_[name] = toggle;
  }
}

void State::fold_engineer(std::string_view type, const Json& detail, Micros at) {
  const std::string name = json_text_or(detail, "engineer", "");
  if (name.empty()) return;
  const auto known = engineers_.find(name);
  if (type == "engineer.added" && known == engineers_.end()) {
    engineers_[name] = Engineer{
        name, json_text_or(detail, "email", ""), false, at, base::json_texts(detail, "certificates"), {}, {}};
  }
  if (type == "engineer.approved" && known != engineers_.end()) known->second.approved = true;
  if (type == "engineer.removed" && known != engineers_.end()) engineers_.erase(known);
}

void State::fold_request(std::string_view type, const Json& detail, Micros at, const std::string& by) {
  const std::string id = json_text_or(detail, "request", "");
  if (id.empty()) return;
  const auto known = requests_.find(id);
  if (type == "request.created") {
    if (known != requests_.end()) return;
    Request request;
    request.id = id;
    request.engineer = json_text_or(detail, "engineer", "");
    request.reason = json_text_or(detail, "reason", "");
    request.ticket = json_text_or(detail, "ticket", "");
    request.extends = json_text_or(detail, "extends", "");
    if (by.starts_with("admin:") || from_mission_control(by)) request.asked_by = by;
    request.asked = terms_of(detail, {});
    request.offer = request.asked;
    request.approvals_needed = json_number_or(detail, "approvals_needed", 1);
    request.created = at;
    request.last_word = at;
    requests_.emplace(id, std::move(request));
    return;
  }
  if (known == requests_.end() || known->second.state != RequestState::Pending) return;
  Request& request = known->second;
  request.last_word = at;
  if (type == "request.questioned" || type == "request.answered") {
    request.talk.push_back({by, json_text_or(detail, "text", ""), at});
    return;
  }
  fold_decision(request, type, detail, at, by);
  if (request.state == RequestState::Pending) return;
  ++decided_requests_;
  prune_requests();
}

void State::fold_decision(Request& request, std::string_view type, const Json& detail, Micros at,
                          const std::string& by) {
  const std::string note = json_text_or(detail, "note", "");
  if (type == "request.approved") {
    const std::int64_t approvals = json_number_or(detail, "approvals", 1);
    request.approvals_needed = json_number_or(detail, "approvals_needed", 1);
    request.offer = terms_of(detail, request.offer);
    const std::string person(person_of(by));
    std::erase_if(request.approvals, [&person](const Approval& one) { return one.by == person; });
    if (static_cast<std::int64_t>(request.approvals.size()) + 1 > approvals) request.approvals.clear();
    request.approvals.push_back({person, at});
    if (!note.empty()) request.note = note;
    if (approvals < request.approvals_needed) return;
    request.state = RequestState::Approved;
  } else {
    request.note = note;
    if (type == "request.refused") request.state = RequestState::Refused;
    if (type == "request.withdrawn") request.state = RequestState::Withdrawn;
    if (type == "request.expired") request.state = RequestState::Expired;
  }
  request.decided = at;
  request.by = by;
}

void State::fold_grant(std::string_view type, const Json& detail, Micros at, const std::string& by) {
  const std::string id = json_text_or(detail, "grant", "");
  const auto known = grants_.find(id);
  if (type == "grant.started" && known == grants_.end() && !id.empty()) {
    Grant grant;
    grant.id = id;
    grant.engineer = json_text_or(detail, "engineer", "");
    grant.request = json_text_or(detail, "request", "");
    grant.role = json_text_or(detail, "role", "");
    grant.reason = json_text_or(detail, "reason", "");
    grant.ticket = json_text_or(detail, "ticket", "");
    grant.by = by;
    grant.capabilities = base::json_texts(detail, "capabilities");
    grant.from = time_of(detail, "starts").value_or(at);
    grant.until = time_of(detail, "expires").value_or(at);
    grant.signed_by = base::json_texts(detail, "signed_by");
    grant.most_exchanges = json_number_or(detail, "most_exchanges", 0);
    grant.most_response_bytes = json_number_or(detail, "most_response_bytes", 0);
    if (!grant.signed_by.empty()) remember_document(grant);
    auto& ids = grants_of_[grant.engineer];
    ids.insert(std::upper_bound(ids.begin(), ids.end(), id), id);
    grants_.emplace(id, std::move(grant));
  }
  if (type == "grant.ended" && known != grants_.end() && !known->second.ended) {
    known->second.ended = true;
    known->second.ended_reason = json_text_or(detail, "reason", "expired");
    known->second.ended_at = at;
    ++ended_grants_;
    prune_grants();
  }
}

// No clock decides what is forgotten: one that was put back would let a document be applied again.
void State::remember_document(const Grant& grant) {
  applied_grants_[grant.id] = grant.until;
  if (applied_grants_.size() > kAppliedGrantsKept)
    forget(applied_grants_, earliest(applied_grants_), forgotten_until_);
}

void State::prune_grants() {
  for (auto it = grants_.begin(); ended_grants_ > kEndedGrantsKept && it != grants_.end();) {
    if (!it->second.ended) {
      ++it;
      continue;
    }
    const auto of = grants_of_.find(it->second.engineer);
    std::erase(of->second, it->first);
    if (of->second.empty()) grants_of_.erase(of);
    it = grants_.erase(it);
    --ended_grants_;
  }
}

void State::prune_requests() {
  for (auto it = requests_.begin(); decided_requests_ > kDecidedRequestsKept && it != requests_.end();) {
    if (it->second.state == RequestState::Pending) {
      ++it;
      continue;
    }
    it = requests_.erase(it);
    --decided_requests_;
  }
}

void State::fold_session(const Json& event, std::string_view type, const Json& detail, Micros at) {
  const std::string id = json_text_or(event, "session", "");
  if (type == "session.ended") {
    sessions_.erase(id);
    session_passes_.erase(id);
  }
  if (const Budget reached = budget_of(type); reached != Budget::Whole) {
    const auto known = sessions_.find(id);
    if (known != sessions_.end()) known->second.budget = std::max(known->second.budget, reached);
  }
  if (type != "session.opened" || id.empty()) return;
  Session session;
  session.id = id;
  session.engineer = json_text_or(detail, "engineer", "");
  session.method = json_text_or(detail, "method", "");
  session.client = json_text_or(detail, "client", "");
  session.user_agent = json_text_or(detail, "user_agent", "");
  session.certificate = json_text_or(detail, "certificate", "");
  session.issuer = json_text_or(detail, "issuer", "");
  session.subject = json_text_or(detail, "subject", "");
  session.sid = json_text_or(detail, "sid", "");
  session.most_role = json_text_or(detail, "most_role", "");
  session.token_sha256 = base::from_hex(json_text_or(detail, "token_sha256", "")).value_or("");
  session.opened_event = json_text_or(event, "id", "");
  session.opened = at;
  session.expires = time_of(detail, "expires").value_or(at);
  session.idle = json_number_or(detail, "idle_us", 0);
  session.last_active = at;
  if (const auto whose = engineers_.find(session.engineer);
      whose != engineers_.end() && !session.issuer.empty() && !session.subject.empty()) {
    for (auto& [name, other] : engineers_) {
      if (other.issuer == session.issuer && other.subject == session.subject)
        other.issuer = other.subject = "";
    }
    whose->second.issuer = session.issuer;
    whose->second.subject = session.subject;
  }
  sessions_.emplace(id, std::move(session));
}

// A pass for the session is worth something while that session lives, whatever the order of the two events'
// folding; the exchange that waits is told by the other ends of a hold.
void State::fold_hold(const Json& event, std::string_view type, const Json& detail, Micros at) {
  const std::string id = json_text_or(detail, "hold", "");
  const std::string session = json_text_or(event, "session", "");
  const std::string because = json_text_or(detail, "because", "");
  if (type == "hold.passed" && json_bool_or(detail, "for_session", false) && sessions_.contains(session))
    session_passes_[session].insert(because.empty() ? json_text_or(detail, "operation", "") : because);
  if (type == "hold.compared") {
    const auto waiting = holds_.find(id);
    if (waiting != holds_.end()) waiting->second.before = comparison_of(detail, at);
    return;
  }
  if (type != "hold.created") {
    holds_.erase(id);
    return;
  }
  Hold hold;
  hold.id = id;
  hold.session = session;
  hold.engineer = json_text_or(detail, "engineer", "");
  hold.enforcer = json_number_or(detail, "enforcer", 0);
  hold.capability = json_text_or(detail, "capability", "");
  hold.operation = json_text_or(detail, "operation", "");
  hold.method = json_text_or(detail, "method", "");
  hold.target = json_text_or(detail, "target", "");
  hold.content_type = json_text_or(detail, "content_type", "");
  hold.client = json_text_or(detail, "client", "");
  hold.body = json_text_or(detail, "body", "");
  hold.body_bytes = json_number_or(detail, "body_bytes", 0);
  hold.body_sha256 = json_text_or(detail, "body_sha256", "");
  hold.because = because;
  hold.read = json_text_or(detail, "read", "");
  hold.reason = json_text_or(detail, "reason", "");
  hold.request = json_text_or(detail, "request", "");
  hold.created = at;
  hold.expires = time_of(detail, "expires").value_or(at);
  if (!id.empty()) holds_.emplace(id, std::move(hold));
}

// Forgetting follows from the log alone, so that every fold forgets the same: of more than are kept anyway, what had
// expired when another one was used. That clock may have been ahead, so what is forgotten is remembered by its end.
void State::fold_pass(const Json& detail, Micros at) {
  const std::string id = json_text_or(detail, "pass", "");
  const auto expires = time_of(detail, "expires");
  if (id.empty() || !expires) return;
  used_passes_[id] = *expires;
  while (used_passes_.size() > kUsedPassesKept) {
    const auto first = earliest(used_passes_);
    if (first->second > at) return;
    forget(used_passes_, first, passes_forgotten_until_);
  }
}

void State::fold_policy(std::string_view type, const Json& detail, Micros at, const std::string& by) {
  const std::string hash = json_text_or(detail, "new", policy_hash_);
  if (type == "policy.changed") {
    policy_hash_ = hash;
    policy_changed_ = at;
  }
  const bool waits = type == "policy.changed" && json_bool_or(detail, "waits", false);
  if (!waits && hash != accepted_.hash) accepted_ = {hash, at, by};
}

void State::fold_token(std::string_view type, const Json& detail, Micros at) {
  const std::string id = json_text_or(detail, "token", "");
  if (type == "token.created" && !id.empty()) {
    Token token;
    token.id = id;
    token.name = json_text_or(detail, "name", "");
    token.owner = json_text_or(detail, "admin", "");
    token.admin = json_text_or(detail, "rank", "") == "admin";
    token.scopes = base::json_texts(detail, "scopes");
    token.networks = base::json_texts(detail, "networks");
    token.sha256 = base::from_hex(json_text_or(detail, "token_sha256", "")).value_or("");
    token.created = at;
    token.expires = time_of(detail, "expires").value_or(at);
    tokens_.emplace(id, std::move(token));
  }
  const auto known = tokens_.find(id);
  if (known == tokens_.end()) return;
  if (type == "token.revoked" || type == "token.expired") tokens_.erase(known);
  if (type != "token.used") return;
  auto& uses = known->second.uses;
  const std::string client = json_text_or(detail, "client", "");
  std::erase_if(uses, [&](const Token::Use& use) { return use.client == client; });
  if (uses.size() == kTokenUsesKept) uses.erase(uses.begin());
  uses.push_back({client, at});
}

// A log never shrinks: who would have cosigned a step back is not believed.
void State::fold_witness(std::string_view type, const Json& detail, Micros at) {
  const std::string origin = json_text_or(detail, "log", "");
  if (origin.empty()) return;
  WitnessedLog& log = witnessed_[origin];
  if (type == "witness.conflict") {
    log.conflict = at;
    return;
  }
  const auto root = base::from_base64(json_text_or(detail, "root", ""));
  const auto size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, json_number_or(detail, "size", 0)));
  if (!root || root->size() != 32 || size < log.size) return;
  log.size = size;
  log.root = *root;
  log.at = at;
}

}  // namespace postern::state
