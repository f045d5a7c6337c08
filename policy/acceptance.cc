// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/acceptance.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "policy/place.h"
#include "redact/rules.h"

namespace postern::policy {
namespace {

using base::Refusal;

Redaction both_of(const Redaction& a, const Redaction& b) {
  Redaction both = a;
  for (const redact::Path& path : b.paths) {
    if (std::find(both.paths.begin(), both.paths.end(), path) == both.paths.end()) both.paths.push_back(path);
  }
  for (const std::string& header : b.headers) {
    if (std::find(both.headers.begin(), both.headers.end(), header) == both.headers.end())
      both.headers.push_back(header);
  }
  both.rules = redact::Rules::make(both.paths);
  return both;
}

// No role is what a policy without roles says of everybody: its services have one credential for all, or a
// general one beside those of the roles.
int reach_of(std::string_view role) {
  if (role == "viewer") return 0;
  if (role == "user") return 1;
  return role == "admin" ? 2 : 3;
}

}  // namespace

Acceptance::Acceptance(std::shared_ptr<const Policy> in_force, std::shared_ptr<const Policy> accepted)
    : in_force_(std::move(in_force)), accepted_(std::move(accepted)) {
  if (accepted_ == nullptr) return;
  std::unordered_map<std::string_view, int> by_name;
  for (std::size_t i = 0; i < accepted_->capabilities().size(); ++i)
    by_name.emplace(accepted_->capabilities()[i].name, static_cast<int>(i));
  for (const Capability& capability : in_force_->capabilities()) {
    const auto found = by_name.find(capability.name);
    in_accepted_.push_back(found == by_name.end() ? -1 : found->second);
  }
  redaction_ = both_of(in_force_->redaction(), accepted_->redaction());
}

void Acceptance::combine(std::vector<Refusal>& in_force, std::vector<Refusal>& accepted) const {
  if (closed()) {
    std::fill(in_force.begin(), in_force.end(), Refusal::OperationNotAccepted);
    return;
  }
  std::vector<Refusal> combined(accepted.size(), Refusal::CapabilityOff);
  for (std::size_t i = 0; i < in_force.size() && i < in_accepted_.size(); ++i) {
    if (in_accepted_[i] < 0) {
      in_force[i] = Refusal::OperationNotAccepted;
      continue;
    }
    const std::size_t then = index(in_accepted_[i]);
    if (in_force[i] == Refusal::None && accepted[then] != Refusal::None)
      in_force[i] = Refusal::OperationNotAccepted;
    combined[then] = in_force[i] == Refusal::None ? Refusal::None : accepted[then];
    if (in_force[i] != Refusal::None && combined[then] == Refusal::None) combined[then] = in_force[i];
  }
  accepted = std::move(combined);
}

Decision Acceptance::tighten(Decision decision, const Question& question, Standing standing) const {
  if (!decision.allowed()) return decision;
  const Decision before = closed() ? Decision{} : policy::decide(*accepted_, question, standing);
  if (!before.allowed()) {
    decision.refusal = Refusal::OperationNotAccepted;
    return decision;
  }
  decision.body_limit = std::min(decision.body_limit, before.body_limit);
  decision.klass = std::max(decision.klass, before.klass);
  decision.accepted_operation = before.operation;
  return decision;
}

const Operation* Acceptance::accepted_operation(const Decision& decision) const {
  return decision.accepted_operation < 0 ? nullptr
                                         : &accepted_->operations()[index(decision.accepted_operation)];
}

bool Acceptance::holds(const Decision& decision) const {
  const Operation* accepted = accepted_operation(decision);
  return accepted != nullptr && accepted->hold;
}

std::string_view Acceptance::role_of(Standing in_force, Standing accepted) const {
  const std::string_view now = policy::role_of(*in_force_, in_force);
  if (closed()) return now;
  const std::string_view then = policy::role_of(*accepted_, accepted);
  return reach_of(now) <= reach_of(then) ? now : then;
}

}  // namespace postern::policy
