// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/acme_dialogue.h"

#include <gtest/gtest.h>

#include "gateway/link/acme.h"

namespace postern::link {
namespace {

constexpr base::Micros kNoon = 1'790'000'000 * base::kWallSecond;
constexpr base::Micros kSecond = base::kWallSecond, kOneHour = 3600 * kSecond;

constexpr std::string_view kDirectory =
    R"({"newNonce":"https://a.example/nonce","newAccount":"https://a.example/account","newOrder":"https://a.example/order"})";
constexpr std::string_view kOrder =
    R"({"status":"pending","authorizations":["https://a.example/authz/1"],"finalize":"https://a.example/finalize/1"})";
constexpr std::string_view kPending =
    R"({"status":"pending","identifier":{"type":"dns","value":"x.example"},"challenges":[{"type":"dns-01","url":"https://a.example/c/0","token":"zero"},{"type":"http-01","url":"https://a.example/c/1","token":"token-1"}]})";
constexpr std::string_view kValid = R"({"status":"valid","identifier":{"type":"dns","value":"x.example"}})";

class Dialogue : public testing::Test {
 protected:
  AcmeDialogue dialogue_{"https://a.example", "/dir", "http-01"};
  int nonces_ = 0;

  // What is asked next, as text; what was answered to it.
  std::string next() {
    const AcmeNext next = dialogue_.next();
    if (const auto* ask = std::get_if<AcmeAsk>(&next))
      return std::string(http::to_text(ask->method)) + " " + ask->target +
             (ask->step.empty() ? "" : " " + ask->step);
    if (const auto* wait = std::get_if<AcmeWait>(&next))
      return "wait " + std::to_string(wait->time / kSecond);
    if (const auto* done = std::get_if<AcmeDone>(&next)) return "done: " + done->chain_pem;
    const auto& failed = std::get<AcmeFailed>(next);
    return "failed: " + failed.why +
           (failed.not_before > 0 ? ", " + std::to_string(failed.not_before / kSecond) : "");
  }
  void answer(std::string_view body, int status = 200, const std::string& location = {},
              const std::string& retry_after = {}) {
    dialogue_.answered({status, std::string(body), "n" + std::to_string(++nonces_), location, retry_after},
                       kNoon);
  }
  std::string after(std::string_view body, int status = 200, const std::string& location = {},
                    const std::string& retry_after = {}) {
    answer(body, status, location, retry_after);
    return next();
  }
  // Up to the order.
  void begin() {
    ASSERT_EQ(next(), "GET /dir");
    dialogue_.answered({200, std::string(kDirectory)}, kNoon);
    ASSERT_EQ(next(), "HEAD /nonce");
    ASSERT_EQ(after(""), "POST /account account");
    ASSERT_EQ(after("{}", 201, "https://a.example/account/7"), "POST /order order");
  }
  void validate() {
    begin();
    ASSERT_EQ(after(kOrder, 201, "https://a.example/order/1"), "POST /authz/1 read");
    ASSERT_EQ(after(kPending), "POST /c/1 ready");
  }
  static std::string problem(const std::string& type, const std::string& detail) {
    return R"({"type":"urn:ietf:params:acme:error:)" + type + R"(","detail":")" + detail + "\"}";
  }
};

TEST_F(Dialogue, LeadsFromTheDirectoryToTheCertificate) {
  validate();
  EXPECT_EQ(dialogue_.token(), "token-1");
  EXPECT_EQ(dialogue_.name(), "x.example");
  EXPECT_EQ(after("{}"), "wait 1");
  EXPECT_EQ(next(), "POST /authz/1 read");
  EXPECT_EQ(after(kPending, 200, "", "7"), "wait 7");
  EXPECT_EQ(next(), "POST /authz/1 read");
  EXPECT_EQ(after(kValid), "POST /finalize/1 finalize");
  EXPECT_TRUE(dialogue_.token().empty());
  EXPECT_EQ(after(R"({"status":"processing"})"), "wait 1");
  EXPECT_EQ(next(), "POST /order/1 read");
  EXPECT_EQ(after(R"({"status":"valid","certificate":"https://a.example/cert/1"})"), "POST /cert/1 read");
  EXPECT_EQ(after("PEM"), "done: PEM");
}

TEST_F(Dialogue, WhatIsValidAlreadyIsNotAskedAgain) {
  begin();
  EXPECT_EQ(after(R"({"status":"ready","authorizations":[],"finalize":"https://a.example/finalize/1"})", 201,
                  "https://a.example/order/1"),
            "POST /finalize/1 finalize");
}

TEST_F(Dialogue, TakesAnotherNonceAndGivesUpWhenNoneIsGood) {
  begin();
  for (int i = 0; i < AcmeDialogue::kBadNonces; ++i)
    EXPECT_EQ(after(problem("badNonce", "it is old"), 400), "POST /order order");
  EXPECT_EQ(after(problem("badNonce", "it is old"), 400), "failed: it refused (badNonce): it is old");
}

TEST_F(Dialogue, FetchesANonceWhereAnAnswerBroughtNone) {
  begin();
  dialogue_.answered({201, std::string(kOrder), "", "https://a.example/order/1"}, kNoon);
  EXPECT_EQ(next(), "HEAD /nonce");
  EXPECT_EQ(after(""), "POST /authz/1 read");
}

TEST_F(Dialogue, QuotesRefusalsAndHonoursHowLongToWait) {
  begin();
  EXPECT_EQ(after(problem("rateLimited", "too many certificates"), 429, "", "7200"),
            "failed: it refused (rateLimited): too many certificates, 7200");
}

TEST_F(Dialogue, ALimitWithoutATimeIsAnHour) {
  begin();
  EXPECT_EQ(after("<html>", 429), "failed: it refused (429), 3600");
}

TEST_F(Dialogue, SaysWhyANameCouldNotBeValidated) {
  validate();
  EXPECT_EQ(after("{}"), "wait 1");
  next();
  EXPECT_EQ(
      after(
          R"({"status":"invalid","identifier":{"value":"x.example"},"challenges":[{"type":"http-01","error":{"detail":"connection refused"}}]})"),
      "failed: it could not validate x.example: connection refused");
  EXPECT_TRUE(dialogue_.token().empty());
}

TEST_F(Dialogue, FollowsNoAddressThatIsNotItsOwn) {
  for (const char* url : {"https://b.example/nonce", "http://a.example/nonce", "https://a.example.evil/nonce",
                          "https://a.example:444/nonce", "https://a.example/no nce", ""}) {
    AcmeDialogue one{"https://a.example", "/dir", "http-01"};
    one.next();
    one.answered(
        {200, R"({"newNonce":")" + std::string(url) +
                  R"(","newAccount":"https://a.example/account","newOrder":"https://a.example/order"})"},
        kNoon);
    const AcmeNext next = one.next();
    ASSERT_TRUE(std::holds_alternative<AcmeFailed>(next)) << url;
    EXPECT_NE(std::get<AcmeFailed>(next).why.find("not one of its own"), std::string::npos);
  }
}

TEST_F(Dialogue, ATokenIsOneOrThereIsNoChallenge) {
  begin();
  answer(kOrder, 201, "https://a.example/order/1");
  next();
  EXPECT_EQ(
      after(
          R"({"status":"pending","challenges":[{"type":"http-01","url":"https://a.example/c","token":"../x"}]})"),
      "failed: its challenge is none");
}

TEST_F(Dialogue, TakesTheChallengeThatItWasToldAndNoOther) {
  dialogue_ = AcmeDialogue("https://a.example", "/dir", "tls-alpn-01");
  begin();
  ASSERT_EQ(after(kOrder, 201, "https://a.example/order/1"), "POST /authz/1 read");
  EXPECT_EQ(after(kPending), "failed: it offers no tls-alpn-01 challenge for x.example");
  dialogue_ = AcmeDialogue("https://a.example", "/dir", "tls-alpn-01");
  begin();
  ASSERT_EQ(after(kOrder, 201, "https://a.example/order/1"), "POST /authz/1 read");
  std::string offered(kPending);
  offered.replace(offered.find("dns-01"), 6, "tls-alpn-01");
  EXPECT_EQ(after(offered), "POST /c/0 ready");
  EXPECT_EQ(dialogue_.token(), "zero");
}

TEST_F(Dialogue, AnswersThatAreNoneEndIt) {
  for (const char* body : {"", "[]", "{", "7", R"({"newNonce":7})"}) {
    AcmeDialogue one{"https://a.example", "/dir", "http-01"};
    one.next();
    one.answered({200, body}, kNoon);
    EXPECT_TRUE(std::holds_alternative<AcmeFailed>(one.next())) << body;
  }
}

TEST_F(Dialogue, AnAuthorityThatNeverComesToAnEndIsLeft) {
  validate();
  answer("{}");
  std::string said;
  int asks = 0;
  while (!(said = next()).starts_with("failed")) {
    ASSERT_LT(++asks, 1000);
    if (said.starts_with("POST")) answer(kPending);
  }
  EXPECT_EQ(said, "failed: it did not come to an end in time");
}

TEST(RetryAfter, IsSecondsOrADate) {
  EXPECT_EQ(read_retry_after("120", kNoon), 120 * kSecond);
  EXPECT_EQ(read_retry_after("99999999999", kNoon), AcmeDialogue::kLongestRest);
  EXPECT_EQ(read_retry_after("Mon, 21 Sep 2026 15:00:00 GMT", kNoon), 2800 * kSecond);
  EXPECT_EQ(read_retry_after("Mon, 21 Sep 2020 15:00:00 GMT", kNoon), 0);
  for (const char* none : {"", "-5", "soon", "5 minutes"})
    EXPECT_EQ(read_retry_after(none, kNoon), 0) << none;
}

TEST(AcmeTimes, RenewWhenTwoThirdsAreOver) {
  EXPECT_EQ(acme_renewal(0, 90 * 24 * kOneHour, 0), 60 * 24 * kOneHour);
  EXPECT_EQ(acme_renewal(0, 24 * kSecond, 1), 17 * kSecond);
}

TEST(AcmeTimes, AfterFailuresWaitsDoubleUpToSixHours) {
  EXPECT_EQ(acme_again_after(1, 0, 0), 60 * kSecond);
  EXPECT_EQ(acme_again_after(2, 0, 1), 150 * kSecond);
  EXPECT_EQ(acme_again_after(100, 0, 0), 6 * kOneHour);
}

TEST(AcmeTimes, AsksOnceMoreWhileTheCertificateAtHandLasts) {
  EXPECT_EQ(acme_again_after(100, 24 * 24 * kOneHour, 0), 6 * kOneHour);
  EXPECT_EQ(acme_again_after(100, 4 * kOneHour, 1), 2 * kOneHour);
  EXPECT_EQ(acme_again_after(100, 30 * kSecond, 0), 60 * kSecond) << "no sooner than after a minute";
  EXPECT_EQ(acme_again_after(100, -kOneHour, 0), 6 * kOneHour) << "it is over anyway";
}

}  // namespace
}  // namespace postern::link
