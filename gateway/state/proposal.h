// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Changes of the component's settings that Mission Control proposes (line/asks.h): calls of operations of class write, each with
// a reason, perhaps with the call that takes it back. The fold of the events proposal.*, part of State, so that a ledger that comes anew
// knows what was under way, and an enforcer sends what stands in the log and nothing else.
//
// What is folded, and from which fields of detail; the subject is the proposal's id, which is the ask's:
//
//   proposal.received     capability, operation, method, target, content_type*, body*, undo* {method, target, content_type*, body*}, watch_us*,
//                         reason, ticket*, waits*, read*, approvals_needed*, expires    waits: why an admin has to approve it; without it nobody has to;
//                         read: target of the document that the call would change
//   proposal.compared     read, before_bytes*, before_sha256*, document*, changes*, patch*, why*    once, while it waits; forgotten once decided
//   proposal.approved     note*          also .refused (note*, code*), .withdrawn, .expired
//   proposal.started      what ("call" | "undo"), why*, health* {up, warnings, low}: before the call
//   proposal.applied      status, answers*, watch_until*, undo_until*
//   proposal.failed       why            nothing was sent, or the component said no
//   proposal.unknown      why            nobody knows whether the component got it; it is not sent again
//   proposal.undo_asked   -              by an admin
//   proposal.undone       -              by an admin; .rolled_back (why): because health got worse
//   proposal.undo_failed  why
//   proposal.watch_ended  -
//
// The call that undoes may have the marks ${answer.NAME} in its target and its body: a member of the component's answer, an object
// of JSON, as in {"silenceID": ".."}. Only texts of letters, digits and - . _ ~ stand for one, so that it is one segment of a path and
// part of a text of JSON, whatever a component says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/state/comparison.h"

namespace postern::state {

enum class ProposalState : std::uint8_t {
  Pending,
  Approved,  // is to be applied
  Applying,
  Applied,
  Undoing,
  Undone,
  RolledBack,
  Failed,
  Unknown,
  Refused,
  Withdrawn,
  Expired
};
std::string_view to_text(ProposalState state);  // "pending", "rolled_back"

struct ProposedCall {
  std::string method, target, content_type, body;
  bool operator==(const ProposedCall&) const = default;
};

// How the component was before the call.
struct HealthBefore {
  std::vector<std::string> up;        // "service node"
  std::vector<std::string> warnings;  // "service node resource" of those that there were
  bool low = false;                   // what it processes was below its goal already
  bool operator==(const HealthBefore&) const = default;
};
base::Json to_json(const HealthBefore& health);
HealthBefore health_before(const base::Json& json);  // what is not of that form is left out

struct Proposal {
  std::string id, by, reason, ticket;  // by: "mission-control:jane"
  std::string capability, operation;   // as the policy had them when it was taken in
  ProposedCall call;
  std::optional<ProposedCall> undo;
  base::Micros watch = 0;
  std::string waits;  // why an admin has to approve it; empty: nobody has to
  std::string
      read;  // target of the document that it would change; empty: nobody knows one, or nobody has to look at it
  Comparison before;  // what that document was; only while it waits
  base::Micros created = 0, expires = 0;
  ProposalState state = ProposalState::Pending;
  std::string decided_by, note;  // approved, refused
  base::Micros decided = 0;
  std::vector<std::string> approvals;  // by whom, while more are needed, and when they are enough
  std::int64_t approvals_needed = 1;   // as the capability demands
  bool approved = false;               // by as many
  HealthBefore health;
  base::Micros started = 0;  // the call, or what undoes it: the last of them
  std::int64_t status = 0;   // of the component's answer
  std::map<std::string, std::string> answers;
  base::Micros applied = 0, watch_until = 0, undo_until = 0;  // watch_until 0: not watched (any more)
  bool by_admin = false;                                      // what undoes it was asked for by an admin
  bool undo_asked = false;
  std::string why;        // failed, unknown, rolled back, not undone
  base::Micros over = 0;  // when nothing more can follow of its own accord
  bool operator==(const Proposal&) const = default;

  bool waits_for_admin() const { return state == ProposalState::Pending && !waits.empty(); }
  bool is_to_be_compared() const { return waits_for_admin() && !read.empty() && before.at == 0; }
  bool is_due() const {
    return state == ProposalState::Approved || (state == ProposalState::Pending && waits.empty());
  }
  bool under_way() const { return state == ProposalState::Applying || state == ProposalState::Undoing; }
  // Whether an admin may have it undone now.
  bool may_be_undone(base::Micros now) const;
};

inline constexpr base::Micros kProposalUndo = 24LL * 3600 * base::kWallSecond;  // from its application on
inline constexpr std::size_t kOverProposalsKept = 200;                          // the newest, by id

// NAMEs of the marks in a call; nothing: one has a wrong form.
std::optional<std::vector<std::string>> marks_of(const ProposedCall& call);
bool may_stand_for_mark(std::string_view value);
// Nothing: an answer that it needs is not there.
std::optional<ProposedCall> with_answers(ProposedCall call,
                                         const std::map<std::string, std::string>& answers);

using Proposals = std::map<std::string, Proposal, std::less<>>;
bool concerns_proposals(std::string_view event_type);
void fold_proposal(Proposals& proposals, std::string_view type, std::string_view id, const base::Json& detail,
                   base::Micros at, const std::string& by);

base::Json to_json(const ProposedCall& call);
base::Json to_json(const Proposals& proposals);
Proposals proposals_from_json(const base::Json& json);  // what is not of that form is left out
// As the API shows it (console/openapi.json).
base::Json view(const Proposal& proposal, base::Micros now);

}  // namespace postern::state
