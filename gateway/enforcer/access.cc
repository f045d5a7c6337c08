// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/access.h"

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::enforcer {
namespace {

// Ends that lie between two computations show at most this late; the ledger's event shows them anyway.
constexpr base::Micros kStandingLasts = base::kWallSecond;

// Of what is judged and not sent, by whether an admin's word counts: under these the answers are kept.
constexpr const char* kJudgedAdmitted = "judged, admitted";
constexpr const char* kJudged = "judged";

}  // namespace

SessionView view_of_proposal(std::string id, std::string capability, bool admitted, bool undoes) {
  SessionView out;
  out.id = id.empty() ? std::string(admitted ? kJudgedAdmitted : kJudged) : std::move(id);
  out.proposal = SessionView::OfProposal{std::move(capability), admitted, undoes, false};
  return out;
}

void Access::open_for_proposal(SessionView view, const std::string& by) {
  view.engineer = by;
  view.expires = std::numeric_limits<base::Micros>::max();
  const std::string id = view.id;
  cache_.erase(id);
  of_proposals_[id] = std::move(view);
}

void Access::close_for_proposal(const std::string& id) {
  of_proposals_.erase(id);
  cache_.erase(id);
}

void Access::set_policy(std::shared_ptr<const policy::Policy> policy,
                        std::shared_ptr<const policy::Acceptance> acceptance) {
  policy_ = std::move(policy);
  acceptance_ = std::move(acceptance);
  ++generation_;
  forget_acceptance();
  compare_redaction();
}

void Access::compare_redaction() {
  std::shared_ptr<const policy::Redaction> now = redaction();
  if (redacted_ == nullptr || !redacted_->covers(*now)) ++redaction_version_;
  redacted_ = std::move(now);
}

// An admin accepted the very policy that we have.
void Access::forget_acceptance() {
  if (acceptance_ == nullptr || state_.accepted().hash != policy_->hash()) return;
  acceptance_ = nullptr;
  ++generation_;
  compare_redaction();
}

std::shared_ptr<const policy::Redaction> Access::redaction() const {
  if (acceptance_ != nullptr) return {acceptance_, &acceptance_->redaction()};
  return {policy_, &policy_->redaction()};
}

void Access::set_state(state::State state) {
  state_ = std::move(state);
  has_state_ = true;
  forget_acceptance();
  rebuild();
}

void Access::rebuild() {
  ++generation_;
  sessions_.clear();
  by_token_.clear();
  by_certificate_.clear();
  cache_.clear();
  for (const auto& [id, session] : state_.sessions()) add_session(session);
}

void Access::add_session(const state::Session& session) {
  sessions_[session.id] = {session.id,      session.engineer,  session.opened_event,
                           session.expires, session.idle,      std::max(session.opened, session.last_active),
                           session.budget,  session.most_role, {}};
  if (!session.token_sha256.empty()) by_token_[session.token_sha256] = session.id;
  if (!session.certificate.empty()) by_certificate_[session.certificate] = session.id;
}

void Access::remove_session(const std::string& id) {
  sessions_.erase(id);
  cache_.erase(id);
  std::erase_if(by_token_, [&](const auto& entry) { return entry.second == id; });
  std::erase_if(by_certificate_, [&](const auto& entry) { return entry.second == id; });
}

bool Access::apply(const base::Json& event) {
  if (!state_.apply(event)) return false;
  ++generation_;
  forget_acceptance();
  const std::string type = base::json_text_or(event, "type", "");
  const std::string id = base::json_text_or(event, "session", "");
  if (type == "session.opened") {
    if (const auto it = state_.sessions().find(id); it != state_.sessions().end()) add_session(it->second);
  } else if (type == "session.ended") {
    remove_session(id);
  } else if (type.starts_with("session.budget_")) {
    const auto known = state_.sessions().find(id);
    const auto view = sessions_.find(id);
    if (known != state_.sessions().end() && view != sessions_.end())
      view->second.budget = known->second.budget;
  } else if (sessions_.size() != state_.sessions().size()) {
    rebuild();  // an event that ended sessions as a side effect
  }
  return true;
}

void Access::touch(const std::string& session, base::Micros now) {
  if (const auto it = sessions_.find(session); it != sessions_.end()) it->second.last_active = now;
}

const SessionView* Access::find(std::string_view id) const {
  const auto it = sessions_.find(id);
  if (it != sessions_.end()) return &it->second;
  const auto own = of_proposals_.find(id);
  return own == of_proposals_.end() ? nullptr : &own->second;
}

const SessionView* Access::find_by_token(std::string_view token) const {
  const auto raw = base::from_base64url(token);
  if (!raw) return nullptr;
  // By its hash, so that the time of the search says nothing about tokens.
  const base::Sha256 digest = base::sha256(*raw);
  const auto it = by_token_.find(base::view(digest));
  return it == by_token_.end() ? nullptr : find(it->second);
}

const SessionView* Access::find_by_certificate(std::string_view fingerprint) const {
  const auto it = by_certificate_.find(fingerprint);
  return it == by_certificate_.end() ? nullptr : find(it->second);
}

const Access::Cached& Access::cached(const SessionView& session, base::Micros now) {
  Cached& cached = cache_[session.id];
  if (cached.generation == generation_ && now - cached.at < kStandingLasts && now >= cached.at) return cached;
  cached.generation = generation_;
  cached.at = now;
  cached.standing = standing_in(*policy_, session, now);
  cached.accepted.clear();
  if (acceptance_ == nullptr) {
    cached.role = policy::role_of(*policy_, cached.standing);
    return cached;
  }
  if (!acceptance_->closed()) cached.accepted = standing_in(*acceptance_->accepted(), session, now);
  acceptance_->combine(cached.standing, cached.accepted);
  cached.role = acceptance_->role_of(cached.standing, cached.accepted);
  return cached;
}

std::vector<base::Refusal> Access::standing_in(const policy::Policy& policy, const SessionView& session,
                                               base::Micros now) const {
  if (session.proposal) return standing_of_proposal(policy, session, now);
  std::vector<base::Refusal> standing;
  standing.reserve(policy.capabilities().size());
  for (const policy::Capability& capability : policy.capabilities()) {
    standing.push_back(
        state_.standing(session.engineer, capability.name, capability.klass == policy::Class::Write, now));
  }
  if (!session.most_role.empty()) policy::keep_within_role(policy, session.most_role, standing);
  return standing;
}

// While it is sent the state must say that it is; what takes it back needs no switch but those of every call.
std::vector<base::Refusal> Access::standing_of_proposal(const policy::Policy& policy,
                                                        const SessionView& session, base::Micros now) const {
  const bool judged = session.proposal->capability.empty();
  const auto known = state_.proposals().find(session.id);
  const bool runs =
      judged || session.proposal->waits || (known != state_.proposals().end() && known->second.under_way());
  const bool off =
      !session.proposal->undoes && state_.sharing_setting(state::kProposals) == state::Setting::Off;
  std::vector<base::Refusal> standing;
  standing.reserve(policy.capabilities().size());
  for (const policy::Capability& capability : policy.capabilities()) {
    if (!runs) {
      standing.push_back(base::Refusal::SessionEnded);
    } else if (off || (!judged && capability.name != session.proposal->capability)) {
      standing.push_back(base::Refusal::CapabilityOff);
    } else {
      standing.push_back(state_.standing_of_proposal(
          capability.name, capability.klass == policy::Class::Write, session.proposal->admitted, now));
    }
  }
  return standing;
}

const std::vector<base::Refusal>& Access::standing(const SessionView& session, base::Micros now) {
  return cached(session, now).standing;
}

std::string_view Access::role(const SessionView& session, base::Micros now) {
  return cached(session, now).role;
}

policy::Decision Access::decide(const SessionView& session, const Call& call, base::Micros now) {
  query_.clear();
  for (const http::Parameter& parameter : call.target->parameters().all())
    query_.push_back({parameter.name, parameter.value});
  const policy::Question question{call.method,       call.target->path(), query_,
                                  call.content_type, call.has_body,       call.websocket};
  const Cached& now_usable = cached(session, now);
  policy::Decision decision = policy::decide(*policy_, question, now_usable.standing);
  if (acceptance_ != nullptr) decision = acceptance_->tighten(decision, question, now_usable.accepted);
  if (decision.allowed() && session.budget == state::Budget::Cut)
    decision.refusal = base::Refusal::BudgetSpent;
  return decision;
}

}  // namespace postern::enforcer
