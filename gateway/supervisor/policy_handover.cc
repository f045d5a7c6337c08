// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/policy_handover.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "policy/diff.h"

namespace postern::supervisor {
namespace {

using base::Json;

Json listing(const std::vector<policy::Change>& changes) {
  Json out = Json::array();
  for (const policy::Change& change : changes) {
    if (out.size() == kMostListed) break;
    out.push_back(change.capability.empty() ? change.what : change.capability + ": " + change.what);
  }
  return out;
}

}  // namespace

Json compare_policies(const policy::Policy& before, const policy::Policy& after) {
  const policy::Difference difference = policy::diff(before, after);
  return {{"ok", true},
          {"hash", after.hash()},
          {"faults", Json::array()},
          {"newly_allowed", listing(difference.newly_allowed)},
          {"no_longer_allowed", listing(difference.no_longer_allowed)}};
}

PolicyHandover::PolicyHandover(loop::Loop& loop, LedgerLink& ledger)
    : ledger_(ledger), policy_again_(loop, [this] { put(); }) {}

void PolicyHandover::adopt(const Config& config, const Material& material) {
  config_ = &config;
  material_ = &material;
}

Json PolicyHandover::policy_order(const std::string& actor, const std::string& from) const {
  return {{"command", "policy.set"}, {"file", config_->policy.path}, {"actor", actor}, {"from", from}};
}

void PolicyHandover::put() {
  ledger_.put_policy(material_->policy_text, policy_order("gateway", ""), [this](const LedgerReply& reply) {
    if (reply.ok || stopping_) return;
    base::log_warning("the ledger did not take the policy: " +
                      base::json_text_or(reply.json, "message", "for no reason given"));
    policy_again_.start(kPolicyAgain);
  });
}

void PolicyHandover::put_changed(const std::string& actor, const std::string& from, Json changes,
                                 std::function<void(const Json&)> done) {
  ledger_.put_policy(material_->policy_text, policy_order(actor, from),
                     [this, changes = std::move(changes), done = std::move(done)](const LedgerReply& reply) {
                       Json said = changes;
                       take_policy_reply(reply, said);
                       done(said);
                     });
}

void PolicyHandover::take_policy_reply(const LedgerReply& reply, Json& policy_answer) {
  if (reply.ok) {
    policy_answer["waits"] = base::json_bool_or(reply.json, "waits", false);
    return;
  }
  policy_again_.start(kPolicyAgain);
  const std::string why = base::json_text_or(reply.json, "message", "for no reason given");
  policy_answer["ok"] = false;
  policy_answer["faults"] =
      Json::array({{{"file", config_->policy.path},
                    {"line", 0},
                    {"column", 0},
                    {"message", "the ledger did not take it, and is asked again: " + why}}});
}

void PolicyHandover::stop() {
  stopping_ = true;
  policy_again_.stop();
}

}  // namespace postern::supervisor
