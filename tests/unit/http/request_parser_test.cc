// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "gateway/http/h1_request.h"
#include "gateway/http/request_rules.h"

namespace postern::http {
namespace {

constexpr std::string_view kHead =
    "POST /api/v2/silences?a=b HTTP/1.1\r\nHost: postern.test\r\nContent-Length: 12\r\nX-A: b c\r\nExpect: "
    "100-continue\r\n\r\n";

TEST(RequestParser, TakesAHeadAndLeavesWhatFollows) {
  RequestParser parser{HeadLimits{}};
  const HeadStep step = parser.parse(std::string(kHead) + "the body");
  ASSERT_EQ(step.state, HeadState::Complete);
  EXPECT_EQ(step.consumed, kHead.size());
  const RequestHead& head = parser.head();
  EXPECT_EQ(head.method, Method::Post);
  EXPECT_EQ(head.target, "/api/v2/silences?a=b");
  EXPECT_EQ(head.version, Version::Http11);
  EXPECT_EQ(head.body, (Framing{BodyKind::Sized, 12}));
  EXPECT_TRUE(head.keep_alive);
  EXPECT_TRUE(head.expect_continue);
  EXPECT_EQ(head.fields.find("x-a"), "b c");
}

TEST(RequestParser, TheBytesMayMoveWhileTheyArrive) {
  RequestParser parser{HeadLimits{}};
  for (std::size_t size = 0; size < kHead.size(); ++size) {
    const std::string arrived(kHead.substr(0, size));
    ASSERT_EQ(parser.parse(arrived).state, HeadState::NeedMore);
    EXPECT_EQ(parser.begun(), size != 0);
  }
  EXPECT_EQ(parser.parse(kHead).state, HeadState::Complete);
  EXPECT_EQ(parser.parse(kHead).state, HeadState::Complete) << "the answer lasts until reset";
  parser.reset();
  EXPECT_FALSE(parser.begun());
  EXPECT_EQ(parser.parse("GET / HTTP/1.0\r\nHost: a\r\n\r\n").state, HeadState::Complete);
  EXPECT_EQ(parser.head().fields.size(), 1U);
  EXPECT_FALSE(parser.head().expect_continue);
}

TEST(RequestParser, ALimitIsTheLastSizeThatPasses) {
  const std::string head = "GET /aaa HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
  const auto verdict = [&](HeadLimits limits) { return RequestParser(limits).parse(head).verdict.refusal; };
  EXPECT_EQ(verdict({.head = head.size()}), base::Refusal::None);
  EXPECT_EQ(verdict({.head = head.size() - 1}), base::Refusal::HeadTooLarge);
  EXPECT_EQ(verdict({.target = 4}), base::Refusal::None);
  EXPECT_EQ(verdict({.target = 3}), base::Refusal::TargetTooLong);
  EXPECT_EQ(verdict({.fields = 2}), base::Refusal::None);
  EXPECT_EQ(verdict({.fields = 1}), base::Refusal::HeadTooLarge);
}

TEST(RequestParser, AHeadThatGrowsByteByByteCostsLinearWork) {
  // A parser that looks at everything again on each call would look at 1.1e12 bytes here.
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1'500'000, 'x');
  RequestParser parser{HeadLimits{.head = 2'000'000}};
  for (std::size_t size = 1; size <= head.size(); ++size) {
    ASSERT_EQ(parser.parse(std::string_view(head).substr(0, size)).state, HeadState::NeedMore);
  }
}

bool keeps_alive(std::string_view version, std::string_view connection) {
  RequestParser parser{HeadLimits{}};
  std::string head = "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n";
  if (!connection.empty()) head.append("Connection: ").append(connection).append("\r\n");
  EXPECT_EQ(parser.parse(head + "\r\n").state, HeadState::Complete);
  return parser.head().keep_alive;
}

TEST(RequestParser, KeepAliveFollowsVersionAndConnection) {
  EXPECT_TRUE(keeps_alive("1.1", ""));
  EXPECT_FALSE(keeps_alive("1.1", "close"));
  EXPECT_FALSE(keeps_alive("1.1", "keep-alive, CLOSE"));
  EXPECT_FALSE(keeps_alive("1.0", ""));
  EXPECT_TRUE(keeps_alive("1.0", "Keep-Alive"));
  EXPECT_FALSE(keeps_alive("1.0", "keep-alive, close"));
}

TEST(RequestRules, JudgeAHeadThatCameAnotherWayFromScratch) {
  RequestHead head;
  head.target = "/";
  head.body = {BodyKind::Sized, 7};  // claimed, but no field says so
  head.fields.put("host", "postern.test");
  ASSERT_TRUE(judge_request(head).ok());
  EXPECT_EQ(head.body.kind, BodyKind::None);
  head.fields.put("content-length", "3");
  ASSERT_TRUE(judge_request(head).ok());
  EXPECT_EQ(head.body, (Framing{BodyKind::Sized, 3}));
  head.fields.put("transfer-encoding", "chunked");
  EXPECT_EQ(judge_request(head).refusal, base::Refusal::AmbiguousFraming);
  head.fields.remove("transfer-encoding");
  for (const char* target : {"", "/a b", "/a\tb", "/\x7f", "/\xc3\xa9", "/\n"}) {
    head.target = target;
    EXPECT_EQ(judge_request(head).refusal, base::Refusal::Malformed) << target;
  }
}

TEST(RequestRules, ContentLengthIsOnePlainNumber) {
  EXPECT_EQ(parse_content_length("0"), 0U);
  EXPECT_EQ(parse_content_length("9223372036854775807"), 9223372036854775807U);
  EXPECT_FALSE(parse_content_length("9223372036854775808"));
  EXPECT_FALSE(parse_content_length("18446744073709551616"));
  EXPECT_FALSE(parse_content_length(""));
  EXPECT_FALSE(parse_content_length("1 "));
}

// Damages a good head at random: whatever comes out, the answer must not depend on the cuts, and an accepted
// head is made of clean parts.
TEST(RequestParser, RandomDamageNeverMakesTheAnswerDependOnTheCuts) {
  std::mt19937 random(20260301);
  const std::string_view bytes("\r\n\t :,;/%\0A5\x7f\xc3", 14);
  for (int round = 0; round < 20000; ++round) {
    std::string head(kHead);
    for (unsigned i = 0; i <= random() % 3; ++i) {
      const std::size_t at = random() % head.size();
      const char byte = bytes[random() % bytes.size()];
      switch (random() % 3) {
        case 0:
          head[at] = byte;
          break;
        case 1:
          head.insert(at, 1, byte);
          break;
        default:
          head.erase(at, 1);
          break;
      }
    }
    RequestParser whole{HeadLimits{}};
    RequestParser cut{HeadLimits{}};
    const HeadStep once = whole.parse(head);
    cut.parse(std::string_view(head).substr(0, random() % head.size()));
    const HeadStep twice = cut.parse(head);
    ASSERT_EQ(once.state, twice.state) << head;
    ASSERT_EQ(once.consumed, twice.consumed);
    ASSERT_EQ(once.verdict.sentence, twice.verdict.sentence);
    ASSERT_TRUE(once.state != HeadState::Complete || is_target_text(whole.head().target));
  }
}

}  // namespace
}  // namespace postern::http
