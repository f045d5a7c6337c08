// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "policy/judge.h"
#include "policy/match.h"

namespace postern::policy {
namespace {

using base::Refusal;

// How near to allowed an operation came; the smallest wins. Of those that only a standing refuses, the one
// that an engineer can do most about is named.
int rank(Refusal refusal, bool write) {
  switch (refusal) {
    case Refusal::None:
      return write ? 1 : 0;
    case Refusal::ApprovalNeeded:
      return 2;
    case Refusal::GrantEnded:
      return 3;
    case Refusal::ReadOnly:
      return 4;
    case Refusal::CapabilityOff:
      return 5;
    case Refusal::RemoteAccessOff:
      return 6;
    case Refusal::ParameterNotAllowed:
      return 8;
    case Refusal::BodyNotAllowed:
      return 9;
    case Refusal::WebsocketNotListed:
      return 10;
    default:
      return 7;
  }
}

// Among equals: a literal before a parameter before **, then the file's order.
bool more_specific(const Operation& a, const Operation& b) {
  for (std::size_t i = 0; i < a.path.segments.size() && i < b.path.segments.size(); ++i) {
    if (a.path.segments[i].parameter != b.path.segments[i].parameter) return b.path.segments[i].parameter;
  }
  return a.path.segments.size() > b.path.segments.size() || (!a.path.tail && b.path.tail);
}

class Search {
 public:
  Search(const Policy& policy, const Question& question, Standing standing, Method method)
      : policy_(policy), question_(question), standing_(standing), method_(method) {}

  void consider(const Matcher::Entry& entry) {
    const Operation& operation = policy_.operations()[entry.item];
    if (!entry.plain && operation.constraints.websocket && !question_.websocket)
      return;  // it lists WebSockets alone
    const Judgement judgement = entry.plain ? plain() : judge(operation.constraints, method_, question_);
    Decision decision;
    decision.refusal = judgement.refusal == Refusal::None ? standing_of(entry.capability) : judgement.refusal;
    decision.operation = static_cast<int>(entry.item);
    decision.capability = static_cast<int>(entry.capability);
    decision.klass = entry.write ? Class::Write : Class::Read;
    decision.body_limit = entry.plain ? kNoBodyLimit : operation.constraints.max_size;
    decision.parameter = judgement.parameter;
    if (best_.operation < 0 || better(decision)) best_ = decision;
  }
  const Decision& best() const { return best_; }

 private:
  Judgement plain() const {
    if (question_.websocket) return {Refusal::WebsocketNotListed, {}};
    const bool refused = question_.has_body && (bit(method_) & kBodyMethods) == 0;
    return {refused ? Refusal::BodyNotAllowed : Refusal::None, {}};
  }

  Refusal standing_of(std::uint32_t capability) const {
    return capability < standing_.size() ? standing_[capability] : Refusal::CapabilityOff;
  }

  bool better(const Decision& other) const {
    const int now = rank(best_.refusal, best_.klass == Class::Write);
    const int then = rank(other.refusal, other.klass == Class::Write);
    if (now != then) return then < now;
    if (other.allowed() && other.body_limit != best_.body_limit) return other.body_limit > best_.body_limit;
    const Operation& a = policy_.operations()[static_cast<std::size_t>(other.operation)];
    const Operation& b = policy_.operations()[static_cast<std::size_t>(best_.operation)];
    if (more_specific(a, b) != more_specific(b, a)) return more_specific(a, b);
    return other.operation < best_.operation;
  }

  const Policy& policy_;
  const Question& question_;
  Standing standing_;
  Method method_;
  Decision best_;
};

std::string place(base::Mark mark) { return " (policy line " + std::to_string(mark.line) + ")"; }

std::string describe_refusal(const Policy& policy, const Decision& decision) {
  const Operation& operation = policy.operations()[static_cast<std::size_t>(decision.operation)];
  const std::string& capability = policy.capabilities()[static_cast<std::size_t>(decision.capability)].name;
  const std::string listed = operation.text() + " is listed by " + capability + place(operation.mark);
  switch (decision.refusal) {
    case Refusal::None:
      return listed;
    case Refusal::ParameterNotAllowed:
      return "parameter \"" + base::printable(decision.parameter, 80) + "\" is outside what " + capability +
             " allows for " + operation.text() + place(operation.mark);
    case Refusal::BodyNotAllowed:
      return "the body is outside what " + capability + " allows for " + operation.text() +
             place(operation.mark);
    case Refusal::WebsocketNotListed:
      return listed + ", but not as a WebSocket";
    case Refusal::CapabilityOff:
      return listed + ", which is switched off";
    case Refusal::OutsideRole:
      return listed + ", which is not of the role that the identity provider's groups give";
    case Refusal::ApprovalNeeded:
      return listed + ", which needs an approval";
    case Refusal::GrantEnded:
      return listed + ", for which the approval has ended";
    case Refusal::ReadOnly:
      return listed + ", of class write, and remote access is read-only";
    case Refusal::RemoteAccessOff:
      return listed + ", and remote access is switched off";
    case Refusal::OperationNotAccepted:
      return listed + ", which waits for an administrator to accept the policy";
    default:
      return listed + ", refused as " + std::string(base::text_of(decision.refusal).code);
  }
}

}  // namespace

Decision decide(const Policy& policy, const Question& question, Standing standing) {
  Decision refused;
  const auto method = parse_method(question.method);
  if (!method) return refused;
  const SegmentedPath path(question.path);
  policy.forbidden().each(path, bit(*method), [&](const Matcher::Entry& entry) {
    const int rule = static_cast<int>(entry.item);
    if (refused.never < 0 || rule < refused.never) refused.never = rule;
  });
  if (refused.never >= 0) {
    refused.refusal = Refusal::Never;
    return refused;
  }
  Search search(policy, question, standing, *method);
  policy.listed().each(path, bit(*method), [&](const Matcher::Entry& entry) { search.consider(entry); });
  return search.best();
}

void keep_within_role(const Policy& policy, std::string_view role, std::vector<base::Refusal>& standing) {
  const Role* known = policy.find_role(role);
  for (std::size_t i = 0; i < standing.size(); ++i) {
    const bool listed = known != nullptr && std::find(known->capabilities.begin(), known->capabilities.end(),
                                                      static_cast<int>(i)) != known->capabilities.end();
    // What is shut for everybody is told as that.
    if (!listed && standing[i] != Refusal::RemoteAccessOff && standing[i] != Refusal::CapabilityOff)
      standing[i] = Refusal::OutsideRole;
  }
}

std::string_view role_of(const Policy& policy, Standing standing) {
  std::vector<int> usable;
  for (std::size_t i = 0; i < standing.size() && i < policy.capabilities().size(); ++i) {
    if (standing[i] == Refusal::None) usable.push_back(static_cast<int>(i));
  }
  if (usable.empty()) return {};
  for (const std::string_view name : {"viewer", "user", "admin"}) {
    const Role* role = policy.find_role(name);
    if (role == nullptr) continue;
    std::vector<int> listed = role->capabilities;
    std::sort(listed.begin(), listed.end());
    if (std::includes(listed.begin(), listed.end(), usable.begin(), usable.end())) return role->name;
  }
  return {};
}

std::string describe(const Policy& policy, const Question& question, const Decision& decision) {
  if (decision.never >= 0) {
    const NeverRule& rule = policy.never()[static_cast<std::size_t>(decision.never)];
    return rule.text + " is never allowed" + place(rule.mark);
  }
  if (decision.operation >= 0) return describe_refusal(policy, decision);
  return base::printable(question.method, 20) + " " + base::printable(question.path, 200) +
         " is not listed by any capability";
}

}  // namespace postern::policy
