// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The decision: may this request pass? A pure function of policy, request and standing. It allocates nothing
// (an expression of a constraint may fill its own bounded cache), takes no lock, and its cost does not grow
// with the number of operations: at most kArrangementLimit states are alive at each path segment, nearly
// always one or two.
//
// In this order: a never rule refuses; an operation must be listed; the parameters and the body must satisfy
// what it demands; a capability that lists it must be usable. Several operations may match: one that
// satisfies all of it is enough. Nothing depends on the order of the file, except which of several equals is
// named.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/refusal.h"
#include "policy/policy.h"

namespace postern::policy {

struct QueryParameter {
  std::string_view name;   // percent-decoded
  std::string_view value;  // percent-decoded; empty if there was no "="
};

// A request as gateway/http hands it over. Views; nothing is kept.
struct Question {
  std::string_view method;
  std::string_view path;  // canonical (see canonical_fault), begins with "/", without the query
  std::span<const QueryParameter> query;
  std::string_view content_type;  // the field's value, empty if there is none
  bool has_body = false;
  bool websocket = false;  // asks for a WebSocket
};

// For each capability, by its index: None (usable now) or why not: CapabilityOff, ApprovalNeeded, GrantEnded,
// ReadOnly, RemoteAccessOff, OutsideRole, OperationNotAccepted. A capability past the end of the span is CapabilityOff.
using Standing = std::span<const base::Refusal>;

struct Decision {
  base::Refusal refusal = base::Refusal::OperationNotListed;
  int operation = -1;         // the operation that let it pass, or that came closest; -1 if none is listed
  int capability = -1;        // that operation's capability
  int never = -1;             // the rule, if the refusal is Never
  Class klass = Class::Read;  // of the capability; meaningless without one
  std::uint64_t body_limit =
      kNoBodyLimit;  // bytes: the caller must stop a body that grows past it (BodyNotAllowed)
  std::string_view
      parameter;  // which one is outside, if the refusal is ParameterNotAllowed; views policy or question

  int accepted_operation = -1;  // the same of the policy accepted last, where it decided too (acceptance.h)

  bool allowed() const { return refusal == base::Refusal::None; }
};

Decision decide(const Policy& policy, const Question& question, Standing standing);

// Takes out of standing (one for each capability) what the role does not list; of a role that the policy does not name, all.
void keep_within_role(const Policy& policy, std::string_view role, std::vector<base::Refusal>& standing);

// As which role of the component somebody of that standing works: the least of viewer, user and admin that lists
// all that is usable now. Empty: the policy has no such role, or nothing is usable.
std::string_view role_of(const Policy& policy, Standing standing);

// One sentence for the event and for people: "GET /api/v1/query is listed by metrics.read (policy line 12)".
std::string describe(const Policy& policy, const Question& question, const Decision& decision);

}  // namespace postern::policy
