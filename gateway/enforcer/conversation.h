// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A WebSocket between a client and the component, as bytes and frames: no socket, no timer. Each frame of either side
// is judged here, also those that a terminator has judged; each is written anew, towards the component with a mask of
// our own. Messages of the component go through a redactor, one per message.
//
// It ends with a Close of both sides, or with what breaks it: whoever broke a rule is told which in a Close of its own,
// the other one that it is over. docs/WEBSOCKET.md has the codes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/refusal.h"
#include "gateway/http/ws_frame.h"
#include "policy/constraint.h"
#include "redact/redactor.h"

namespace postern::enforcer {

class Conversation {
 public:
  // compressed: permessage-deflate was agreed on. rules, key: as for Screen.
  struct Terms {
    policy::WebSocketRule rule;
    bool compressed = false;
    std::shared_ptr<const redact::Rules> rules;
    std::string key;
  };
  explicit Conversation(Terms terms);

  // A frame between the doors. False: it is none, and the terminator is not what it was.
  [[nodiscard]] bool take_from_client(std::string_view wire, base::Nanos now);
  void take_from_component(std::string_view bytes, base::Nanos now);

  // What is to be sent: bytes for the component, frames for the client.
  std::string take_for_component() { return std::exchange(for_component_, {}); }
  std::string_view next_for_client() const {
    return for_client_.empty() ? std::string_view() : for_client_.front();
  }
  void sent_to_client() { for_client_.pop_front(); }

  // From here on nothing is taken any more, and what is left for the client ends in a Close.
  void break_by_client(const http::WsVerdict& verdict);
  void break_by_component(http::WsClose code, std::string_view why);
  void end(http::WsClose code, std::string_view why);  // by us
  // A Close for the component, if it has not had one: what it is told when its connection is closed.
  std::string last_words();

  const policy::WebSocketRule& rule() const { return terms_.rule; }
  bool over() const { return over_; }
  bool client_closed() const { return of_client_.closed(); }
  bool component_closed() const { return of_component_.closed(); }
  // Why it broke, and through whom; accepted verdict: it did not.
  const http::WsVerdict& client_fault() const { return client_fault_; }
  const http::WsVerdict& component_fault() const { return component_fault_; }

  const http::WsJudge& of_client() const { return of_client_; }
  const http::WsJudge& of_component() const { return of_component_; }
  std::string_view closed_by() const { return closed_by_; }  // whose Close was the first; empty: nobody's
  const redact::Counts& redacted() const { return redacted_; }

 private:
  void pass_to_component(const http::WsFrame& frame);
  void pass_to_client(const http::WsFrame& frame);
  void pass_data(const http::WsFrame& frame);
  void pass_redacted(std::string_view bytes, bool fin);
  void close_client(http::WsClose code, std::string_view why);
  void close_component(http::WsClose code, std::string_view why);
  void note_closer(std::string_view who);

  Terms terms_;
  http::WsJudge of_client_, of_component_;
  http::WsDecoder decoder_{http::WsDecoder::From::Server};
  std::string from_component_;  // less than a control frame, or a frame's header
  std::string for_component_;
  std::deque<std::string> for_client_;  // bounded by what the connection is asked for at a time
  std::string wire_;
  bool told_client_ = false, told_component_ = false, over_ = false;
  std::string_view closed_by_;
  http::WsVerdict client_fault_, component_fault_;
  // Of the component's message that is under way.
  std::unique_ptr<redact::Redactor> redactor_;
  http::WsOpcode next_opcode_ = http::WsOpcode::Continuation;
  redact::Counts redacted_;
};

}  // namespace postern::enforcer
