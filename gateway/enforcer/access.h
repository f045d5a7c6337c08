// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What this enforcer decides by: the policy and the state that the ledger tells, and indexes over both so
// that a decision takes no search. The answer for a session and a capability is computed once per state
// version and second, then looked up.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/by_text.h"
#include "base/refusal.h"
#include "gateway/http/target.h"
#include "gateway/state/state.h"
#include "policy/acceptance.h"
#include "policy/decide.h"
#include "policy/policy.h"

namespace postern::enforcer {

// A session as it is looked up: by the cookie's token or by the client certificate.
struct SessionView {
  std::string id, engineer;
  std::string opened_event;  // id of its session.opened
  base::Micros expires = 0, idle = 0;
  base::Micros last_active = 0;  // as far as this enforcer and the ledger's state know
  state::Budget budget = state::Budget::Whole;
  std::string most_role;  // as state::Session
  // Of a call that Mission Control proposed: it is no session of the state, and ends with that call.
  struct OfProposal {
    std::string capability;  // the only one that it may use; empty: it is only judged
    bool admitted = false;   // by an admin
    bool undoes = false;
    bool waits = false;  // nothing is sent: the document that it would change is read, for an admin
  };
  std::optional<OfProposal> proposal;
};
// id: of the proposal; empty: it is only judged.
SessionView view_of_proposal(std::string id, std::string capability, bool admitted, bool undoes);

// Everything of a request that is judged.
struct Call {
  std::string_view method;
  const http::CanonicalTarget* target = nullptr;
  std::string_view content_type;
  bool has_body = false;
  bool websocket = false;
};

class Access {
 public:
  bool ready() const { return policy_ != nullptr && has_state_; }
  // acceptance: what waits for an admin, until the state says that it is accepted; nullptr: nothing.
  void set_policy(std::shared_ptr<const policy::Policy> policy,
                  std::shared_ptr<const policy::Acceptance> acceptance = nullptr);
  void set_state(state::State state);
  bool apply(const base::Json& event);  // true if it may change an answer

  const policy::Policy& policy() const { return *policy_; }
  std::shared_ptr<const policy::Policy> shared_policy() const { return policy_; }
  const std::shared_ptr<const policy::Acceptance>& acceptance() const { return acceptance_; }
  // What is taken out of responses: as the policy says, or as both do.
  std::shared_ptr<const policy::Redaction> redaction() const;
  // Rises when more is taken out than before: what began under the number of now is cleaned of all that is taken out now.
  std::uint64_t redaction_version() const { return redaction_version_; }
  const state::State& state() const { return state_; }

  // The token as the cookie has it. nullptr: no session of that token is active.
  const SessionView* find_by_token(std::string_view token) const;
  const SessionView* find_by_certificate(std::string_view fingerprint) const;
  const SessionView* find(std::string_view id) const;
  // As a session, under the proposal's id, for whom Mission Control says proposed it.
  void open_for_proposal(SessionView view, const std::string& by);
  void close_for_proposal(const std::string& id);
  void touch(const std::string& session, base::Micros now);  // it did something

  // Why each capability can or cannot be used by this session now.
  const std::vector<base::Refusal>& standing(const SessionView& session, base::Micros now);
  // As which role of the component it works now (policy::role_of); views the policy.
  std::string_view role(const SessionView& session, base::Micros now);
  policy::Decision decide(const SessionView& session, const Call& call, base::Micros now);

 private:
  struct Cached {
    std::uint64_t generation = 0;
    base::Micros at = 0;
    std::vector<base::Refusal> standing;
    std::vector<base::Refusal> accepted;  // of the capabilities of the policy accepted last, while one waits
    std::string_view role;
  };
  const Cached& cached(const SessionView& session, base::Micros now);
  void add_session(const state::Session& session);
  void remove_session(const std::string& id);
  void rebuild();
  std::vector<base::Refusal> standing_in(const policy::Policy& policy, const SessionView& session,
                                         base::Micros now) const;
  std::vector<base::Refusal> standing_of_proposal(const policy::Policy& policy, const SessionView& session,
                                                  base::Micros now) const;
  void forget_acceptance();
  void compare_redaction();

  std::shared_ptr<const policy::Policy> policy_;
  std::shared_ptr<const policy::Acceptance> acceptance_;
  std::shared_ptr<const policy::Redaction> redacted_;  // as redaction(), when it was compared last
  std::uint64_t redaction_version_ = 0;
  state::State state_;
  bool has_state_ = false;
  std::uint64_t generation_ = 1;  // of state and policy together
  base::ByText<SessionView> sessions_;
  base::ByText<SessionView> of_proposals_;
  base::ByText<std::string> by_token_;        // SHA-256 of the token -> session
  base::ByText<std::string> by_certificate_;  // fingerprint -> session
  base::ByText<Cached> cache_;
  std::vector<policy::QueryParameter> query_;
};

}  // namespace postern::enforcer
