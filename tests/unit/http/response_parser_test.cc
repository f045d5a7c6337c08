// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "gateway/http/h1_response.h"

namespace postern::http {
namespace {

struct Parsed {
  HeadStep step;
  ResponseHead head;
};

// Fed whole and byte by byte; both must agree.
Parsed parse(std::string_view bytes, Method method = Method::Get, HeadLimits limits = {}) {
  ResponseParser parser(limits);
  Parsed whole{parser.parse(bytes, method), {}};
  ResponseParser slow(limits);
  for (std::size_t size = 0; size < bytes.size(); ++size) slow.parse(bytes.substr(0, size), method);
  const HeadStep step = slow.parse(bytes, method);
  EXPECT_EQ(step.state, whole.step.state) << bytes;
  EXPECT_EQ(step.consumed, whole.step.consumed);
  EXPECT_EQ(step.verdict.sentence, whole.step.verdict.sentence);
  whole.head = parser.head();
  return whole;
}

Framing framing(std::string_view head, Method method = Method::Get) {
  const Parsed parsed = parse(head, method);
  EXPECT_EQ(parsed.step.state, HeadState::Complete) << head << parsed.step.verdict.sentence;
  return parsed.head.body;
}

void expect_refused(std::string_view head) {
  const Parsed parsed = parse(head);
  EXPECT_EQ(parsed.step.state, HeadState::Refused) << head;
  EXPECT_EQ(parsed.step.verdict.refusal, base::Refusal::ComponentMalformed) << head;
}

TEST(ResponseParser, ReadsAHead) {
  const Parsed parsed =
      parse("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot found");
  ASSERT_EQ(parsed.step.state, HeadState::Complete);
  EXPECT_EQ(parsed.head.status, 404);
  EXPECT_EQ(parsed.head.reason, "Not Found");
  EXPECT_EQ(parsed.head.body, (Framing{BodyKind::Sized, 9}));
  EXPECT_EQ(parsed.head.fields.find("content-type"), "text/plain");
  EXPECT_TRUE(parsed.head.keep_alive);
}

TEST(ResponseParser, FindsTheBodysEndAsRfc9112Section63Says) {
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").kind, BodyKind::Chunked);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\n\r\n").kind, BodyKind::UntilClose);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").kind, BodyKind::None);
  EXPECT_EQ(framing("HTTP/1.1 204 No Content\r\n\r\n").kind, BodyKind::None);
  EXPECT_EQ(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").kind, BodyKind::None);
  EXPECT_EQ(framing("HTTP/1.1 100 Continue\r\n\r\n").kind, BodyKind::None);
  EXPECT_EQ(framing("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").kind, BodyKind::None);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::Head).kind,
            BodyKind::None);
}

TEST(ResponseParser, RemembersTheLengthOfABodyThatDoesNotFollow) {
  const Parsed parsed = parse("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n", Method::Head);
  EXPECT_EQ(parsed.head.body.kind, BodyKind::None);
  EXPECT_EQ(parsed.head.declared_size, 77U);
  EXPECT_TRUE(parsed.head.keep_alive);
}

TEST(ResponseParser, ToleratesOnlyWhatRealServersNeed) {
  EXPECT_EQ(parse("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").head.reason, "");
  EXPECT_EQ(parse("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").head.reason, "");
  EXPECT_EQ(parse("HTTP/1.1 200 caf\xe9\r\nContent-Length: 0\r\n\r\n").head.reason, "caf\xe9");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nX: caf\xe9\r\nContent-Length: 0\r\n\r\n").head.fields.find("x"),
            "caf\xe9");
}

TEST(ResponseParser, RefusesWhatCouldBeReadTwoWays) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const char* rest :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "Content-Length: 5, 5\r\n\r\n",
        "Content-Length: -1\r\n\r\n", "Content-Length: \r\n\r\n", "Content-Length: 1x\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n", "Transfer-Encoding: identity\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "X: a\r\n b\r\n\r\n",
        "X : a\r\n\r\n", "X\r\n\r\n", "X: a\n\r\n", "X: a\rb\r\n\r\n",
        "X: a\x01"
        "b\r\n\r\n",
        ": a\r\n\r\n", "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
        "Location: /a\r\nLocation: /b\r\n\r\n", "Connection: content-length\r\nContent-Length: 1\r\n\r\n"}) {
    expect_refused(ok + rest);
  }
  expect_refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  expect_refused("HTTP/1.1 204 No Content\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  expect_refused("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
}

TEST(ResponseParser, RefusesWhatIsNoHttpAnswer) {
  for (const char* head : {"\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 99 x\r\n\r\n",
                           "HTTP/1.1 600 x\r\n\r\n", "HTTP/1.1 2000 x\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
                           "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
                           "ICY 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "\r\n", "HTTP/1.1 200 a\x01\r\n\r\n",
                           "HTTP/1.1 200 OK\n\n", "<html>\r\n", "HTTP/1.1 200OK\r\n\r\n"}) {
    expect_refused(head);
  }
}

TEST(ResponseParser, IsBounded) {
  const std::string head = "HTTP/1.1 200 OK\r\nX: " + std::string(100, 'a') + "\r\n\r\n";
  EXPECT_EQ(parse(head, Method::Get, {.head = head.size()}).step.state, HeadState::Complete);
  EXPECT_EQ(parse(head, Method::Get, {.head = head.size() - 1}).step.state, HeadState::Refused);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nA: b\r\nA: b\r\n\r\n", Method::Get, {.fields = 1}).step.state,
            HeadState::Refused);
}

TEST(ResponseParser, SaysWhetherTheConnectionCanBeUsedAgain) {
  EXPECT_TRUE(parse("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(
      parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

// RFC 9110 8.6, RFC 9112 6.1: whoever announces a body where there is none may send it, when the next request is there already.
TEST(ResponseParser, AConnectionOnWhichABodyMayStillComeIsNotUsedAgain) {
  for (const char* wrong :
       {"204 No Content\r\nContent-Length: 5", "204 No Content\r\nTransfer-Encoding: chunked",
        "304 Not Modified\r\nTransfer-Encoding: chunked"}) {
    const auto parsed = parse("HTTP/1.1 " + std::string(wrong) + "\r\n\r\n");
    EXPECT_EQ(parsed.step.state, HeadState::Complete) << wrong;
    EXPECT_FALSE(parsed.head.keep_alive) << wrong;
  }
  for (const char* right : {"204 No Content\r\nX: y", "204 No Content\r\nContent-Length: 0",
                            "304 Not Modified\r\nContent-Length: 5"})
    EXPECT_TRUE(parse("HTTP/1.1 " + std::string(right) + "\r\n\r\n").head.keep_alive) << right;
}

TEST(ResponseParser, ReadsTheFinalHeadBehindAnInterimOne) {
  const std::string bytes =
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
  ResponseParser parser{HeadLimits{}};
  const HeadStep interim = parser.parse(bytes, Method::Get);
  ASSERT_EQ(interim.state, HeadState::Complete);
  EXPECT_TRUE(parser.head().interim());
  parser.reset();
  const HeadStep last = parser.parse(std::string_view(bytes).substr(interim.consumed), Method::Get);
  ASSERT_EQ(last.state, HeadState::Complete);
  EXPECT_EQ(parser.head().status, 200);
  EXPECT_FALSE(parser.head().fields.find("link"));
}

}  // namespace
}  // namespace postern::http
