// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/line_api.h"

#include "certs/authority.h"
#include "certs/certificate.h"
#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

// `openssl req -new -newkey ed25519 -nodes -subj /`
constexpr const char* kOtherRequest = R"(-----BEGIN CERTIFICATE REQUEST-----
MH8wMwIBADAAMCowBQYDK2VwAyEAXNY5VGQq/YQWXdI53OpQBDAurScJtIRF+b0G
q18Bu0+gADAFBgMrZXADQQCxP7jpXa+dox3fGTSDHwAJr6D9fDHk9MgoQtZnXqvp
ATdh5gC54RljOSnclxONDwy10VIh/IeLBkREXLG+2JoE
-----END CERTIFICATE REQUEST-----
)";

class LineApiTest : public DeskRig {
 protected:
  Answer renew(const Enrolled& who) {
    return ask({.target = std::string(line::kRenewPath),
                .body = line::format(line::RenewRequest{some_request()}),
                .certificate = who.certificate});
  }
  Enrolled renewed_of(const Enrolled& who) {
    const Answer answer = renew(who);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return {who.id, line::parse_renewed(answer.body)->chain};
  }
  void overlap_passes() { clock.advance((kOverlap / base::kWallSecond + 1) * base::kSecond); }
  std::size_t copies(const Enrolled& who) {
    return store->events(who.id, 0, 100, "installation.certificate_copied")->size();
  }
};

TEST_F(LineApiTest, EnrolsOncePerCode) {
  const std::string code = new_code("Example Ltd");
  const Answer first = enrol(code);
  ASSERT_EQ(first.status, 200) << first.body;
  const auto document = line::parse_enrolled(first.body);
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_EQ(document->customer, "Example Ltd");
  const auto leaf = certs::read_chain(document->chain)->front();
  EXPECT_EQ(leaf.uris, (std::vector<std::string>{line::uri_of({kTestDomain, document->installation})}));
  EXPECT_EQ(leaf.not_after - clock.wall(), certs::kInstallationLife);
  EXPECT_FALSE(leaf.authority);
  EXPECT_TRUE(leaf.subject.empty()) << "what the request calls itself is nobody's business";
  EXPECT_EQ(report({document->installation, document->chain}, {event(1)}).status, 200);
  EXPECT_EQ(enrol(code).code, line::kWrongCode);
}

TEST_F(LineApiTest, AnAnswerThatWasLostIsGivenAgainToTheSameKey) {
  const std::string code = new_code();
  const auto first = line::parse_enrolled(enrol(code).body);
  const Answer another =
      ask({.target = std::string(line::kEnrolPath),
           .body = line::format(line::EnrolRequest{line::normal_code(code), kOtherRequest, "1"})});
  EXPECT_EQ(another.code, line::kWrongCode) << "whoever else has the code";
  const auto again = line::parse_enrolled(enrol(code).body);
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(again->installation, first->installation);
  EXPECT_EQ(store->installations()->size(), 1U);
  EXPECT_EQ(report({again->installation, again->chain}, {event(1)}).status, 200);
  EXPECT_EQ(enrol(code).code, line::kWrongCode) << "it has come: the code is worth nothing any more";
  const std::string late = new_code();
  EXPECT_EQ(enrol(late).status, 200);
  clock.advance((kAskAgain / base::kWallSecond + 1) * base::kSecond);
  EXPECT_EQ(enrol(late).code, line::kWrongCode);
}

TEST_F(LineApiTest, SaysWhatIsWrongWithACode) {
  EXPECT_EQ(enrol(line::new_code()).code, line::kWrongCode);
  const std::string code = new_code("Example Ltd", "1h");
  clock.advance(3600 * base::kSecond);
  const Answer late = enrol(code);
  EXPECT_EQ(late.status, 403);
  EXPECT_EQ(late.code, line::kExpiredCode);
}

TEST_F(LineApiTest, SlowsWhoTriesCodesAndNobodyElse) {
  const std::string good = new_code();
  Answer last;
  for (int i = 0; i < 11; ++i) last = enrol(line::new_code(), "192.0.2.66:" + std::to_string(1000 + i));
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.code, line::kTooMany);
  EXPECT_EQ(enrol(good, "192.0.2.66:5").status, 429) << "not even a good one, so that nothing is learned";
  EXPECT_EQ(enrol(good, "192.0.2.67:5").status, 200);
  // The owner of an IPv6 network has all of its addresses.
  for (int i = 0; i < 11; ++i) last = enrol(line::new_code(), "[2001:db8::" + std::to_string(i + 1) + "]:1");
  EXPECT_EQ(last.status, 429);
  clock.advance(20 * base::kSecond);
  EXPECT_EQ(enrol(line::new_code(), "192.0.2.66:5").status, 403);
}

TEST_F(LineApiTest, ABadRequestOrAKeeperThatIsAwayDoesNotUseTheCodeUp) {
  const std::string code = new_code();
  const Answer bad =
      ask({.target = std::string(line::kEnrolPath),
           .body = line::format(line::EnrolRequest{
               line::normal_code(code),
               "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "0.1.0"})});
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.code, line::kMalformed);
  keeper_answers = false;
  EXPECT_EQ(enrol(code).status, 503);
  keeper_answers = true;
  EXPECT_EQ(enrol(code).status, 200);
}

TEST_F(LineApiTest, BelievesNoOtherCertificate) {
  const Enrolled who = enrolled();
  const auto with = [&](const std::string& certificate) {
    return ask({.target = std::string(line::kReportsPath),
                .body = line::format(std::vector<line::Report>{event(1)}),
                .certificate = certificate})
        .code;
  };
  EXPECT_EQ(with(who.certificate), "");
  EXPECT_EQ(with(""), line::kUnknownInstallation);
  // Of the authority, but never given out by this store: a keeper's answer that was not committed.
  certs::Template forged;
  forged.client_auth = true;
  forged.validity = certs::valid_for(clock.wall(), 86400 * base::kWallSecond);
  forged.uris = {line::uri_of({kTestDomain, who.id})};
  EXPECT_EQ(with(certs::issue(forged, &authority)->certificate_pem), line::kUnknownInstallation);
  forged.uris = {"spiffe://mission.example.com/somebody/else"};
  EXPECT_EQ(with(certs::issue(forged, &authority)->certificate_pem), line::kUnknownInstallation);
  forged.uris = {line::uri_of({kTestDomain, who.id})};
  const auto others =
      certs::make_authority("Another", certs::valid_for(clock.wall(), 86400 * base::kWallSecond));
  EXPECT_EQ(with(certs::issue(forged, &*others)->certificate_pem), line::kUnknownInstallation);
  clock.advance(certs::kInstallationLife / base::kWallSecond * base::kSecond + base::kSecond);
  EXPECT_EQ(with(who.certificate), line::kUnknownInstallation) << "it is over";
}

TEST_F(LineApiTest, TheAuthorityVouchesForNoOtherDomain) {
  certs::Template elsewhere;
  elsewhere.client_auth = true;
  elsewhere.validity = certs::valid_for(clock.wall(), 86400 * base::kWallSecond);
  elsewhere.uris = {line::uri_of({"other.example.com", ulid()})};
  const std::string pem = certs::issue(elsewhere, &authority)->certificate_pem;
  const auto judged = parts->verifier.judge(*certs::pem_to_der(pem), clock.wall());
  EXPECT_FALSE(judged.identity.has_value());
  ASSERT_TRUE(judged.failure.has_value());
  EXPECT_EQ(judged.failure->rule, certs::Rule::NotPermitted) << judged.failure->sentence;
}

TEST_F(LineApiTest, RenewsForWhoAsks) {
  Enrolled who = enrolled();
  const Answer first = renew(who);
  ASSERT_EQ(first.status, 200) << first.body;
  const auto fresh = line::parse_renewed(first.body);
  ASSERT_TRUE(fresh.ok());
  EXPECT_EQ(certs::read_chain(fresh->chain)->front().uris.front(), line::uri_of({kTestDomain, who.id}));
  // The answer may have been lost: the old one is good until the new one was seen, and an hour more.
  const Enrolled lost{who.id, fresh->chain};
  const Enrolled renewed = renewed_of(who);
  EXPECT_EQ(report(renewed, {event(1)}).status, 200);
  EXPECT_EQ(report(who, {event(2)}).status, 200);
  EXPECT_EQ(copies(who), 0) << "so far all of it is what a link does";
  overlap_passes();
  EXPECT_EQ(report(who, {event(3)}).code, line::kUnknownInstallation);
  EXPECT_EQ(report(lost, {event(4)}).code, line::kUnknownInstallation) << "the one that never arrived, too";
  EXPECT_EQ(renew(lost).code, line::kUnknownInstallation);
  EXPECT_EQ(report(renewed, {event(5)}).status, 200);
  EXPECT_EQ(copies(who), 3);
}

// A thief with a copy of the key and the certificate renews as the original does. Whoever's is the newest ends all others once it is
// used, and whoever shows another one is seen.
TEST_F(LineApiTest, ACertificateThatAThiefRenewedEndsWithTheNextOfTheOriginal) {
  const Enrolled original = enrolled();
  const Enrolled thief = renewed_of(original);
  EXPECT_EQ(report(thief, {event(1)}).status, 200);
  EXPECT_EQ(copies(original), 0);
  const Enrolled next = renewed_of(original);
  EXPECT_EQ(copies(original), 1) << "it is renewed though its successor is in use";
  EXPECT_EQ(report(next, {event(2)}).status, 200);
  overlap_passes();
  EXPECT_EQ(report(thief, {event(3)}).code, line::kUnknownInstallation);
  EXPECT_EQ(renew(thief).code, line::kUnknownInstallation);
  EXPECT_EQ(report(next, {event(4)}).status, 200);
  EXPECT_GT(copies(original), 1);
}

TEST_F(LineApiTest, ACertificateThatIsUsedForTheFirstTimeWhenItIsReplacedIsSeen) {
  const Enrolled original = enrolled();
  const Enrolled thief = renewed_of(original);
  const Enrolled next = renewed_of(original);
  EXPECT_EQ(copies(original), 0) << "an answer may have been lost";
  EXPECT_EQ(report(next, {event(1)}).status, 200);
  EXPECT_EQ(copies(original), 0);
  EXPECT_EQ(report(thief, {event(2)}).status, 200);
  EXPECT_EQ(copies(original), 1) << "it was not lost";
}

TEST_F(LineApiTest, WhatHasEndedDoesNotComeBackWithAnotherRenewal) {
  const Enrolled original = enrolled();
  const Enrolled thief = renewed_of(original);
  EXPECT_EQ(report(thief, {event(1)}).status, 200);
  overlap_passes();
  EXPECT_EQ(report(original, {event(2)}).code, line::kUnknownInstallation);
  static_cast<void>(renewed_of(thief));
  EXPECT_EQ(report(original, {event(3)}).code, line::kUnknownInstallation);
}

TEST_F(LineApiTest, ManyCertificatesGiveNoMorePace) {
  const Enrolled who = enrolled();
  std::vector<Enrolled> all{who};
  for (int i = 0; i < 8; ++i) all.push_back(renewed_of(who));
  int taken = 0;
  for (int i = 0; i < 60; ++i)
    for (const Enrolled& each : all) taken += report(each, {}).status == 200 ? 1 : 0;
  EXPECT_GT(taken, 60);
  EXPECT_LE(taken, 2 * 60) << "one pace, and one for those that were replaced";
}

TEST_F(LineApiTest, RenewalsArePaced) {
  const Enrolled who = enrolled();
  Answer last;
  for (int i = 0; i < 11; ++i) last = renew(who);
  EXPECT_EQ(last.status, 429);
}

TEST_F(LineApiTest, TakesReportsOnceInTheirOrder) {
  const Enrolled who = enrolled();
  const std::vector<line::Report> sent{event(1), event(2), event(3)};
  for (int i = 0; i < 3; ++i) {
    const auto taken = line::parse_taken(report(who, sent).body);
    ASSERT_TRUE(taken.ok());
    EXPECT_EQ(taken->ids, (std::vector<std::string>{sent[0].id, sent[1].id, sent[2].id}));
  }
  std::vector<int> numbers;
  const auto kept = store->events(who.id, 0, 100);
  for (const StoredEvent& one : *kept) {
    if (!one.own) numbers.push_back(one.body.at("number").get<int>());
  }
  EXPECT_EQ(numbers, (std::vector<int>{3, 2, 1}));
}

TEST_F(LineApiTest, AKindThatItDoesNotKnowIsTakenAndForgotten) {
  const Enrolled who = enrolled();
  base::Json report = line::to_json(event(1));
  report["kind"] = "weather";
  const Answer answer = ask({.target = std::string(line::kReportsPath),
                             .body = base::dump_json(base::Json{{"reports", base::Json::array({report})}}),
                             .certificate = who.certificate});
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(line::parse_taken(answer.body)->ids, (std::vector<std::string>{report["id"].get<std::string>()}));
}

TEST_F(LineApiTest, OneThatFloodsWaitsAndOthersDoNot) {
  const Enrolled flooding = enrolled(), other = enrolled();
  int refused = 0;
  for (int i = 0; i < 100; ++i) refused += report(flooding, {}).status == 429 ? 1 : 0;
  EXPECT_EQ(refused, 40);
  EXPECT_EQ(report(other, {event(1)}).status, 200);
}

TEST_F(LineApiTest, WhoHasAReplacedCertificateDoesNotSlowTheInstallation) {
  const Enrolled old = enrolled();
  const Enrolled renewed{old.id, line::parse_renewed(renew(old).body)->chain};
  EXPECT_EQ(report(renewed, {event(1)}).status, 200);
  for (int i = 0; i < 100; ++i) report(old, {});
  EXPECT_EQ(report(renewed, {event(2)}).status, 200);
  clock.advance((kOverlap / base::kWallSecond + 1) * base::kSecond);
  EXPECT_EQ(report(old, {}).code, line::kUnknownInstallation);
  for (int i = 0; i < 100; ++i) report(old, {});
  EXPECT_EQ(report(renewed, {event(3)}).status, 200);
}

TEST_F(LineApiTest, OneThatWasRetiredIsToldSo) {
  const Enrolled who = enrolled(), other = enrolled();
  const Answer stream = orders(who, ulid());
  EXPECT_EQ(ask({.target = "/api/v1/installations/" + who.id + "/retire", .local = true}).status, 204);
  EXPECT_EQ(report(who, {event(1)}).code, line::kRetiredInstallation);
  EXPECT_EQ(renew(who).code, line::kRetiredInstallation);
  EXPECT_EQ(orders(who, ulid()).code, line::kRetiredInstallation);
  std::string rest;
  while (stream.source->read(rest, 4096) == answer::Source::State::More) {
  }
  EXPECT_EQ(stream.source->read(rest, 4096), answer::Source::State::Done);
  EXPECT_EQ(report(other, {event(1)}).status, 200);
}

TEST_F(LineApiTest, NothingElseIsOnTheLine) {
  const Enrolled who = enrolled();
  for (const char* path :
       {"/", "/api/v1/status", "/api/v1/installations", "/line/v1/enrol/", "/line/v2/reports"})
    EXPECT_EQ(ask({.method = http::Method::Get, .target = path, .certificate = who.certificate}).status, 404)
        << path;
  EXPECT_EQ(
      ask({.method = http::Method::Get, .target = "/line/v1/reports", .certificate = who.certificate}).status,
      405);
  EXPECT_EQ(ask({.target = "/line/v1/orders", .certificate = who.certificate}).status, 405);
  EXPECT_EQ(orders(who, "x").code, line::kMalformed);
}

}  // namespace
}  // namespace postern::mission
