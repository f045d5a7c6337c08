// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The policy in force, what it opens that nobody has accepted yet, and the acceptance.
#include <algorithm>
#include <array>

#include "console/api.h"
#include "console/commands.h"
#include "policy/diff.h"

namespace postern::console::api {
namespace {

using base::Json;
using policy::Effect;

constexpr std::size_t kMostPolicyChanges = 2'000;  // named in one answer, those that open something first

struct Told {
  const policy::Change* change;
  std::string_view kind;
};

// What an admin has to look at comes first.
int place_of(Effect effect) {
  switch (effect) {
    case Effect::New:
      return 0;
    case Effect::Looser:
      return 1;
    case Effect::Gone:
      return 2;
    case Effect::Stricter:
      return 3;
    case Effect::Same:
      break;
  }
  return 4;
}

// What the policy says of a capability that either has.
const policy::Capability* find_capability(const policy::Policy* policy, const std::string& name) {
  const int index = policy == nullptr || name.empty() ? -1 : policy->find_capability(name);
  return index < 0 ? nullptr : &policy->capabilities()[static_cast<std::size_t>(index)];
}

Json changes_of(const policy::Difference& difference, const policy::Policy* before,
                const policy::Policy& now) {
  std::vector<Told> all;
  const auto add = [&all](const std::vector<policy::Change>& changes, std::string_view kind) {
    for (const policy::Change& change : changes) all.push_back({&change, kind});
  };
  add(difference.newly_allowed, "operation");
  add(difference.no_longer_allowed, "operation");
  add(difference.changed, "operation");
  add(difference.never_added, "never");
  add(difference.never_removed, "never");
  add(difference.roles, "role");
  add(difference.redaction, "redaction");
  std::stable_sort(all.begin(), all.end(), [](const Told& a, const Told& b) {
    return place_of(a.change->effect) < place_of(b.change->effect);
  });
  Json counts{{"new", 0}, {"gone", 0}, {"looser", 0}, {"stricter", 0}, {"same", 0}};
  Json changes = Json::array();
  for (const Told& one : all) {
    const policy::Change& change = *one.change;
    const std::string effect(to_text(change.effect));
    counts[effect] = counts[effect].get<int>() + 1;
    if (changes.size() >= kMostPolicyChanges) continue;
    Json json{{"kind", one.kind}, {"effect", effect}, {"what", change.what}, {"detail", change.detail}};
    if (change.mark.line > 0) json["line"] = change.mark.line;
    if (!change.capability.empty()) json["capability"] = change.capability;
    const policy::Capability* capability = find_capability(&now, change.capability);
    if (capability == nullptr) capability = find_capability(before, change.capability);
    if (capability != nullptr) {
      json["title"] = capability->title;
      json["class"] = policy::to_text(capability->klass);
    }
    changes.push_back(std::move(json));
  }
  const std::size_t left_off = all.size() - changes.size();
  return {{"counts", std::move(counts)}, {"changes", std::move(changes)}, {"left_off", left_off}};
}

// Where what was accepted is not known, all of it is new.
policy::Difference all_of(const policy::Policy& policy) {
  policy::Difference difference;
  for (const policy::Operation& operation : policy.operations()) {
    const auto& capability = policy.capabilities()[static_cast<std::size_t>(operation.capability)];
    difference.newly_allowed.push_back({capability.name, operation.text(), "", operation.mark, Effect::New});
  }
  return difference;
}

Json accepted_json(const Parts& parts) {
  const state::State::Acceptance& accepted = parts.ledger.state().accepted();
  Json json{{"hash", accepted.hash}};
  if (accepted.at > 0) json["at"] = base::format_time(accepted.at);
  if (!accepted.by.empty()) json["by"] = accepted.by;
  return json;
}

Json heading(const Parts& parts) {
  const bool waits = parts.ledger.policy_waits();
  Json json{{"hash", parts.ledger.policy()->hash()}, {"accepted", accepted_json(parts)}, {"waits", waits}};
  json["accepted"]["readable"] = !waits || parts.ledger.accepted_policy() != nullptr;
  if (const auto loaded = parts.ledger.policy_loaded()) json["loaded"] = base::format_time(*loaded);
  return json;
}

std::optional<Response> policy_problem(const Parts& parts) {
  if (auto wrong = state_problem(parts)) return wrong;
  if (parts.ledger.policy() != nullptr) return std::nullopt;
  return problem(404, "not_found", "There is no policy in force yet");
}

}  // namespace

void show_policy(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = policy_problem(parts)) return reply(std::move(*wrong));
  Json shown = heading(parts);
  shown["text"] = parts.ledger.policy_text();
  reply(json_response(shown));
}

// On another thread: two policies of 100,000 operations take a second.
void show_policy_diff(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = policy_problem(parts)) return reply(std::move(*wrong));
  auto answer = std::make_shared<Json>(heading(parts));
  const std::shared_ptr<const policy::Policy> now = parts.ledger.policy();
  const std::shared_ptr<const policy::Policy> before =
      parts.ledger.policy_waits() ? parts.ledger.accepted_policy() : now;
  parts.loop.run_elsewhere(
      [answer, now, before] {
        const policy::Difference difference = before == nullptr ? all_of(*now) : policy::diff(*before, *now);
        answer->update(changes_of(difference, before.get(), *now));
      },
      [answer, reply, life = std::weak_ptr<const bool>(parts.life)] {
        if (!life.expired()) reply(json_response(*answer));
      });
}

void accept_policy(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"hash"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  send_command(parts, call, "policy.accept", std::move(*body), reply,
               [&parts](const Json&) { return json_response(heading(parts)); });
}

}  // namespace postern::console::api
