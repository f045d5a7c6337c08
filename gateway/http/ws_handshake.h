// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a request for a WebSocket and its answer must say (RFC 6455 section 4; RFC 8441 for HTTP/2). Nothing in it
// passes from one side to the other: the key, the accept value, the subprotocols and the extensions that each side
// sees are written anew from what is read here. docs/WEBSOCKET.md lists the rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

// Of a request that names websocket in Upgrade: it asks for that and nothing else, in the one way there is.
// Refused: upgrade_not_supported, or malformed for a field that is not what it must be.
Verdict judge_websocket_request(const RequestHead& head);

// What the fields of a judged request ask for.
struct WebSocketOffer {
  std::vector<std::string_view> subprotocols;  // in the client's order; view the head
  std::string deflate;  // permessage-deflate as it is asked for, written anew; empty: it is not
};
WebSocketOffer websocket_offer(const Fields& fields);

// Sec-WebSocket-Key of our own; Sec-WebSocket-Accept for a key.
std::string make_websocket_key();
std::string websocket_accept(std::string_view key);
// In the head of an HTTP/2 request, which has none: what a client of HTTP/1.1 might have sent.
inline constexpr std::string_view kNoWebSocketKey = "AAAAAAAAAAAAAAAAAAAAAA==";

// What was asked of the component, and what it may answer.
struct WebSocketAsked {
  std::string key;
  std::vector<std::string> subprotocols;
  std::string deflate;
};
struct WebSocketAgreed {
  std::string subprotocol;  // empty: none
  std::string extensions;   // the component's answer, written anew; empty: none
};
// Of the component's 101. Refused: component_malformed.
Verdict judge_websocket_answer(const ResponseHead& head, const WebSocketAsked& asked,
                               WebSocketAgreed& agreed);

}  // namespace postern::http
