// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An exchange that asks for a WebSocket and becomes one: what is agreed on, and the conversation (conversation.h)
// between the two streams of the exchange. It is recorded, cut and counted like any other; it ends with a Close to
// whoever is still there.
#include <algorithm>

#include "gateway/enforcer/exchange.h"

namespace postern::enforcer {
namespace {

// For the other side's Close, once one has said goodbye.
constexpr base::Nanos kCloseWait = 5 * base::kSecond;

}  // namespace

// What the component will be offered of what the client offers. False: it was refused.
bool Exchange::agree_on_websocket() {
  if (budget_waits()) {
    refuse(
        base::Refusal::HoldRefused,
        "each call of this session waits for an administrator, and nobody can read a WebSocket before it is "
        "open");
    return false;
  }
  const policy::WebSocketRule rule = *rules().websocket;
  const http::WebSocketOffer offer = http::websocket_offer(head_.fields);
  for (const std::string_view name : offer.subprotocols) {
    if (std::binary_search(rule.subprotocols.begin(), rule.subprotocols.end(), name))
      asked_.subprotocols.emplace_back(name);
  }
  if (asked_.subprotocols.empty() && !(rule.subprotocols.empty() && offer.subprotocols.empty())) {
    refuse(base::Refusal::WebsocketNotListed,
           rule.subprotocols.empty() ? "the operation allows no subprotocol, and the client asks for one"
                                     : "the client asks for none of the subprotocols that are allowed");
    return false;
  }
  if (rule.compression) asked_.deflate = offer.deflate;
  asked_.key = http::make_websocket_key();
  return true;
}

void Exchange::ask_for_websocket(http::Fields& fields) {
  fields.put("sec-websocket-version", "13");
  fields.put("sec-websocket-key", asked_.key);
  if (!asked_.deflate.empty()) fields.put("sec-websocket-extensions", asked_.deflate);
  std::string names;
  for (const std::string& name : asked_.subprotocols) names.append(names.empty() ? "" : ", ").append(name);
  if (!names.empty()) fields.put("sec-websocket-protocol", names);
}

// 2xx would be taken for agreement in HTTP/2, and in HTTP/1.1 means that the component has not understood.
bool Exchange::judge_websocket(const http::ResponseHead& head) {
  std::string_view why;
  if (head.status == 101) {
    const http::Verdict verdict = http::judge_websocket_answer(head, asked_, agreed_);
    why = verdict.sentence;
  } else if (head.status < 300) {
    why = "the component answers a request for a WebSocket as if it were another";
  }
  if (why.empty()) return true;
  release_component();
  on_component_failed(base::Refusal::ComponentMalformed, why, Loss::Unknown);
  return false;
}

void Exchange::open_websocket(const http::ResponseHead& head) {
  const policy::WebSocketRule rule = *rules().websocket;
  http::Fields fields = rewritten(head.fields);
  if (!agreed_.subprotocol.empty()) fields.put("sec-websocket-protocol", agreed_.subprotocol);
  if (!agreed_.extensions.empty()) fields.put("sec-websocket-extensions", agreed_.extensions);
  fields.set("postern-event", event_id_);
  status_ = head.status;
  conversation_.emplace(
      Conversation::Terms{rule, !agreed_.extensions.empty(), redaction_rules(), redaction_key()});
  if (!response_.head(head.status, fields, ipc::BodyKind::Frames, 0)) return cut(ipc::CutReason::Component);
  Opened event;
  event.session = session_;
  event.engineer = engineer_;
  event.capability = decided_by()->name;
  event.policy = policy_->hash();
  event.forwarded = event_id_;
  event.target = target_.text();
  event.subprotocol = agreed_.subprotocol;
  event.extensions = agreed_.extensions;
  site_.recorder.opened(event);
  if (rule.lasting.max_time != 0) lifetime_.set(rule.lasting.max_time * 1000);
  converse();
}

// Passes on what there is, as far as there is credit; the time until the next frame begins anew.
void Exchange::converse() {
  if (!conversation_->client_fault().ok()) failure_ = base::Refusal::WebsocketProtocolError;
  if (!conversation_->component_fault().ok()) failure_ = base::Refusal::ComponentMalformed;
  if (const std::string bytes = conversation_->take_for_component(); !bytes.empty() && component_ != nullptr)
    component_->send_body(bytes);
  if (phase_ != Phase::Forwarding) return;  // its connection broke
  if (component_ != nullptr) request_.passed(component_->unsent());
  for (std::string_view frame = conversation_->next_for_client();
       !frame.empty() && frame.size() <= response_.credit(); frame = conversation_->next_for_client()) {
    response_.frame(frame);
    received(frame.size());
    conversation_->sent_to_client();
  }
  const base::Nanos idle = conversation_->rule().lasting.max_idle * 1000;
  const bool closing = conversation_->client_closed() || conversation_->component_closed();
  deadline_.set(closing || conversation_->over() ? kCloseWait : idle != 0 ? idle : settings_->component_idle);
  if (conversation_->over()) finish_websocket();
}

// Both have said goodbye, or it broke: once the client has been given the last frame, the end.
void Exchange::finish_websocket() {
  if (phase_ != Phase::Forwarding || !conversation_->next_for_client().empty()) return;
  lifetime_.clear();
  deadline_.clear();
  release_component();
  response_.end({});
  phase_ = Phase::Finishing;
}

void Exchange::break_websocket(base::Refusal refusal, const http::WsVerdict& verdict) {
  failure_ = refusal;
  // The reason of a Close is short, and for people.
  conversation_->break_by_client({verdict.close, verdict.sentence.substr(0, http::kWsControl - 2)});
  converse();
  failure_ = refusal;
}

// Its connection is gone, in order if it had said goodbye.
void Exchange::on_websocket_failed(base::Refusal refusal, std::string_view why) {
  if (conversation_->component_closed()) {
    conversation_->end(http::WsClose::Normal, "");
  } else {
    failure_ = refusal;
    conversation_->break_by_component(http::WsClose::GoingAway, why.substr(0, http::kWsControl - 2));
  }
  converse();
}

void Exchange::on_websocket_silent() {
  const bool closing = conversation_->client_closed() || conversation_->component_closed();
  if (conversation_->over()) return cut(ipc::CutReason::Limit);  // the client does not take its Close
  if (!closing) failure_ = base::Refusal::LimitReached;
  conversation_->end(closing ? http::WsClose::Normal : http::WsClose::GoingAway,
                     closing ? "" : "nothing was said for as long as the operation allows");
  converse();
}

void Exchange::on_lifetime() {
  if (phase_ != Phase::Forwarding) return;
  if (!conversation_) return cut_at_limit();
  if (conversation_->over()) return;
  failure_ = base::Refusal::LimitReached;
  conversation_->end(http::WsClose::GoingAway, "it was open for as long as the operation allows");
  converse();
}

}  // namespace postern::enforcer
