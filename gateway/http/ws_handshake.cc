// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/ws_handshake.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/crypto.h"
#include "gateway/http/chars.h"
#include "gateway/http/request_rules.h"
#include "gateway/http/sha1.h"

namespace postern::http {
namespace {

using base::Refusal;

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeySize = 16;
constexpr std::size_t kMostSubprotocols = 32;

constexpr Verdict not_this_way(std::string_view why) { return refused(Refusal::UpgradeNotSupported, why); }
constexpr Verdict wrong_answer(std::string_view why) { return refused(Refusal::ComponentMalformed, why); }

bool is_key(std::string_view text) {
  const auto bytes = base::from_base64(text);
  return bytes && bytes->size() == kKeySize;
}

// False: not a list of different tokens.
bool read_subprotocols(std::string_view text, std::vector<std::string_view>& out) {
  for (std::string_view name; next_member(text, name);) {
    if (!is_token(name) || out.size() == kMostSubprotocols) return false;
    if (std::find(out.begin(), out.end(), name) != out.end()) return false;
    out.push_back(name);
  }
  return !out.empty();
}

// The next piece up to a semicolon, trimmed. False at the end.
bool next_part(std::string_view& rest, std::string_view& part) {
  if (rest.data() == nullptr) return false;
  const std::size_t end = rest.find(';');
  part = trim(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return true;
}

bool is_window(std::string_view value) {
  if (value.size() > 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  return value == "8" || value == "9" ||
         (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5');
}

// A member of Sec-WebSocket-Extensions that is permessage-deflate with parameters of RFC 7692, each once: as it is
// written by us. Otherwise empty. offer: that is answered; nullptr: it is one itself.
std::string read_deflate(std::string_view member, const std::string* offer) {
  std::string_view part;
  if (!next_part(member, part) || part != "permessage-deflate") return {};
  std::string out(part);
  std::vector<std::string_view> seen;
  while (next_part(member, part)) {
    const std::size_t equals = part.find('=');
    const std::string_view name = trim(part.substr(0, equals));
    const bool valued = equals != std::string_view::npos;
    const std::string_view value = valued ? trim(part.substr(equals + 1)) : std::string_view();
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) return {};
    seen.push_back(name);
    if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
      if (valued) return {};
    } else if (name == "client_max_window_bits") {
      // An offer may leave it to the server, which may name one only if it was offered.
      if (offer != nullptr && (!valued || offer->find(name) == std::string::npos)) return {};
      if (valued && !is_window(value)) return {};
    } else if (name != "server_max_window_bits" || !is_window(value)) {
      return {};
    }
    out.append("; ").append(name);
    if (valued) out.append("=").append(value);
  }
  return out;
}

bool names_websocket_alone(const Fields& fields) {
  return fields.count(FieldId::Upgrade) == 1 &&
         base::equals_ignoring_case(*fields.find(FieldId::Upgrade), "websocket");
}

}  // namespace

Verdict judge_websocket_request(const RequestHead& head) {
  const Fields& fields = head.fields;
  if (!names_websocket_alone(fields)) return not_this_way("Upgrade names more than WebSocket");
  if (!connection_options(fields).upgrade) return not_this_way("Connection does not name Upgrade");
  if (head.method != Method::Get) return not_this_way("a WebSocket is asked for with GET");
  if (head.version != Version::Http11) return not_this_way("HTTP/1.0 has no WebSocket");
  if (fields.has(FieldId::ContentLength) || fields.has(FieldId::TransferEncoding) ||
      fields.has(FieldId::Expect))
    return not_this_way("a request for a WebSocket has no body");
  if (fields.find(FieldId::SecWebSocketVersion) != "13")
    return not_this_way("Sec-WebSocket-Version is not 13");
  if (!is_key(fields.find(FieldId::SecWebSocketKey).value_or("")))
    return malformed("Sec-WebSocket-Key is not 16 bytes in base64");
  if (fields.has(FieldId::SecWebSocketAccept)) return malformed("a request has no Sec-WebSocket-Accept");
  std::vector<std::string_view> names;
  if (const auto text = fields.find(FieldId::SecWebSocketProtocol); text && !read_subprotocols(*text, names))
    return malformed("Sec-WebSocket-Protocol is not a list of different names");
  return accepted();
}

WebSocketOffer websocket_offer(const Fields& fields) {
  WebSocketOffer offer;
  if (const auto text = fields.find(FieldId::SecWebSocketProtocol))
    static_cast<void>(read_subprotocols(*text, offer.subprotocols));  // judged before
  // An extension that we do not know, or in a form that we do not know, is not passed on: nobody has to agree.
  std::string_view rest = fields.find(FieldId::SecWebSocketExtensions).value_or("");
  for (std::string_view member; offer.deflate.empty() && next_member(rest, member);)
    offer.deflate = read_deflate(member, nullptr);
  return offer;
}

std::string make_websocket_key() { return base::to_base64(base::random_bytes(kKeySize)); }

std::string websocket_accept(std::string_view key) {
  return base::to_base64(sha1(std::string(key).append(kGuid)));
}

Verdict judge_websocket_answer(const ResponseHead& head, const WebSocketAsked& asked,
                               WebSocketAgreed& agreed) {
  const Fields& fields = head.fields;
  if (!names_websocket_alone(fields) || !connection_options(fields).upgrade)
    return wrong_answer("the component changes to a protocol that is not WebSocket");
  if (fields.count(FieldId::SecWebSocketAccept) != 1 ||
      *fields.find(FieldId::SecWebSocketAccept) != websocket_accept(asked.key))
    return wrong_answer("the component's Sec-WebSocket-Accept does not belong to the key that it was sent");
  if (fields.count(FieldId::SecWebSocketProtocol) > 1 || fields.count(FieldId::SecWebSocketExtensions) > 1)
    return wrong_answer("a field that may stand once stands twice in the answer");
  agreed.subprotocol = fields.find(FieldId::SecWebSocketProtocol).value_or("");
  if (!agreed.subprotocol.empty() && std::find(asked.subprotocols.begin(), asked.subprotocols.end(),
                                               agreed.subprotocol) == asked.subprotocols.end())
    return wrong_answer("the component chose a subprotocol that it was not offered");
  const std::string_view chosen = fields.find(FieldId::SecWebSocketExtensions).value_or("");
  if (!asked.deflate.empty()) agreed.extensions = read_deflate(chosen, &asked.deflate);
  if (!chosen.empty() && agreed.extensions.empty())
    return wrong_answer("the component chose an extension that it was not offered");
  return accepted();
}

}  // namespace postern::http
