// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Both sides of a handshake for a WebSocket: what is passed on of an offer is an offer that we read as the same, and nothing is agreed
// on that was not asked for.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/ws_handshake.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(text.find('\0'), size);
  RequestParser parser({});
  if (parser.parse(text.substr(0, cut)).state != HeadState::Complete) return 0;
  if (parser.head().body.kind != BodyKind::WebSocket) return 0;
  const WebSocketOffer offer = websocket_offer(parser.head().fields);
  if (!offer.deflate.empty()) {
    Fields again;
    again.put("sec-websocket-extensions", offer.deflate);
    POSTERN_CHECK(websocket_offer(again).deflate == offer.deflate);
  }
  WebSocketAsked asked;
  asked.key = parser.head().fields.find(FieldId::SecWebSocketKey).value();
  asked.deflate = offer.deflate;
  for (const std::string_view name : offer.subprotocols) asked.subprotocols.emplace_back(name);
  ResponseParser answer({});
  if (answer.parse(text.substr(std::min(cut + 1, size)), Method::Get, true).state != HeadState::Complete)
    return 0;
  WebSocketAgreed agreed;
  if (!judge_websocket_answer(answer.head(), asked, agreed).ok()) return 0;
  POSTERN_CHECK(agreed.extensions.empty() || !asked.deflate.empty());
  POSTERN_CHECK(agreed.subprotocol.empty() ||
                std::count(asked.subprotocols.begin(), asked.subprotocols.end(), agreed.subprotocol) == 1);
  return 0;
}
