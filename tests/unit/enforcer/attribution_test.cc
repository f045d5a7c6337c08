// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A request that is refused before it is judged is still somebody's: it stands in their visit, wherever that
// can be known without opening anything.
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

class Attribution : public EnforcerScene {
 protected:
  // The terminator found no HTTP in what came.
  std::uint64_t refused_by_the_terminator() {
    send_message(Type::RequestRefused, ++last,
                 ipc::RequestRefused{1, base::Refusal::Malformed, "no HTTP", "GET /\\ HTTP/1.1"});
    return last;
  }
  static bool is_hers(const base::Json& event) {
    return event.value("session", "") == "s1" && event["actor"] == "engineer:alice";
  }
};

TEST_F(Attribution, ATargetWithoutACanonicalFormStandsInTheVisit) {
  const std::uint64_t id = get("/api/../secret");
  EXPECT_EQ(code(id), "target_not_canonical");
  const base::Json event = refused_event(id);
  EXPECT_TRUE(is_hers(event)) << event;
  EXPECT_EQ(event["detail"]["method"], "GET");
  EXPECT_EQ(event["detail"]["target"], "/api/../secret");
}

TEST_F(Attribution, SoDoesAQueryThatIsNotCanonicalWithItsTargetAsSent) {
  const std::uint64_t id = get("/api/v1/query?a=b&c=%zz");
  const base::Json event = refused_event(id);
  EXPECT_TRUE(is_hers(event)) << event;
  EXPECT_EQ(event["detail"]["target"], "/api/v1/query?a=b&c=%zz");
}

TEST_F(Attribution, OfALongTargetAnEventHasTheBeginningTheLengthAndTheHash) {
  const std::string target = "/api/v1/nothing?a=" + std::string(5'000, 'x');
  base::Json detail = refused_event(get(target))["detail"];
  EXPECT_EQ(detail["target"], target.substr(0, 4'096));
  EXPECT_EQ(detail["target_bytes"], target.size());
  EXPECT_EQ(detail["target_sha256"], base::sha256_hex(target));
  EXPECT_FALSE(refused_event(get("/api/v1/nothing"))["detail"].contains("target_bytes"));
}

TEST_F(Attribution, AnotherHostStandsInTheVisit) {
  const std::string with = cookie();
  ipc::RequestHead request = head("GET", "/api/v1/query", with);
  request.fields[0].value = "other.example";
  send_message(Type::RequestHead, ++last, request);
  EXPECT_EQ(code(last), "wrong_host");
  EXPECT_TRUE(is_hers(refused_event(last)));
}

TEST_F(Attribution, ABodyAnnouncedAboveTheLimitStandsInTheVisitWithItsTarget) {
  Settings small = settings();
  small.request_body = 10;
  ASSERT_TRUE(enforcer->configure(std::move(small)).ok());
  const std::uint64_t id = post("/api/v2/silences", 11);
  EXPECT_EQ(code(id), "body_too_large");
  const base::Json event = refused_event(id);
  EXPECT_TRUE(is_hers(event)) << event;
  EXPECT_EQ(event["detail"]["target"], "/api/v2/silences");
  EXPECT_EQ(event["detail"]["method"], "POST");
}

TEST_F(Attribution, WhatTheTerminatorRefusedIsOfTheConnectionsLastSession) {
  const std::uint64_t nobodys = refused_by_the_terminator();
  EXPECT_FALSE(refused_event(nobodys).contains("session"));
  done(nobodys);
  const std::uint64_t hers = get("/api/../secret");  // also one that was refused says whose connection it is
  status(hers);
  done(hers);
  const base::Json event = refused_event(refused_by_the_terminator());
  EXPECT_TRUE(is_hers(event)) << event;
  EXPECT_FALSE(event["detail"].contains("method"));
  EXPECT_EQ(event["detail"]["target"], "GET /\\ HTTP/1.1");
}

TEST_F(Attribution, ASessionThatHasEndedIsNotAddedTo) {
  done(get("/api/v1/admin"));
  change(event("session.ended", {{"reason", "revoked"}, {"engineer", "alice"}}, "s1"));
  turn(10);
  const std::uint64_t id = get("/api/../secret");
  EXPECT_FALSE(refused_event(id).contains("session"));
  done(id);
  EXPECT_FALSE(refused_event(refused_by_the_terminator()).contains("session"));
}

TEST_F(Attribution, WithoutACookieItIsNobodys) {
  done(get("/api/v1/admin"));
  send_message(Type::RequestHead, ++last, head("GET", "/a/../b", ""));
  const base::Json event = refused_event(last);
  EXPECT_FALSE(event.contains("session"));
  EXPECT_EQ(event["actor"], "client:192.0.2.7:50123");
}

}  // namespace
}  // namespace postern::enforcer
