// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Another policy: read and held against the accepted one on the pool -> its text kept, durably -> decided, recorded,
// told. While an admin has yet to accept it, everyone is told the accepted one with it.
#include "base/crypto.h"
#include "base/log.h"
#include "gateway/ledger/ledger.h"

namespace postern::ledger {
namespace {

CommandRefused refused_as(base::Refusal refusal, std::string message) {
  const base::RefusalText& text = base::text_of(refusal);
  return {text.status, std::string(text.code), std::move(message)};
}

}  // namespace

void Ledger::take_policy_order(Peer& peer, const Asker& asker, const base::Json& order) {
  if (!peer.policy().whole()) return refuse(asker, {400, "invalid", "no policy was sent before the command"});
  auto text = std::make_shared<const std::string>(peer.policy().take_whole());
  if (policy_orders_.size() >= kPolicyOrders)
    return refuse(asker, refused_as(base::Refusal::LimitReached, "too many policies at once"));
  policy_orders_.push_back({asker, order, std::move(text)});
  if (policy_orders_.size() == 1) read_policy();
}

// Of the policy accepted last: what is in force, or what was kept when another one took its place.
Ledger::PolicyText Ledger::text_of_accepted() {
  const std::string& hash = state_.accepted().hash;
  if (!state_.policy_waits() && policy_text_ != nullptr) return policy_text_;
  if (accepted_text_ != nullptr && accepted_text_of_ == hash) return accepted_text_;
  accepted_text_ = nullptr;
  if (hash.empty()) return nullptr;
  auto text = kept_policies_.read(hash);
  if (!text.ok()) {
    base::log_error(text.error().message +
                    ": nothing passes until an administrator accepts the policy in force");
    return nullptr;
  }
  accepted_text_ = std::make_shared<const std::string>(*std::move(text));
  accepted_text_of_ = hash;
  return accepted_text_;
}

void Ledger::read_policy() {
  auto reading = std::make_shared<PolicyReading>();
  const PolicyText text = policy_orders_.front().text;
  const std::string accepted = state_.accepted().hash;
  // The one that is accepted comes again: it is not held against itself.
  const bool same = accepted == "sha256:" + base::sha256_hex(*text);
  const PolicyText before = same ? nullptr : text_of_accepted();
  loop_.run_elsewhere(
      [reading, text, before, accepted] { *reading = read_and_compare(*text, accepted, before.get()); },
      [this, reading, alive = alive_] {
        if (*alive) keep_policy(reading);
      });
}

// Before it is decided, so that there is no moment at which the log names a policy whose text is nowhere.
void Ledger::keep_policy(std::shared_ptr<const PolicyReading> reading) {
  // An admin accepted the one before this while it was being read.
  if (reading->accepted != state_.accepted().hash) return read_policy();
  if (reading->parsed.policy == nullptr) {
    decide_policy_set(policy_orders_.front(), *reading);
    return next_policy_order();
  }
  const std::string& hash = reading->parsed.policy->hash();
  kept_policies_.keep(hash, policy_orders_.front().text, [this, reading](const base::Status& kept) {
    if (reading->accepted != state_.accepted().hash) return read_policy();
    const bool in_force = reading->parsed.policy->hash() == state_.policy_hash();
    if (!kept.ok() && !in_force) {
      refuse(policy_orders_.front().asker,
             refused_as(base::Refusal::LogUnavailable, "its text cannot be kept: " + kept.error().message));
    } else {
      if (!kept.ok()) base::log_warning("the policy's text cannot be kept: " + kept.error().message);
      decide_policy_set(policy_orders_.front(), *reading);
    }
    next_policy_order();
  });
}

void Ledger::next_policy_order() {
  policy_orders_.pop_front();
  if (!policy_orders_.empty()) read_policy();
}

// A policy may take away and give at once, so it waits for its record like all that gives.
void Ledger::decide_policy_set(const PolicyOrder& order, const PolicyReading& reading) {
  if (drained_) {
    refuse(order.asker, refused_as(base::Refusal::GatewayStopping, "the gateway is stopping"));
    return;
  }
  // What is accepted so far is what is told beside it, from now on.
  const PolicyText before = reading.opens || state_.policy_waits() ? text_of_accepted() : nullptr;
  const std::string before_hash = state_.accepted().hash;
  Decision decision = decide_policy(context(), reading, order.order);
  if (!decision.refused && !decision.events.empty() && !recorder_.writable()) {
    refuse(order.asker, refused_as(base::Refusal::LogUnavailable, "the log cannot be written"));
    return;
  }
  if (!decision.refused) {
    policy_ = reading.summary;
    if (before != nullptr) {
      accepted_text_ = before;
      accepted_text_of_ = before_hash;
    }
    const bool told = policy_text_ != nullptr && *policy_text_ == *order.text;
    if (decision.events.empty() && !told)
      take_effect(order.text);  // in force already, before we were started
  }
  const bool changes = !decision.events.empty();
  perform(std::move(decision), order.asker, clock_.monotonic(), changes ? order.text : nullptr);
}

void Ledger::take_effect(PolicyText text) {
  policy_text_ = std::move(text);
  tell_policy();
  keep_policies_that_count();
}

// Also those of a change that is not durable yet.
void Ledger::keep_policies_that_count() {
  const state::State& safe = announcements_.durable();
  kept_policies_.keep_only(
      {safe.policy_hash(), safe.accepted().hash, state_.policy_hash(), state_.accepted().hash});
  if (!state_.policy_waits() && !safe.policy_waits()) accepted_text_ = nullptr;
}

void Ledger::send_policy(Peer& peer) {
  const auto as_piece = [](std::string_view piece, bool last) { return ipc::PolicyPiece{last, piece}; };
  if (announcements_.durable().policy_waits()) {
    const bool known =
        accepted_text_ != nullptr && accepted_text_of_ == announcements_.durable().accepted().hash;
    peer.send_pieces(ipc::FromLedger::AcceptedPolicy,
                     known ? std::string_view(*accepted_text_) : std::string_view(), as_piece);
  }
  peer.send_pieces(ipc::FromLedger::Policy, *policy_text_, as_piece);
}

void Ledger::tell_policy() {
  for (auto& [number, peer] : peers_) {
    if (peer->follows()) send_policy(*peer);
  }
}

}  // namespace postern::ledger
