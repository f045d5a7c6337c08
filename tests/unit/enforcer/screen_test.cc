// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/screen.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace postern::enforcer {
namespace {

const std::string kScreenKey(base::KeyedHash::kKeySize, 'k');

std::shared_ptr<const policy::Policy> policy_of(const std::string& redact) {
  return policy::parse_policy(
             "version: 1\ncapabilities: {c: {title: T, class: read, operations: [GET /a]}}\n" + redact)
      .policy;
}

std::string token_of(std::string_view value) {
  return "[redacted:" + base::to_hex(base::keyed_hash(kScreenKey, value).substr(0, 6)) + "]";
}

struct Passing {
  std::shared_ptr<const policy::Policy> policy =
      policy_of("redact: [{json: $..password}, {header: X-Secret}]\n");
  Screen screen{std::shared_ptr<const policy::Redaction>(policy, &policy->redaction()),
                policy->redaction().rules, kScreenKey};
  http::ResponseHead head;
  Passing() {
    head.status = 200;
    head.body = {http::BodyKind::Sized, 1000};
  }
  base::Status pass(std::initializer_list<std::pair<const char*, const char*>> fields) {
    for (const auto& [name, value] : fields) head.fields.put(name, value);
    screen.clean(head.fields);
    return screen.head(head, head.fields);
  }
  std::string field(std::string_view name) const {
    return std::string(head.fields.find(name).value_or("(gone)"));
  }
  // The body, taken in pieces and sent as a slow client takes it.
  base::Result<std::string> body(std::string_view in, std::size_t piece, std::size_t credit) {
    std::string out;
    const auto send = [&]() -> base::Status {
      do {
        if (base::Status status = screen.work(); !status.ok()) return status;
        const std::string_view ready = screen.ready().substr(0, credit);
        out += ready;
        screen.sent(ready.size());
      } while (!screen.idle());
      return base::Ok{};
    };
    for (std::size_t at = 0; at < in.size(); at += piece) {
      screen.take(in.substr(at, piece));
      if (base::Status status = send(); !status.ok()) return status.error();
    }
    screen.end({});
    if (base::Status status = send(); !status.ok()) return status.error();
    EXPECT_TRUE(screen.done());
    return out;
  }
};

struct ScreenTest : ::testing::Test, Passing {};

TEST_F(ScreenTest, ABodyThatCanHaveSecretsLosesThemAndItsLength) {
  ASSERT_TRUE(pass({{"content-type", "application/json"},
                    {"etag", "\"1\""},
                    {"digest", "x"},
                    {"repr-digest", "x"},
                    {"content-md5", "x"},
                    {"accept-ranges", "bytes"},
                    {"last-modified", "x"}})
                  .ok());
  EXPECT_TRUE(screen.changes_body());
  EXPECT_EQ(field("etag"), "W/\"1\"");
  EXPECT_EQ(field("accept-ranges"), "none");
  EXPECT_EQ(field("last-modified"), "x");
  for (const char* gone : {"digest", "repr-digest", "content-md5"}) EXPECT_EQ(field(gone), "(gone)");
  EXPECT_EQ(*body("{\"password\":\"hunter2\"}", 3, 5), "{\"password\":\"" + token_of("hunter2") + "\"}");
  EXPECT_EQ(screen.counts().total, 1U);
  EXPECT_EQ(screen.counts().places[0].where, "$.password");
}

TEST_F(ScreenTest, ABinaryBodyPassesAsItIs) {
  ASSERT_TRUE(
      pass({{"content-type", "image/png"}, {"content-encoding", "br"}, {"etag", "\"1\""}, {"digest", "x"}})
          .ok());
  EXPECT_FALSE(screen.changes_body());
  EXPECT_EQ(field("etag"), "\"1\"");
  EXPECT_EQ(field("digest"), "x");
  EXPECT_EQ(field("content-encoding"), "br");
}

TEST_F(ScreenTest, ACompressedBodyIsUnpackedAndPassesUnpacked) {
  // {"password":"hunter2"}
  const std::string packed =
      *base::from_hex("1f8b0800000000000003ab562a482c2e2ecf2f4a51b252ca28cd2b492d3252aa0500b3d96d2516000000");
  ASSERT_TRUE(pass({{"content-type", "application/json"}, {"content-encoding", "gzip"}}).ok());
  EXPECT_EQ(field("content-encoding"), "(gone)");
  EXPECT_EQ(*body(packed, 7, 4), "{\"password\":\"" + token_of("hunter2") + "\"}");
}

TEST_F(ScreenTest, ASmallBodyThatUnfoldsIntoALargeOneIsNeverHeldWhole) {
  // 64 members of 128 KiB of spaces each.
  const std::string member = *base::from_hex("1f8b0800000000000003edc13101000000c2a02aeb9fd2c31a4001") +
                             std::string(126, '\0') + *base::from_hex("dc008b36bcbb00000200");
  std::string packed;
  for (int i = 0; i < 64; ++i) packed += member;
  ASSERT_LT(packed.size(), Screen::kPiece);
  ASSERT_TRUE(pass({{"content-type", "text/plain"}, {"content-encoding", "gzip"}}).ok());
  screen.take(packed);
  std::size_t total = 0;
  while (!screen.idle()) {
    ASSERT_TRUE(screen.work().ok());
    ASSERT_LE(screen.ready().size(), 2 * Screen::kPiece);
    total += screen.ready().size();
    screen.sent(screen.ready().size());
  }
  EXPECT_EQ(total, std::size_t{8} << 20U);
}

TEST_F(ScreenTest, ADamagedOrCutOffCompressedBodyIsAnError) {
  const std::string packed =
      *base::from_hex("1f8b0800000000000003ab562a482c2e2ecf2f4a51b252ca28cd2b492d3252aa0500b3d96d2516000000");
  ASSERT_TRUE(pass({{"content-type", "application/json"}, {"content-encoding", "gzip"}}).ok());
  EXPECT_FALSE(body(packed.substr(0, packed.size() - 3), 100, 100).ok());
}

TEST_F(ScreenTest, WhatCannotBeLookedIntoIsRefused) {
  const auto refused = [](int status, const char* type, const char* encoding) {
    Passing fresh;
    fresh.head.status = status;
    fresh.head.fields.put("content-type", type);
    fresh.head.fields.put("content-encoding", encoding);
    const base::Status answer = fresh.screen.head(fresh.head, fresh.head.fields);
    return answer.ok() ? std::string() : answer.error().message;
  };
  EXPECT_NE(refused(200, "application/json", "br").find("encoded as br"), std::string::npos);
  EXPECT_NE(refused(200, "text/plain", "gzip, gzip").find("encoded as gzip, gzip"), std::string::npos);
  EXPECT_NE(refused(200, "text/plain; charset=utf-16", "identity").find("character set"), std::string::npos);
  EXPECT_NE(refused(206, "image/png", "identity").find("nobody had asked"), std::string::npos);
  EXPECT_EQ(refused(200, "text/plain", "identity"), "");
}

TEST_F(ScreenTest, AnAnswerWithoutABodyAgreesWithTheOneThatHasIt) {
  head.body = {http::BodyKind::None, 0};
  ASSERT_TRUE(pass({{"content-type", "text/plain"}, {"etag", "\"1\""}}).ok());
  EXPECT_TRUE(screen.changes_body());
  EXPECT_EQ(field("etag"), "W/\"1\"");
  screen.end({});
  ASSERT_TRUE(screen.work().ok());
  EXPECT_TRUE(screen.done());
  Passing unchanged;
  unchanged.head.status = 304;
  unchanged.head.body = {http::BodyKind::None, 0};
  ASSERT_TRUE(unchanged.pass({{"etag", "\"1\""}}).ok());
  EXPECT_EQ(unchanged.field("etag"), "W/\"1\"");
}

TEST_F(ScreenTest, APageGetsWhatIsPutBehindItAndNothingElseDoes) {
  const auto passed = [](const char* type, std::string_view in) {
    Passing fresh;
    fresh.screen.append_to_page("<script></script>");
    EXPECT_TRUE(fresh.pass({{"content-type", type}}).ok());
    return fresh.body(in, 3, 5).value();
  };
  EXPECT_EQ(passed("text/html", "<p>Hello"), "<p>Hello<script></script>");
  EXPECT_EQ(passed("Text/HTML;charset=utf-8", ""), "<script></script>");
  EXPECT_EQ(passed("text/html5", "<p>Hello"), "<p>Hello");
  EXPECT_EQ(passed("text/plain", "<p>Hello"), "<p>Hello");
  EXPECT_EQ(passed("application/xhtml+xml", "<p>Hello</p>"), "<p>Hello</p>");
}

TEST_F(ScreenTest, APageThatIsCutOffGetsNothingPutBehindIt) {
  screen.append_to_page("<script></script>");
  ASSERT_TRUE(pass({{"content-type", "text/html"}}).ok());
  screen.take("<p>Hel");
  ASSERT_TRUE(screen.work().ok());
  EXPECT_EQ(screen.ready(), "<p>Hel");
}

TEST_F(ScreenTest, FieldsLoseTheirSecretsAndCredentialsGo) {
  const std::string jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln";
  const std::string there = "https://bob:hunter2@elsewhere/x?t=" + jwt;
  ASSERT_TRUE(pass({{"location", there.c_str()},
                    {"x-auth-token", "t"},
                    {"x-secret", "s"},
                    {"x-other", "plain"},
                    {"link", "<https://a/?password=hunter2>; rel=next"}})
                  .ok());
  EXPECT_EQ(field("location"), "https://bob:" + token_of("hunter2") + "@elsewhere/x?t=" + token_of(jwt));
  EXPECT_EQ(field("x-auth-token"), "(gone)");
  EXPECT_EQ(field("x-secret"), "(gone)");
  EXPECT_EQ(field("x-other"), "plain");
  EXPECT_EQ(field("link").find("hunter2"), std::string::npos);
  EXPECT_EQ(screen.counts().total, 3U);
  EXPECT_EQ(screen.counts().places[0].where, "header location");
}

TEST_F(ScreenTest, TrailersAreFieldsToo) {
  ASSERT_TRUE(pass({{"content-type", "text/plain"}}).ok());
  http::Fields trailers;
  trailers.put("repr-digest", "x");
  trailers.put("x-secret", "s");
  trailers.put("x-note", "a://b:hunter2@c");
  screen.end(trailers);
  EXPECT_EQ(screen.trailers().size(), 1U);
  EXPECT_EQ(screen.trailers().find("x-note"), "a://b:" + token_of("hunter2") + "@c");
}

}  // namespace
}  // namespace postern::enforcer
