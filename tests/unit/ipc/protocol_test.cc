// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "gateway/ipc/control_protocol.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/ipc/ledger_protocol.h"

namespace postern::ipc {
namespace {

// Decodes what was encoded; refuses each shorter form of it, and one byte more.
template <typename Message>
Message round_trip(const Message& message, std::string& bytes) {
  base::BinaryWriter out;
  encode(message, out);
  bytes = out.bytes();
  Message read;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, size), read)) << size << " of " << bytes.size();
  EXPECT_FALSE(decode(bytes + "x", read));
  EXPECT_TRUE(decode(bytes, read));
  base::BinaryWriter again;
  encode(read, again);
  EXPECT_EQ(again.bytes(), bytes);
  return read;
}

TEST(ExchangeProtocol, ARequestHeadSurvivesTheWay) {
  RequestHead head;
  head.connection = 7;
  head.minor = 0;
  head.expects_continue = true;
  head.body = BodyKind::Sized;
  head.length = 1ULL << 40U;
  head.method = "POST";
  head.target = "/a?b";
  head.fields = {{"host", "h"}, {"x", ""}};
  std::string bytes;
  const RequestHead read = round_trip(head, bytes);
  EXPECT_EQ(read.connection, 7U);
  EXPECT_EQ(read.length, 1ULL << 40U);
  EXPECT_EQ(read.target, "/a?b");
  ASSERT_EQ(read.fields.size(), 2U);
  EXPECT_EQ(read.fields[1].name, "x");
}

TEST(ExchangeProtocol, EveryOtherMessageSurvivesTheWay) {
  std::string bytes;
  EXPECT_EQ(round_trip(ConnectionOpened{"c:1", "TLS", true, {"der", ""}}, bytes).certificates.size(), 2U);
  EXPECT_EQ(round_trip(RequestRefused{3, base::Refusal::BodyTooLarge, "why", "GET /"}, bytes).excerpt,
            "GET /");
  EXPECT_EQ(round_trip(ResponseHead{204, BodyKind::Streamed, 0, true, {{"a", "b"}}}, bytes).status, 204);
  EXPECT_EQ(round_trip(ExchangeDone{1, 2, 3, -4, true}, bytes).ended, -4);
}

TEST(ExchangeProtocol, ValuesOutsideTheirRangeAreRefused) {
  base::BinaryWriter out;
  ConnectionOpened many;
  many.certificates.assign(kMostCertificates + 1, "x");
  encode(many, out);
  EXPECT_FALSE(decode(out.bytes(), many));
  const std::string half(kCertificateBytes / 2 + 1, 'x');
  many.certificates.assign(2, half);
  encode(many, out);
  EXPECT_FALSE(decode(out.bytes(), many));
  ResponseHead head;
  head.fields.assign(kMostFields + 1, {"a", "b"});
  encode(head, out);
  EXPECT_FALSE(decode(out.bytes(), head));
  encode(ResponseHead{}, out);
  std::string bytes = out.bytes();
  bytes[2] = 4;  // the body's kind
  EXPECT_FALSE(decode(bytes, head));
  RequestRefused refused{1, base::Refusal::None, "", ""};
  encode(refused, out);
  EXPECT_FALSE(decode(out.bytes(), refused));  // to be refused for no reason
  // Nor for one that is not about the message: who may what is said behind the second door.
  for (const base::RefusalText& text : base::all_refusals()) {
    encode(RequestRefused{1, text.refusal, "", ""}, out);
    const bool of_message =
        text.refusal >= base::Refusal::Malformed && text.refusal <= base::Refusal::WebsocketProtocolError;
    EXPECT_EQ(decode(out.bytes(), refused), of_message) << text.code;
  }
  bytes = out.bytes();
  bytes[8] = '\x7f';
  EXPECT_FALSE(decode(bytes, refused));
  encode(ExchangeDone{}, out);
  bytes = out.bytes();
  bytes.back() = 2;  // neither true nor false
  ExchangeDone done;
  EXPECT_FALSE(decode(bytes, done));
}

TEST(LedgerProtocol, EveryMessageSurvivesTheWay) {
  std::string bytes;
  EXPECT_EQ(round_trip(Append{true, AppendKind::Completed, "s", 1, 2, 3, "{}"}, bytes).line, "{}");
  EXPECT_EQ(round_trip(Command{9, "{}"}, bytes).id, 9U);
  EXPECT_EQ(round_trip(Applied{1, 2, 3}, bytes).slowest_ns, 3U);
  EXPECT_EQ(round_trip(Change{1, -2, true, "{}"}, bytes).commanded, -2);
  EXPECT_EQ(round_trip(StateSnapshot{4, false, "{"}, bytes).json, "{");
  EXPECT_EQ(round_trip(PolicyPiece{true, "p"}, bytes).text, "p");
  EXPECT_EQ(round_trip(AccountsPiece{true, "a"}, bytes).text, "a");
  EXPECT_EQ(round_trip(LogStatus{false, "disk full"}, bytes).reason, "disk full");
  EXPECT_EQ(round_trip(Acked{5}, bytes).count, 5U);
  EXPECT_EQ(round_trip(Reply{6, true, "{}", "E"}, bytes).id, 6U);
  EXPECT_EQ(round_trip(Reply{6, true, "{}", "E"}, bytes).event, "E");
  EXPECT_EQ(round_trip(Size{1, 2, 3}, bytes).indexed, 3U);
  Cookie cookie;
  cookie.value = "v";
  cookie.expires = -1;
  cookie.deleted = true;
  EXPECT_EQ(round_trip(cookie, bytes).value, "v");
  EXPECT_EQ(round_trip(cookie, bytes).expires, -1);
  EXPECT_TRUE(round_trip(cookie, bytes).deleted);
  // It is written into a field of requests.
  using Texts = std::vector<std::string_view>;
  for (const std::string_view text : Texts{"v\r\nx: y", "v; w=1", "v\n", {"\0", 1}}) {
    base::BinaryWriter out;
    Cookie read, named = cookie, valued = cookie, placed = cookie;
    named.name = valued.value = placed.path = text;
    for (const Cookie& one : {named, valued, placed}) {
      encode(one, out);
      EXPECT_FALSE(decode(out.bytes(), read)) << text;
    }
  }
  const std::string long_value(kCookieFrame, 'v');
  cookie.value = long_value;
  base::BinaryWriter large;
  encode(cookie, large);
  Cookie read;
  EXPECT_FALSE(decode(large.bytes(), read));
  EXPECT_EQ(round_trip(Published{1, 2, "key", "full"}, bytes).verifier_key, "key");
  EXPECT_EQ(round_trip(Published{1, 2, "key", "full"}, bytes).problem, "full");
}

TEST(LedgerProtocol, AnEventLineAboveTheLimitIsRefused) {
  base::BinaryWriter out;
  const std::string line(kLargestEvent + 1, 'x');
  Append append;
  append.line = line;
  encode(append, out);
  EXPECT_FALSE(decode(out.bytes(), append));
}

TEST(ControlProtocol, EveryMessageSurvivesTheWay) {
  std::string bytes;
  EXPECT_EQ(round_trip(ChannelOffer{"ledger", 2}, bytes).peer, "ledger");
  EXPECT_EQ(round_trip(Numbered{3, "text"}, bytes).text, "text");
  EXPECT_EQ(round_trip(ConnectRequest{4, 5}, bytes).node, 5U);
}

}  // namespace
}  // namespace postern::ipc
