// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// RFC 9113 section 8: what a request may say. A request that breaks a rule is refused on its stream, and the next
// one is served.
#include <algorithm>

#include "gateway/http/h2_head.h"
#include "gateway/http/request_rules.h"
#include "tests/unit/http/h2_scene.h"

namespace postern::http::h2 {
namespace {

using base::Refusal;

class Http2Message : public Http2Scene {};

List without(std::string_view name) {
  List list = request();
  std::erase_if(list, [&](const auto& f) { return f.first == name; });
  return list;
}
List with(const std::string& name, const std::string& value) {
  List list = request();
  for (auto& field : list)
    if (field.first == name) field.second = value;
  return list;
}
List behind(const std::string& name, const std::string& value) {
  return request("GET", "/a", {{name, value}});
}

TEST_F(Http2Message, HasMethodSchemeAndPathOnce) {  // 8.3.1
  for (const char* name : {":method", ":scheme", ":path"}) expect_refused(without(name), Refusal::Malformed);
  for (const auto& [name, value] : request()) {
    List twice = request();
    twice.insert(twice.begin(), {name, value});
    expect_refused(twice, Refusal::Malformed);
  }
}

TEST_F(Http2Message, HasNoOtherPseudoHeaderFieldAndNoneBehindAField) {  // 8.3
  List other = request();
  other.insert(other.begin(), {":status", "200"});
  expect_refused(other, Refusal::Malformed);
  other[0] = {":unknown", "x"};
  expect_refused(other, Refusal::Malformed);
  List late{{"x-a", "b"}};
  const List all = request();
  late.insert(late.end(), all.begin(), all.end());
  expect_refused(late, Refusal::Malformed);
}

TEST_F(Http2Message, HasAPathThatBeginsWithASlash) {  // 8.3.1
  for (const char* path : {"", "a", "https://h/a", "*", "?a", "/a b", "/\x01", "/\xc3\xa4"})
    expect_refused(with(":path", path), Refusal::Malformed);
  send(headers(5, request("OPTIONS", "*"), kEndStream));
  EXPECT_NE(told.log.find("request 5 OPTIONS *"), std::string::npos);
}

TEST_F(Http2Message, IsOverHttps) {
  for (const char* scheme : {"http", "HTTPS", "ftp", ""})
    expect_refused(with(":scheme", scheme), Refusal::Malformed);
}

TEST_F(Http2Message, HasAMethodThatIsForwarded) {
  for (const char* method : {"TRACE", "get", "CONNECT"})
    expect_refused(with(":method", method), Refusal::MethodNotSupported);
  for (const char* method : {"", "GE T", "G\x01"})
    expect_refused(with(":method", method), Refusal::Malformed);
}

TEST_F(Http2Message, DoesNotConnect) {  // 8.5, RFC 8441
  expect_refused({{":method", "CONNECT"}, {":authority", "h:443"}}, Refusal::MethodNotSupported);
  List extended = with(":method", "CONNECT");
  extended.insert(extended.begin(), {":protocol", "websocket"});
  expect_refused(extended, Refusal::UpgradeNotSupported);
}

TEST_F(Http2Message, BecomesTheWebSocketRequestThatHttp11WouldHaveSent) {  // RFC 8441 sections 4 and 5
  const List asks = {{":method", "CONNECT"},
                     {":protocol", "websocket"},
                     {":scheme", "https"},
                     {":path", "/a"},
                     {":authority", "h"},
                     {"sec-websocket-version", "13"},
                     {"sec-websocket-protocol", "chat"}};
  const auto but = [&](const char* name, const char* value) {
    List list;
    for (const auto& field : asks)
      if (field.first != name) list.push_back(field);
    if (value != nullptr) list.emplace_back(name, value);
    std::stable_partition(list.begin(), list.end(),
                          [](const auto& field) { return field.first.starts_with(':'); });
    return list;
  };
  start({});
  send(headers(1, asks, 0));
  EXPECT_EQ(told.log, "request 1 GET /a\n");
  EXPECT_EQ(told.last.body.kind, BodyKind::WebSocket);
  EXPECT_EQ(told.last.fields.find("sec-websocket-protocol"), "chat");
  RequestHead again = told.last;
  EXPECT_TRUE(judge_request(again).ok()) << "the second door judges it by the same rules";
  send(data(1, "frames"));
  EXPECT_EQ(told.body, "frames");
  send(headers(1, {{"x-t", "v"}}, kEndStream));  // RFC 9113 8.5: DATA and nothing else
  EXPECT_TRUE(told.log.ends_with("gone 1\n")) << told.log;
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), std::uint32_t{NGHTTP2_PROTOCOL_ERROR});
  expect_refused(but(":protocol", "connect-udp"), Refusal::UpgradeNotSupported, 0);
  expect_refused(but(":method", "GET"), Refusal::Malformed, 0);
  expect_refused(but(":authority", nullptr), Refusal::Malformed, 0);
  expect_refused(but(":path", nullptr), Refusal::Malformed, 0);
  expect_refused(but("sec-websocket-version", nullptr), Refusal::UpgradeNotSupported, 0);
  expect_refused(but("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), Refusal::Malformed, 0);
  expect_refused(but("content-length", "3"), Refusal::UpgradeNotSupported, 0);
  expect_refused(but("upgrade", "websocket"), Refusal::Malformed, 0);
}

TEST_F(Http2Message, NamesOneHost) {  // 8.3.1
  for (const char* host : {"", "a b", "user@h", "h:0", "h/", "h,i"}) {
    expect_refused(with(":authority", host), Refusal::Malformed);
    List list = without(":authority");
    list.push_back({"host", host});
    expect_refused(list, Refusal::Malformed);
  }
  expect_refused(without(":authority"), Refusal::Malformed);
  expect_refused(behind("host", "other"), Refusal::Malformed);
  expect_refused(behind("host", "H"), Refusal::Malformed);
  expect_refused(request("GET", "/a", {{"host", "h"}, {"host", "h"}}), Refusal::Malformed);
  send(headers(5, behind("host", "h"), kEndStream));
  EXPECT_EQ(told.last.fields.count(FieldId::Host), 1U);
  List list = without(":authority");
  list.push_back({"host", "h:8443"});
  send(headers(7, list, kEndStream));
  EXPECT_EQ(told.last.fields.find("host"), "h:8443");
}

TEST_F(Http2Message, HasFieldNamesInLowerCase) {  // 8.2.1
  for (const char* name : {"X-A", "x a", "x:a", "", "x\x7f", "x\xc3"})
    expect_refused(behind(name, "v"), Refusal::Malformed);
}

TEST_F(Http2Message, HasFieldValuesThatCanStandInALine) {  // 8.2.1
  for (const std::string& value :
       {std::string("a\r\nb"), std::string("a\nb"), std::string("a\0b", 3), std::string(" a"),
        std::string("a "), std::string("\ta"), std::string("a\x7f"), std::string("\xc3\xa4")}) {
    expect_refused(behind("x-a", value), Refusal::Malformed);
    expect_refused(behind("cookie", value), Refusal::Malformed);
  }
}

TEST_F(Http2Message, HasNoFieldOfAnHttp11Connection) {  // 8.2.2
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})
    expect_refused(behind(name, "x"), Refusal::Malformed);
  expect_refused(behind("transfer-encoding", "chunked"), Refusal::Malformed);
  expect_refused(behind("te", "gzip"), Refusal::Malformed);
  expect_refused(behind("te", "trailers, gzip"), Refusal::Malformed);
  send(headers(5, behind("te", "trailers"), kEndStream));
  EXPECT_NE(told.log.find("request 5"), std::string::npos);
}

TEST_F(Http2Message, ObeysTheRulesOfHttp11Besides) {
  expect_refused(request("GET", "/a", {{"authorization", "a"}, {"authorization", "b"}}), Refusal::Malformed);
  expect_refused(request("POST", "/a", {{"content-length", "1"}, {"content-length", "1"}}),
                 Refusal::AmbiguousFraming, 0);
  for (const char* length : {"+1", "1,1", "", "-1", "0x1", "9223372036854775808"})
    expect_refused(request("POST", "/a", {{"content-length", length}}), Refusal::AmbiguousFraming, 0);
  expect_refused(behind("expect", "200-maybe"), Refusal::ExpectationNotSupported);
}

TEST_F(Http2Message, HasABodyAsLongAsContentLengthSays) {  // 8.1.1
  expect_refused(request("POST", "/a", {{"content-length", "5"}}), Refusal::AmbiguousFraming);
  const auto refusal = [&](const std::string& bytes) {
    start({});
    send(bytes);
    EXPECT_TRUE(session->fault().ok());
    return told.why.refusal;
  };
  EXPECT_EQ(refusal(post(1, {{"content-length", "5"}}) + data(1, "123456")), Refusal::AmbiguousFraming);
  EXPECT_EQ(refusal(post(1, {{"content-length", "5"}}) + data(1, "1234", kEndStream)),
            Refusal::AmbiguousFraming);
  EXPECT_EQ(refusal(post(1, {{"content-length", "0"}}) + data(1, "1")), Refusal::AmbiguousFraming);
  EXPECT_EQ(
      refusal(post(1, {{"content-length", "5"}}) + data(1, "1234") + headers(1, {{"x", "y"}}, kEndStream)),
      Refusal::AmbiguousFraming);
  EXPECT_EQ(refusal(post(1, {{"content-length", "0"}}) + data(1, "", kEndStream)), Refusal::None);
}

TEST_F(Http2Message, HasTrailersThatMayStandThere) {  // 8.1, RFC 9110 6.5.1
  for (const List& trailers :
       {List{{":method", "GET"}}, List{{":path", "/"}}, List{{"X-A", "b"}}, List{{"host", "h"}},
        List{{"content-length", "1"}}, List{{"cookie", "a=b"}}, List{{"authorization", "x"}},
        List{{"x_forwarded_for", "x"}}, List{{"x-a", "b\r\nc"}}, List{{"x-a", "\xff"}},
        List{{"connection", "close"}}}) {
    start({});
    send(post(1) + data(1, "x") + headers(1, trailers, kEndStream));
    EXPECT_EQ(told.why.refusal, Refusal::Malformed) << trailers[0].first;
    EXPECT_EQ(told.log.find("end 1"), std::string::npos);
    EXPECT_TRUE(session->fault().ok());
  }
  start({});
  send(post(1) + headers(1, {{"x-a", "b"}}, 0));
  EXPECT_EQ(told.why.refusal, Refusal::Malformed);  // they do not end the stream
}

TEST_F(Http2Message, OfWhichTheFirstLineIsToldAndNoMore) {
  send(headers(1, request("GET", "/a?b", {{"cookie", "secret"}, {"Bad", "x"}}), kEndStream));
  EXPECT_EQ(told.log, "refused 1 malformed GET /a?b HTTP/2\n");
}

TEST_F(Http2Message, ThatIsRefusedMayBeAnsweredAndItsStreamIsReset) {  // 8.1.1
  send(headers(1, request("POST", "/a", {{"Bad", "x"}}), 0));
  respond(1, 400, "no");
  produce();
  EXPECT_EQ(find(kHeaders, 1)->value(":status"), "400");
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), std::uint32_t{NGHTTP2_PROTOCOL_ERROR});
}

TEST_F(Http2Message, IsHeldToTheLimits) {  // 10.5.1
  Http2Limits limits;
  limits.head = {.head = 1000, .target = 100, .fields = 5};
  const auto refusal = [&](const List& fields) {
    start(limits);
    send(headers(1, fields, kEndStream));
    EXPECT_TRUE(session->fault().ok());
    return told.why.refusal;
  };
  EXPECT_EQ(refusal(behind("x", std::string(500, 'x'))), Refusal::None);
  EXPECT_EQ(refusal(behind("x", std::string(900, 'x'))), Refusal::HeadTooLarge);
  EXPECT_EQ(refusal(with(":path", "/" + std::string(99, 'x'))), Refusal::None);
  EXPECT_EQ(refusal(with(":path", "/" + std::string(100, 'x'))), Refusal::TargetTooLong);
  EXPECT_EQ(refusal(request("GET", "/", List(5, {"x", "y"}))), Refusal::None);
  EXPECT_EQ(refusal(request("GET", "/", List(6, {"x", "y"}))), Refusal::HeadTooLarge);
  EXPECT_EQ(refusal(request("GET", "/", List(30, {"cookie", "y"}))), Refusal::HeadTooLarge);
}

}  // namespace
}  // namespace postern::http::h2
