// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How an exchange ends: with its client, by a change of permissions, or in good order; and the event that sums it up.
#include <algorithm>

#include "gateway/enforcer/exchange.h"
#include "gateway/ipc/figures.h"

namespace postern::enforcer {
namespace {

bool is_component_fault(base::Refusal refusal) {
  return refusal >= base::Refusal::GatewayError && refusal <= base::Refusal::ComponentCredential;
}

}  // namespace

void Exchange::release_component() {
  if (std::exchange(held_, false)) site_.waiting_room.leave(serial_, "the client left");
  site_.pool.cancel(id_);
  site_.ledger.cancel(id_);
  if (component_ == nullptr) return;
  ComponentCarrier* component = std::exchange(component_, nullptr);
  conversation_ ? component->say_goodbye(conversation_->last_words()) : component->abandon();
}

void Exchange::cut(ipc::CutReason reason) {
  release_component();
  deadline_.clear();
  lifetime_.clear();
  phase_ = Phase::Finishing;
  response_.cut(reason);
}

// What came from the component can be cut until the terminator says that the client has it, also when we have
// handed over all of it. Our own refusals stay.
bool Exchange::may_be_cut() const {
  if (!recorded_ || was_cut() || phase_ == Phase::Answering) return false;
  return phase_ != Phase::Finishing || (response_.ended() && component_head_ && !client_gone_);
}

bool Exchange::review(const ipc::Change& change) {
  if (held_) return review_waiting();
  if (!may_be_cut()) return false;
  const base::Refusal now = refused_now();
  if (now == base::Refusal::None) return false;
  cut_version_ = change.version;
  cut_commanded_ = change.commanded;
  cut_code_ = now;
  cut_late_ = response_.ended();
  release_component();
  if (response_.begun()) {
    cut(ipc::CutReason::Permission);
  } else {
    refuse(now, "it is not allowed any more as it was when the request came");
  }
  return true;
}

void Exchange::cut_from_node() {
  if (phase_ == Phase::Finishing) return;
  cut_code_ = base::Refusal::NodeDrained;
  cut_late_ = response_.ended();
  release_component();
  if (response_.begun()) return cut(ipc::CutReason::Limit);
  refuse(base::Refusal::NodeDrained,
         "the node is being updated, and this exchange took longer than its drain");
}

void Exchange::on_client_gone() {
  client_gone_ = true;
  release_component();
  deadline_.clear();
  lifetime_.clear();
  phase_ = Phase::Finishing;
}

void Exchange::on_terminator_gone() {
  client_gone_ = true;
  complete({});
}

// What it says of the end stands in the log, and counts: no more left than was handed over, none of it was complete before its
// end was, and of a request that is too long the piece that was too much is all that did not come here.
bool Exchange::can_be(const ipc::ExchangeDone& done) const {
  return done.ended >= 0 && done.ended <= site_.loop.now() && done.response_bytes <= response_.most_sent() &&
         done.after_cut <= done.response_bytes && done.request_bytes <= request_.bytes() + ipc::kBodyPiece &&
         (!done.complete || response_.ended());
}

bool Exchange::on_done(const ipc::ExchangeDone& done) {
  if (!can_be(done)) return false;
  if (cut_version_ != 0) cut_took_ = std::max<base::Nanos>(0, done.ended - cut_commanded_);
  complete(done);
  phase_ = Phase::Finishing;
  return true;
}

Exchange::Came Exchange::came() const {
  return {sent_at_ > 0, component_head_, status_, failure_, recorded_ ? event_id_ : std::string()};
}

std::string_view Exchange::outcome(const ipc::ExchangeDone& done) const {
  if (was_cut() && !(cut_late_ && done.complete)) return "cut";
  if (is_component_fault(failure_)) return "component_failed";
  const bool limited = conversation_ && failure_ == base::Refusal::LimitReached;  // and was closed in order
  if (failure_ != base::Refusal::None && !limited) return sent_at_ == 0 ? "not_forwarded" : "refused";
  return done.complete ? "completed" : "client_gone";
}

void Exchange::complete(const ipc::ExchangeDone& done) {
  release_component();
  if (!recorded_) return;
  Completed event;
  event.session = session_;
  event.engineer = engineer_;
  event.capability = decided_by()->name;
  event.policy = policy_->hash();
  event.forwarded = event_id_;
  event.status = status_;
  event.request_bytes = std::max(done.request_bytes, request_.bytes());
  event.response_bytes = done.response_bytes;
  event.handed_bytes = response_.handed();
  const base::Nanos now = site_.loop.now();
  event.duration = now - began_;
  if (head_at_ > 0) event.component = head_at_ - sent_at_;
  if (sent_at_ > 0) ipc::time(ipc::Timing::BeforeForwarding, sent_at_ - began_);
  if (head_at_ > 0) {
    ipc::time(ipc::Timing::Component, event.component);
    ipc::time(ipc::Timing::Transfer, now - head_at_);
  }
  event.retried = retried_;
  event.protocol = protocol_;
  if (screen_) event.redacted = screen_->counts();
  if (conversation_) {
    event.redacted.add(conversation_->redacted());
    event.messages_in = static_cast<std::int64_t>(conversation_->of_client().messages());
    event.messages_out = static_cast<std::int64_t>(conversation_->of_component().messages());
    event.client_close = conversation_->of_client().close_code();
    event.component_close = conversation_->of_component().close_code();
    event.closed_by = was_cut() ? "gateway" : conversation_->closed_by();
  }
  event.outcome = outcome(done);
  if (was_cut()) {
    event.cut_reason = base::text_of(cut_code_).code;
    if (cut_version_ != 0)
      event.cut =
          std::max<base::Nanos>(0, done.ended == 0 ? now - cut_commanded_ : done.ended - cut_commanded_);
    event.bytes_after_cut = done.after_cut;
  } else if (failure_ != base::Refusal::None) {
    event.code = base::text_of(failure_).code;
  }
  tell_received();
  site_.recorder.completed(event);
  completed_ = sent_at_ > 0;
  if (completed_) site_.changes.after(serial_, status_);
}

}  // namespace postern::enforcer
