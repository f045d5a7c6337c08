// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A policy in force that opens something which no admin has accepted yet (Difference::opens), and the policy that
// was accepted last. Until the new one is accepted too, a request passes if both let it pass, and meets all that
// either puts in its way: the smaller body, the class write, the admin who lets it pass, the record of what it
// changes, what is taken out of responses. So what a new policy takes away is gone at once, and what it opens stays
// closed.
//
// An Acceptance is complete and immutable, like a Policy. While nothing waits there is none, and a decision costs
// what it always did.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "policy/decide.h"
#include "policy/policy.h"

namespace postern::policy {

class Acceptance {
 public:
  // accepted: nullptr if its text cannot be read. Then nothing passes.
  Acceptance(std::shared_ptr<const Policy> in_force, std::shared_ptr<const Policy> accepted);

  // Nothing passes: what was accepted is not known, or what both take out of responses is more than can be looked for.
  bool closed() const { return accepted_ == nullptr || redaction_.rules == nullptr; }
  const Policy* accepted() const { return accepted_.get(); }  // nullptr: cannot be read
  const Redaction& redaction() const { return redaction_; }   // of both

  // Both standings, as the state says of each policy's capabilities by name and class, become what counts: a
  // capability that only one of the two has, or that only one of them lets be used, is usable in neither.
  void combine(std::vector<base::Refusal>& in_force, std::vector<base::Refusal>& accepted) const;

  // What decide() said of the policy in force, made as strict as the accepted one: OperationNotAccepted where that
  // one refuses. standing: of the accepted one's capabilities, combined.
  Decision tighten(Decision decision, const Question& question, Standing standing) const;

  // Of a decision that allows.
  bool holds(const Decision& decision) const;
  const Operation* accepted_operation(const Decision& decision) const;

  // As which role somebody works (role_of): the lesser of what the two say, and none is more than admin. Views a policy.
  std::string_view role_of(Standing in_force, Standing accepted) const;

 private:
  std::shared_ptr<const Policy> in_force_, accepted_;
  std::vector<int> in_accepted_;  // by capability in force: its index in the accepted policy, or -1
  Redaction redaction_;
};

}  // namespace postern::policy
