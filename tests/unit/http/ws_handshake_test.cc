// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/ws_handshake.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/request_rules.h"
#include "gateway/http/sha1.h"

namespace postern::http {
namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

using List = std::vector<std::pair<std::string_view, std::string_view>>;
List good() {
  return {{"host", "a"},
          {"connection", "keep-alive, Upgrade"},
          {"upgrade", "WebSocket"},
          {"sec-websocket-version", "13"},
          {"sec-websocket-key", kKey}};
}
RequestHead head_of(const List& fields) {
  RequestHead head;
  head.target = "/live";
  for (const auto& [name, value] : fields) EXPECT_TRUE(head.fields.add(name, value)) << name;
  return head;
}
std::string_view code_of(const List& fields) {
  RequestHead head = head_of(fields);
  const Verdict verdict = judge_request(head);
  if (verdict.ok()) {
    EXPECT_EQ(head.body.kind, BodyKind::WebSocket);
    EXPECT_FALSE(head.keep_alive);
  }
  return base::text_of(verdict.refusal).code;
}
// Without the field of that name, or with another value of it.
List with(std::string_view name, std::string_view value) {
  List out;
  for (const auto& field : good())
    if (field.first != name) out.push_back(field);
  if (!value.empty()) out.emplace_back(name, value);
  return out;
}

TEST(Sha1, AgreesWithTheExamplesOfTheStandard) {
  EXPECT_EQ(base::to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(base::to_hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(base::to_hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(base::to_hex(sha1(std::string(1'000'000, 'a'))), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(WebSocketRequest, IsOneInTheOneWayThereIs) {
  EXPECT_EQ(code_of(good()), "none");
  EXPECT_EQ(websocket_accept(kKey), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(code_of(with("connection", "keep-alive")), "upgrade_not_supported");
  EXPECT_EQ(code_of(with("connection", "")), "upgrade_not_supported");
  EXPECT_EQ(code_of(with("upgrade", "websocket, h2c")), "upgrade_not_supported");
  EXPECT_EQ(code_of(with("upgrade", "websocket/13")), "upgrade_not_supported");
  for (const char* version : {"", "8", "013", "13, 13", "14"})
    EXPECT_EQ(code_of(with("sec-websocket-version", version)), "upgrade_not_supported") << version;
  for (const char* key : {"", "c2hvcnQ=", "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25jZQ"})
    EXPECT_EQ(code_of(with("sec-websocket-key", key)), "malformed") << key;
  EXPECT_EQ(code_of(with("sec-websocket-protocol", "a, b")), "none");
  for (const char* names : {"a b", "a,,b", "a, a", "\"a\""})
    EXPECT_EQ(code_of(with("sec-websocket-protocol", names)), "malformed") << names;
  EXPECT_EQ(code_of(with("content-length", "0")), "upgrade_not_supported");
  EXPECT_EQ(code_of(with("transfer-encoding", "chunked")), "upgrade_not_supported");
  EXPECT_EQ(code_of(with("sec-websocket-accept", "x")), "malformed");
  for (const auto& field : good()) {
    List twice = good();
    twice.push_back(field);
    if (field.first != "connection") {
      EXPECT_NE(code_of(twice), "none") << field.first;
    }
  }
}

TEST(WebSocketRequest, IsAskedForWithGetInHttp11) {
  RequestHead post = head_of(good()), old = head_of(good());
  post.method = Method::Post;
  old.version = Version::Http10;
  EXPECT_EQ(judge_request(post).refusal, base::Refusal::UpgradeNotSupported);
  EXPECT_EQ(judge_request(old).refusal, base::Refusal::UpgradeNotSupported);
}

std::string deflate_of(std::string_view extensions) {
  return websocket_offer(head_of(with("sec-websocket-extensions", extensions)).fields).deflate;
}

TEST(WebSocketOffer, TakesTheFirstDeflateThatItKnowsAndWritesItAnew) {
  EXPECT_EQ(deflate_of("permessage-deflate"), "permessage-deflate");
  EXPECT_EQ(deflate_of("x-other, permessage-deflate ;client_max_window_bits"),
            "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(deflate_of("permessage-deflate; server_max_window_bits=\"10\"; server_no_context_takeover"),
            "permessage-deflate; server_max_window_bits=\"10\"; server_no_context_takeover");
  for (const char* unknown :
       {"", "x-other", "permessage-deflate; y", "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; client_no_context_takeover=1", "permessage-deflate;",
        "permessage-deflate; client_max_window_bits; client_max_window_bits", "Permessage-Deflate"})
    EXPECT_EQ(deflate_of(unknown), "") << unknown;
}

class WebSocketAnswer : public ::testing::Test {
 protected:
  WebSocketAnswer() {
    asked.key = kKey;
    asked.subprotocols = {"a", "b"};
  }
  std::string_view judge(const std::string& fields) {
    ResponseParser parser({});
    const HeadStep step =
        parser.parse("HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\n", Method::Get, true);
    if (step.state != HeadState::Complete) return "no head";
    return base::text_of(judge_websocket_answer(parser.head(), asked, agreed = {}).refusal).code;
  }
  static std::string good(std::string_view more = "") {
    return "Connection: upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: "
           "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
           std::string(more);
  }
  WebSocketAsked asked;
  WebSocketAgreed agreed;
};

TEST_F(WebSocketAnswer, AgreesToWhatWasAskedForAndNothingElse) {
  EXPECT_EQ(judge(good()), "none");
  EXPECT_EQ(judge(good("Sec-WebSocket-Protocol: b\r\n")), "none");
  EXPECT_EQ(agreed.subprotocol, "b");
  for (const char* more :
       {"Sec-WebSocket-Protocol: c\r\n", "Sec-WebSocket-Protocol: a, b\r\n", "Sec-WebSocket-Protocol: A\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "Upgrade: websocket\r\n",
        "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n"})
    EXPECT_EQ(judge(good(more)), "component_malformed") << more;
  EXPECT_EQ(judge(""), "component_malformed");
  EXPECT_EQ(judge("Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n"),
            "component_malformed");
  EXPECT_EQ(judge("Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            "component_malformed");
}

TEST_F(WebSocketAnswer, SaysNotHowLongABodyIs) {
  EXPECT_EQ(judge(good("Content-Length: 5\r\n")), "no head");
  EXPECT_EQ(judge(good("Transfer-Encoding: chunked\r\n")), "no head");
}

TEST_F(WebSocketAnswer, NarrowsTheDeflateThatWasOffered) {
  asked.deflate = "permessage-deflate";
  EXPECT_EQ(judge(good("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n")),
            "none");
  EXPECT_EQ(agreed.extensions, "permessage-deflate; server_no_context_takeover");
  EXPECT_EQ(judge(good("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10\r\n")),
            "component_malformed");
  EXPECT_EQ(judge(good("Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n")),
            "component_malformed");
  asked.deflate = "permessage-deflate; client_max_window_bits";
  EXPECT_EQ(judge(good("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10\r\n")),
            "none");
  EXPECT_EQ(judge(good("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")),
            "component_malformed");
}

TEST_F(WebSocketAnswer, IsRefusedWhereNobodyAsked) {
  ResponseParser parser({});
  EXPECT_EQ(parser.parse("HTTP/1.1 101 Switching Protocols\r\n" + good() + "\r\n", Method::Get).state,
            HeadState::Refused);
}

TEST(WebSocketHeads, AreWrittenWithOurOwnWords) {
  Fields fields;
  fields.put("upgrade", "other");
  fields.put("sec-websocket-key", kKey);
  std::string out;
  write_request_head(out, {Method::Get, "/live", "a"}, fields, {BodyKind::WebSocket, 0}, true);
  EXPECT_EQ(out, "GET /live HTTP/1.1\r\nhost: a\r\nsec-websocket-key: " + std::string(kKey) +
                     "\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
  out.clear();
  write_response_head(out, {101, ""}, {}, {BodyKind::WebSocket, 0}, true);
  EXPECT_EQ(out, "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
}

}  // namespace
}  // namespace postern::http
