// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/conversation.h"

#include <algorithm>
#include <utility>

namespace postern::enforcer {
namespace {

using http::WsClose;
using http::WsFrame;
using http::WsOpcode;

// What a message is, nobody says: JSON is told by its first byte. The names of a policy are looked for in text; in
// binary messages only what is a secret by its shape, or one that we know.
redact::Form form_of(std::string_view begin, bool text) {
  const std::size_t first = begin.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (begin[first] == '{' || begin[first] == '['))
    return redact::Form::Json;
  return text ? redact::Form::Text : redact::Form::Code;
}

http::WsMask make_mask() {
  http::WsMask mask;
  base::fill_random(mask.data(), mask.size());
  return mask;
}

}  // namespace

Conversation::Conversation(Terms terms)
    : terms_(std::move(terms)),
      of_client_(terms_.rule.max_message, terms_.compressed),
      of_component_(terms_.rule.max_message, terms_.compressed) {}

// --- what comes in

bool Conversation::take_from_client(std::string_view wire, base::Nanos now) {
  const auto frame = http::from_wire(wire);
  if (!frame) return false;
  if (over_) return true;
  const http::WsVerdict verdict = of_client_.judge(*frame, now);
  if (!verdict.ok()) {
    break_by_client(verdict);
    return true;
  }
  pass_to_component(*frame);
  if (!of_client_.closed()) return true;
  note_closer("client");
  if (of_component_.closed()) over_ = true;
  return true;
}

void Conversation::take_from_component(std::string_view bytes, base::Nanos now) {
  from_component_ += bytes;
  std::string_view rest = from_component_;
  while (!over_ && !of_component_.closed()) {
    const http::WsStep step = decoder_.take(rest);
    rest.remove_prefix(step.consumed);
    if (step.state == http::WsStep::State::NeedMore) break;
    const http::WsVerdict verdict =
        step.state == http::WsStep::State::Refused ? step.verdict : of_component_.judge(step.frame, now);
    if (!verdict.ok()) {
      component_fault_ = verdict;
      break_by_component(verdict.close, verdict.sentence);
      break;
    }
    pass_to_client(step.frame);
  }
  if (!over_ && of_component_.closed()) {
    note_closer("component");
    if (of_client_.closed()) over_ = true;
  }
  // Behind a Close nothing counts.
  from_component_.erase(
      0, over_ || of_component_.closed() ? from_component_.size() : from_component_.size() - rest.size());
}

// --- what goes on

void Conversation::pass_to_component(const WsFrame& frame) {
  if (told_component_) return;
  told_component_ = frame.opcode == WsOpcode::Close;
  http::write_ws_frame(for_component_, frame, make_mask());
}

void Conversation::pass_to_client(const WsFrame& frame) {
  if (told_client_) return;
  if (!http::is_control(frame.opcode) && !of_component_.message_compressed()) return pass_data(frame);
  told_client_ = frame.opcode == WsOpcode::Close;
  http::to_wire(frame, wire_);
  for_client_.push_back(wire_);
}

void Conversation::pass_data(const WsFrame& frame) {
  if (frame.opcode != WsOpcode::Continuation) next_opcode_ = frame.opcode;
  std::string out;
  if (!redactor_ && !frame.payload.empty()) {
    redactor_ = std::make_unique<redact::Redactor>(form_of(frame.payload, of_component_.message_is_text()),
                                                   terms_.rules, terms_.key);
  }
  if (redactor_) redactor_->feed(frame.payload, out);
  if (frame.fin && redactor_) {
    redactor_->finish(out);
    redacted_.add(redactor_->counts());
    redactor_.reset();
  }
  pass_redacted(out, frame.fin);
}

void Conversation::pass_redacted(std::string_view bytes, bool fin) {
  while (!bytes.empty() || fin) {
    const std::string_view piece = bytes.substr(0, http::kWsPiece);
    bytes.remove_prefix(piece.size());
    const bool last = fin && bytes.empty();
    http::to_wire({last, false, std::exchange(next_opcode_, WsOpcode::Continuation), piece}, wire_);
    for_client_.push_back(wire_);
    if (last) return;
  }
}

// --- the end

void Conversation::note_closer(std::string_view who) {
  if (closed_by_.empty()) closed_by_ = who;
}

void Conversation::close_client(WsClose code, std::string_view why) {
  if (std::exchange(told_client_, true)) return;
  const std::string payload = http::ws_close_payload(code, why);
  http::to_wire({true, false, WsOpcode::Close, payload}, wire_);
  for_client_.push_back(wire_);
}

void Conversation::close_component(WsClose code, std::string_view why) {
  const std::string payload = http::ws_close_payload(code, why);
  pass_to_component({true, false, WsOpcode::Close, payload});
}

void Conversation::break_by_client(const http::WsVerdict& verdict) {
  if (std::exchange(over_, true)) return;
  client_fault_ = verdict;
  note_closer("gateway");
  close_client(verdict.close, verdict.sentence);
  close_component(WsClose::GoingAway, "the client is gone");
}

void Conversation::break_by_component(WsClose code, std::string_view why) {
  if (std::exchange(over_, true)) return;
  note_closer("gateway");
  close_client(WsClose::Internal, "the component failed");
  close_component(code, why);
}

void Conversation::end(WsClose code, std::string_view why) {
  if (std::exchange(over_, true)) return;
  note_closer("gateway");
  close_client(code, why);
  close_component(code, why);
}

std::string Conversation::last_words() {
  close_component(WsClose::GoingAway, "the client is gone");
  over_ = true;
  return take_for_component();
}

}  // namespace postern::enforcer
