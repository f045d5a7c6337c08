// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// From a decision to its answer: append, fold, tell, wait, answer. See ledger.h for the order and why.
#include <algorithm>
#include <limits>

#include "audit/event_line.h"
#include "audit/tile.h"
#include "base/log.h"
#include "gateway/ledger/deciding.h"
#include "gateway/ledger/ledger.h"
#include "gateway/ledger/pass.h"

namespace postern::ledger {

using audit::EventType;
using base::Json;
using ipc::FromLedger;

namespace {

constexpr std::string_view kSignedOut = "signed_out";

CommandRefused refused_for(base::Refusal refusal, std::string message) {
  const base::RefusalText& text = base::text_of(refusal);
  return {text.status, std::string(text.code), std::move(message)};
}

// What an event changes: the type's family, and its subject or session.
std::string about_of(const Draft& draft) {
  const std::string_view name = audit::text_of(draft.type).name;
  const std::string_view family = name.substr(0, name.find('.'));
  return std::string(family) + ":" + (family == "session" ? draft.session : draft.subject);
}

std::int64_t count_of(const std::vector<Draft>& events, EventType type) {
  return std::count_if(events.begin(), events.end(),
                       [type](const Draft& draft) { return draft.type == type; });
}

// How it went is recorded for what an admin or the clock took away; an engineer who signs out needs no such
// figure.
std::string subject_of_applied(const Decision& decision) {
  const Draft& first = decision.events.front();
  return first.outcome == kSignedOut ? std::string() : first.subject;
}

}  // namespace

Context Ledger::context() {
  return {state_,
          policy_,
          limits_,
          tallies_,
          ulids_,
          clock_.wall(),
          keeper_.public_key(),
          recorder_.writable(),
          witnessed_logs_,
          target_names_,
          keeper_.log_key(),
          openid_.issuer.empty() ? nullptr : &openid_,
          admin_openid_.issuer.empty() ? nullptr : &admin_openid_,
          &intake_};
}

void Ledger::decide(Peer& peer, const ipc::Command& command, const Json& order) {
  const Asker asker{peer.number(), command.id};
  const base::Nanos commanded = clock_.monotonic();
  if (drained_) {
    refuse(asker, refused_for(base::Refusal::GatewayStopping, "the gateway is stopping"));
    return;
  }
  if (base::json_text_or(order, "command", "") == "log.rotate_key")
    return change_key(asker, order, commanded);
  if (is_rolling_command(base::json_text_or(order, "command", ""))) return take_rolling_order(asker, order);
  if (is_update_command(base::json_text_or(order, "command", ""))) return take_update_order(asker, order);
  if (is_sources_command(base::json_text_or(order, "command", ""))) return take_sources_order(asker, order);
  if (base::json_text_or(order, "command", "") == "sharing.preview") return preview_report(asker, order);
  if (is_admin_openid_command(base::json_text_or(order, "command", "")))
    return ask_then_decide_admin(asker, order, commanded);
  if (is_account_command(base::json_text_or(order, "command", ""))) return take_account_order(asker, order);
  if (peer.sender() == Sender::Supervisor) {
    take_policy_order(peer, asker, order);
    return;
  }
  if (is_openid_command(base::json_text_or(order, "command", "")))
    return ask_then_decide(peer.sender(), asker, order, commanded);
  if (base::json_text_or(order, "command", "") == "proposal.compare" && !is_comparing(peer, order))
    return refuse(asker, {409, "conflict", "nobody asked this enforcer to read for this proposal"});
  // What it sends is answered as taken, or not at all: nothing of it may be dropped later.
  if (peer.sender() == Sender::Intake && !has_room())
    return refuse(asker, refused_for(base::Refusal::LogUnavailable, "too many events wait for the disk"));
  Decision decision = decide_command(context(), peer.sender(), order);
  for (const std::string& gateway : decision.heard) intake_.hear(gateway);
  if (decision.to_sign.empty()) {
    perform(std::move(decision), asker, commanded);
  } else {
    sign_then_perform(std::move(decision), asker, commanded);
  }
}

// What the provider says goes into the order, where nobody else can have put it.
void Ledger::ask_then_decide(Sender sender, const Asker& asker, const Json& order, base::Nanos commanded) {
  ask_provider(provider_, openid_, order, [this, sender, asker, commanded](const Json& answered) {
    perform(decide_command(context(), sender, answered), asker, commanded);
  });
}

void Ledger::ask_then_decide_admin(const Asker& asker, const Json& order, base::Nanos commanded) {
  ask_provider(admin_provider_, admin_openid_, order, [this, asker, commanded](const Json& answered) {
    if (is_account_command(base::json_text_or(answered, "command", "")))
      return take_account_order(asker, answered);
    perform(decide_command(context(), Sender::Console, answered), asker, commanded);
  });
}

void Ledger::ask_provider(ProviderAsks& provider, const OpenIdTerms& terms, Json order,
                          std::function<void(const Json& answered)> decide) {
  const std::string command = base::json_text_or(order, "command", "");
  const std::string what = command.substr(command.find('.') + 1);
  const auto decide_now = [this, decide = std::move(decide)](Json taken, Json answer) {
    taken["answer"] = std::move(answer);
    if (!drained_) decide(taken);
  };
  if (terms.issuer.empty())
    return decide_now(std::move(order), {{"status", 502}, {"why", "no identity provider is configured"}});
  if (const std::string fault = base::json_text_or(order, "fault", ""); !fault.empty())
    return decide_now(std::move(order), {{"status", 403}, {"why", fault}});
  const bool opens = what == "open";
  if (opens && !provider.first_use(base::json_text_or(order, "state", "")))
    return decide_now(
        std::move(order),
        {{"status", 403}, {"why", "this sign-in was used before, or too many were tried: begin again"}});
  Json question = order;
  question["do"] = opens ? "redeem" : what == "depart" ? "logout" : what;
  provider.ask(question, [decide_now, order = std::move(order)](Json answer) mutable {
    decide_now(std::move(order), std::move(answer));
  });
}

void Ledger::sign_then_perform(Decision decision, const Asker& asker, base::Nanos commanded) {
  const std::string payload = decision.to_sign;
  auto shared = std::make_shared<Decision>(std::move(decision));
  keeper_.sign(signed_part(payload),
               [this, shared, asker, commanded, payload](base::Result<std::string> signature) {
                 if (!signature.ok()) {
                   refuse(asker, refused_for(base::Refusal::GatewayError, signature.error().message));
                 } else if (!recorder_.writable()) {
                   refuse(asker, refused_for(base::Refusal::LogUnavailable, "the log cannot be written"));
                 } else {
                   shared->reply["pass"] = pass_text(payload, *signature);
                   perform(std::move(*shared), asker, commanded);
                 }
               });
}

void Ledger::perform(Decision decision, const Asker& asker, base::Nanos commanded, PolicyText policy_text) {
  Outcome outcome;
  outcome.peer = asker.peer;
  outcome.command = asker.command;
  outcome.policy = std::move(policy_text);
  outcome.policy_accepted = count_of(decision.events, EventType::PolicyAccepted) > 0;
  outcome.to_cosign = std::move(decision.to_cosign);
  outcome.measured = decision.measured && !decision.events.empty();
  outcome.deadline = commanded + kAppliedTimeout;
  outcome.sessions_ended = count_of(decision.events, EventType::SessionEnded);
  if (outcome.measured) outcome.subject = subject_of_applied(decision);
  for (const Draft& draft : decision.events) {
    if (append(draft, outcome, commanded)) continue;
    refuse(asker, refused_for(base::Refusal::LogUnavailable, "too many events wait for the disk"));
    return;
  }
  if (decision.refused && outcome.event.empty()) {
    refuse(asker, *decision.refused);
    return;
  }
  outcome.refused = std::move(decision.refused);
  outcome.reply = std::move(decision.reply);
  outcome.durable_at = recorder_.size();
  outcomes_.add(std::move(outcome));
  advance();
}

Ledger::LogLine Ledger::line_of(const Draft& draft) {
  const base::Micros now = clock_.wall();
  LogLine line{draft.type, ulids_.make(now), {}};
  audit::EventHead head = head_of(draft);
  head.policy = state_.policy_hash();
  line.text = audit::event_line(line.id, now, head, draft.detail);
  return line;
}

bool Ledger::append_own(const LogLine& line) {
  const bool kept = recorder_.append(line.text, true).ok();
  if (!kept) ++lost_;
  if (kept && !is_about_witnesses(line.type)) counts_ = recorder_.size();
  if (kept) notice(recorder_.size() - 1, line.text);
  return kept;
}

void Ledger::notice(std::uint64_t index, std::string_view line) {
  const auto event = audit::read_event_head(line);
  if (!event.ok()) return;
  saw_event(index, *event);
}

bool Ledger::append(const Draft& draft, Outcome& outcome, base::Nanos commanded) {
  const bool concerns_state = state::State::concerns(audit::text_of(draft.type).name);
  // Whoever knocks while the disk is full must not use up the memory that closing needs.
  if (!concerns_state && !has_room()) {
    ++lost_;
    return true;
  }
  LogLine line = line_of(draft);
  if (outcome.event.empty() || draft.type == EventType::SessionOpened) outcome.event = line.id;
  if (!concerns_state) return append_own(line);
  Announcement announcement;
  announcement.line = std::move(line.text);
  auto event = base::parse_json(announcement.line);
  POSTERN_CHECK(event.ok());  // write_event escapes whatever stands in a draft
  const auto index = recorder_.append(announcement.line, true);
  if (!index.ok()) return false;
  if (!is_about_witnesses(draft.type)) counts_ = recorder_.size();
  notice(*index, announcement.line);
  announcement.index = *index;
  announcement.about = about_of(draft);
  announcement.closes = draft.closes;
  announcement.wants_applied = draft.closes == outcome.measured;
  announcement.commanded = commanded;
  fold(draft, *event);
  if (draft.type == EventType::SessionOpened) outcome.opened_session = draft.session;
  announcement.event = std::move(*event);
  if (!draft.closes) {
    if (outcome.gives_below == 0) outcome.gives_from = *index;
    outcome.gives_below = *index + 1;
  }
  if (draft.closes) {
    // Behind a switch, or an engineer who is removed, the ends of sessions say what became of whom: they close nothing more.
    const bool follows = draft.type == EventType::SessionEnded && outcome.closed_them;
    const bool first = outcome.first_version == 0;
    if (announcement.wants_applied && draft.stops && !follows && draft.outcome != kSignedOut)
      announcement.stop = stop_word_.raise(first);
    if (draft.type == EventType::PermissionChanged || draft.type == EventType::EngineerRemoved)
      outcome.closed_them = true;
    tell(announcement, &outcome);
    // What follows may be long (the ends of ten thousand sessions): the change itself leaves before it is
    // written down.
    if (draft.type == EventType::PermissionChanged || (announcement.stop != 0 && first)) {
      for (auto& [number, peer] : peers_) peer->flush();
    }
  }
  const bool changes_tunnel = !draft.closes && draft.type == EventType::PermissionChanged;
  announcements_.add(std::move(announcement));
  if (changes_tunnel) look_at_tunnel();
  return true;
}

void Ledger::fold(const Draft& draft, const Json& event) {
  if (draft.type == EventType::SessionEnded) {
    const auto open = state_.sessions().find(draft.session);
    if (open != state_.sessions().end())
      tallies_.grant_uses().session_ends(draft.session, open->second.engineer);
  }
  state_.apply(event);
  if (draft.type == EventType::GrantStarted || draft.type == EventType::GrantEnded)
    tallies_.grant_uses().grant_changed(state_, draft.subject);
  if (draft.type == EventType::SessionOpened) {
    tallies_.open(draft.session);
    const auto opened = state_.sessions().find(draft.session);
    if (opened != state_.sessions().end()) session_ends_.open(opened->second);
  }
  if (draft.type == EventType::SessionEnded) {
    tallies_.close(draft.session);
    session_ends_.close(draft.session);
  }
}

void Ledger::refuse(const Asker& asker, const CommandRefused& refused, std::string_view event) {
  const auto peer = peers_.find(asker.peer);
  if (peer == peers_.end()) return;
  const Json json{{"code", refused.code}, {"message", refused.message}, {"status", refused.status}};
  peer->second->send(FromLedger::Reply, ipc::Reply{asker.command, false, base::dump_json(json), event});
}

void Ledger::advance() {
  const std::vector<const Outcome*> settled = outcomes_.settle(clock_.monotonic());
  for (const Outcome* outcome : settled) record_applied(*outcome);
  if (!settled.empty()) look_at_tunnel();
  for (Outcome& outcome : outcomes_.take_ready(recorder_.durable(), announcements_.released(),
                                               recorder_.writable(), clock_.monotonic()))
    answer(std::move(outcome));
}

void Ledger::record_applied(const Outcome& outcome) {
  if (outcome.subject.empty() && outcome.exchanges_cut == 0) return;
  Draft draft{EventType::PermissionApplied, "gateway", {}, outcome.subject, {}, {}, false};
  draft.detail = Detail()
                     .number("version", static_cast<std::int64_t>(outcome.first_version))
                     .number("enforcers", static_cast<std::int64_t>(outcome.enforcers))
                     .number("missing", static_cast<std::int64_t>(outcome.awaited.size()))
                     .number("cut_exchanges", outcome.exchanges_cut)
                     .number("slowest_us", static_cast<std::int64_t>(outcome.slowest_ns / 1000))
                     .number("ended_sessions", outcome.sessions_ended)
                     .done();
  append_own(draft);
}

void Ledger::answer(Outcome outcome) {
  const bool recorded = outcome.durable_at <= recorder_.durable();
  if (!recorded) outcome.event.clear();  // an id that may never be in the log is not told
  if (outcome.refused) {
    refuse({outcome.peer, outcome.command}, *outcome.refused, outcome.event);
    return;
  }
  if (!recorded && !outcome.measured) {
    if (const auto opened = state_.sessions().find(outcome.opened_session);
        opened != state_.sessions().end()) {
      Outcome nobody;
      append(draft_session_end(context(), opened->second, "error", "gateway"), nobody, clock_.monotonic());
    }
    refuse({outcome.peer, outcome.command},
           refused_for(base::Refusal::LogUnavailable,
                       "the log cannot be written; a change takes effect when it can"));
    return;
  }
  if (outcome.policy != nullptr) take_effect(std::move(outcome.policy));
  if (outcome.policy_accepted) keep_policies_that_count();
  if (!outcome.to_cosign.empty()) return cosign_then_answer(std::move(outcome));
  if (outcome.measured) outcome.reply["cut"] = cut_of(outcome);
  if (!recorded) outcome.reply["recorded"] = false;
  send_reply(outcome);
}

void Ledger::send_reply(const Outcome& outcome) {
  const auto peer = peers_.find(outcome.peer);
  if (peer == peers_.end()) return;
  peer->second->send(FromLedger::Reply,
                     ipc::Reply{outcome.command, true, base::dump_json(outcome.reply), outcome.event});
}

// What we have seen is durable by now; only then does a cosignature come to be (C2SP tlog-witness).
void Ledger::cosign_then_answer(Outcome outcome) {
  const auto shared = std::make_shared<Outcome>(std::move(outcome));
  keeper_.cosign(shared->to_cosign, [this, shared](base::Result<std::string> line) {
    if (!line.ok()) {
      refuse({shared->peer, shared->command}, refused_for(base::Refusal::GatewayError, line.error().message));
      return;
    }
    shared->reply["cosignature"] = *std::move(line);
    send_reply(*shared);
  });
}

void Ledger::on_durable() {
  Announcements::Released released = announcements_.release(recorder_.durable());
  for (const Announcement& change : released.changes) tell(change, outcomes_.giving(change.index));
  if (released.gap) tell_state();
  for (auto& [number, peer] : peers_) peer->durable(recorder_.durable());
  go_on_with_account_change();
  advance();
  for (auto& [number, peer] : peers_) {
    if (has_room()) peer->go_on();
  }
  finish_drain(false);
}

void Ledger::on_log_status(bool writable, const std::string& why) {
  for (auto& [number, peer] : peers_) {
    send_log_status(*peer);
    peer->flush();
  }
  if (!writable) {
    if (unwritable_since_ == 0) {
      unwritable_since_ = clock_.monotonic();
      Draft draft{EventType::LogUnavailable, "gateway", {}, {}, {}, {}, false};
      draft.detail = Detail().text("why", why).time("since", clock_.wall()).done();
      append_own(draft);
    }
    advance();
    return;
  }
  Draft draft{EventType::LogRecovered, "gateway", {}, {}, {}, {}, false};
  draft.detail = Detail()
                     .number("duration_us", (clock_.monotonic() - unwritable_since_) / 1000)
                     .number("lost", lost_)
                     .done();
  unwritable_since_ = 0;
  lost_ = 0;
  append_own(draft);
}

void Ledger::tick() {
  if (!drained_) {
    Decision due = decide_due(context(), session_ends_.run_out(state_, clock_.wall()));
    if (!due.events.empty()) perform(std::move(due), {}, clock_.monotonic());
  }
  keeper_.give_up();
  go_on_with_key_change();
  go_on_with_account_change();
  if (!drained_) retention_.tick();
  advance();
  // The log's files begin anew with the bundle that is not full.
  fresh_->forget_before(
      std::min(indexer_.indexed(), publisher_.published() / audit::kTileWidth * audit::kTileWidth));
  send_size();
  send_published();
  if (!drained_) witnesses_.look(counts_, publisher_.published());
  if (!drained_) notices_.look(recorder_.durable());
  if (!drained_) health_.look();
  if (!drained_) vendor_updates_.look();
  if (!drained_ && std::exchange(old_artefacts_, false)) remove_old_artefacts();
  if (!drained_) rolling_.look();
  if (!drained_) calendar_.look();
  if (!drained_) proposals_.look();
  if (!drained_) usage_.look(recorder_.durable());
  if (!drained_) line_reports_.look(recorder_.durable());
  look_at_tunnel();
  provider_.look();
  admin_provider_.look();
  send_witnessing();
  finish_drain(clock_.monotonic() >= drain_deadline_);
}

void Ledger::stop(Stop why, std::function<void()> done) {
  if (drained_) return;
  drained_ = std::move(done);
  drain_deadline_ = clock_.monotonic() + kDrainTimeout;
  if (why == Stop::Asked) perform(decide_stop(context()), {}, clock_.monotonic());
  Draft draft{EventType::GatewayStopped, "gateway", {}, {}, {}, {}, false};
  draft.detail = Detail()
                     .text("reason", why == Stop::Asked ? "asked" : "handed_over")
                     .number("duration_us", clock_.wall() - started_)
                     .done();
  append_own(draft);
}

void Ledger::finish_drain(bool give_up) {
  if (!drained_ || (!give_up && recorder_.durable() < recorder_.size())) return;
  if (!give_up && last_checkpoint_ != LastCheckpoint::Ended) {
    if (last_checkpoint_ == LastCheckpoint::UnderWay) return;
    last_checkpoint_ = LastCheckpoint::UnderWay;
    publisher_.finish([this] {
      last_checkpoint_ = LastCheckpoint::Ended;
      timer_.start(0, kTick);  // which looks again
    });
    return;
  }
  if (give_up) base::log_error("stopping with events that the disk did not take");
  const auto done = std::move(drained_);
  drained_ = [] {};  // still draining: no more commands
  drain_deadline_ = std::numeric_limits<base::Nanos>::max();
  done();
}

}  // namespace postern::ledger
