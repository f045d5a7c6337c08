// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 6 in a running enforcer: what a component says, and what is left of it at the terminator.
#include "gateway/enforcer/enforcer.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

class Redaction : public EnforcerScene {
 protected:
  Redaction() {
    const std::string policy = std::string(kPolicy) + "redact: [{json: $..password}]\n";
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, policy});
    turn(10);
  }
  // The component's answer to GET, as the client gets it.
  std::string answer(std::string_view said) {
    const std::uint64_t id = get("/api/v1/query");
    EXPECT_TRUE(accept() && was_asked());
    say(said);
    status(id);
    EXPECT_TRUE(until([&] { return has(Type::ResponseEnd, id) || has(Type::Cut, id); }));
    done(id);
    asked.clear();
    return body(id);
  }
  static std::string json(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }
};

TEST_F(Redaction, AFieldThatThePolicyNamesIsReplacedAndCounted) {
  const std::string got = answer(json("{\"user\":\"bob\",\"password\":\"hunter2\"}"));
  EXPECT_TRUE(got.starts_with("{\"user\":\"bob\",\"password\":\"[redacted:")) << got;
  EXPECT_TRUE(got.ends_with("]\"}")) << got;
  const base::Json event = completed_event(0);
  EXPECT_EQ(event["detail"]["redacted"], 1);
  EXPECT_EQ(event["detail"]["redactions"], base::Json::array({"field $.password 1"}));
  answer(json("{\"user\":\"bob\"}"));
  EXPECT_FALSE(completed_event(1)["detail"].contains("redacted"));
}

TEST_F(Redaction, TheSameValueHasTheSameTokenInASessionAndAnotherInAnotherGateway) {
  const std::string first = answer(json("{\"password\":\"hunter2\"}"));
  EXPECT_EQ(answer(json("{\"password\":\"hunter2\"}")), first);
  ASSERT_TRUE(enforcer->configure(settings()).ok());  // with a key of its own
  EXPECT_NE(answer(json("{\"password\":\"hunter2\"}")), first);
}

TEST_F(Redaction, WhatGrowsWaitsForCreditAndIsCompleteInTheEnd) {
  std::string list = "[";
  for (int i = 0; i < 20'000; ++i) list += "{\"password\":1},";
  list += "{}]";
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  std::string rest = json(list);
  std::size_t credited = 0;
  ASSERT_TRUE(until([&] {
    const ssize_t n = ::send(accepted.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) rest.erase(0, static_cast<std::size_t>(n));
    const std::size_t arrived = body(id).size();
    EXPECT_LE(arrived - credited, ipc::kInitialCredit);
    if (arrived > credited) {
      base::BinaryWriter credit;
      credit.u32(static_cast<std::uint32_t>(arrived - credited));
      send(Type::ResponseCredit, id, credit.bytes());
      credited = arrived;
    }
    return has(Type::ResponseEnd, id) || has(Type::Cut, id);
  }));
  ASSERT_TRUE(has(Type::ResponseEnd, id));
  const std::string got = body(id);
  EXPECT_GT(got.size(), 2 * list.size());
  EXPECT_TRUE(got.ends_with("\"},{}]")) << got.substr(got.size() - 40);
  EXPECT_EQ(got.find("\":1"), std::string::npos);  // a token may begin with 1
  done(id);
  EXPECT_EQ(completed_event(0)["detail"]["redacted"], 20'000);
}

TEST_F(Redaction, APermissionThatIsTakenAwayCutsWhatTheClientHasNotTakenYet) {
  std::string list = "[";
  for (int i = 0; i < 20'000; ++i) list += "{\"password\":1},";
  list += "{}]";
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  const std::string said = json(list);
  ASSERT_GT(::send(accepted.get(), said.data(), said.size(), MSG_NOSIGNAL | MSG_DONTWAIT), 0);
  ASSERT_TRUE(
      until([&] { return body(id).size() + http::BodyDecoder::kMaxTrailerBytes > ipc::kInitialCredit; }));
  const std::size_t taken = body(id).size();
  change(event("permission.changed", {{"what", "capability"}, {"name", "metrics.read"}, {"new", "off"}}));
  ASSERT_TRUE(until([&] { return has(Type::Cut, id); }));
  turn(20);
  EXPECT_EQ(body(id).size(), taken);
  EXPECT_FALSE(has(Type::ResponseEnd, id));
}

TEST_F(Redaction, AStreamOfLinesIsNotHeldBack) {
  const std::uint64_t id = get("/api/v1/stream");
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"password\": \"hunter2\"}\n\n");
  ASSERT_TRUE(until([&] { return body(id).ends_with("]\"}\n\n"); })) << body(id);
  EXPECT_EQ(body(id).find("hunter2"), std::string::npos);
  say("data: password: hunter2\n\n");
  ASSERT_TRUE(until([&] { return body(id).ends_with("]\n\n"); })) << body(id);
  EXPECT_EQ(body(id).find("hunter2"), std::string::npos);
}

TEST_F(Redaction, WhatCannotBeLookedIntoIsRefusedWithTheReasonInTheEvent) {
  for (const char* said :
       {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: br\r\nConnection: "
        "close\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/9\r\nConnection: close\r\n"
        "Content-Length: 3\r\n\r\nabc"}) {
    const std::string got = answer(said);
    EXPECT_NE(got.find("component_malformed"), std::string::npos) << got;
  }
  EXPECT_EQ(completed_event(0)["detail"]["code"], "component_malformed");
  // In the body it is too late to say so.
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd");
  ASSERT_TRUE(until([&] { return has(Type::Cut, id); }));
  EXPECT_EQ(status(id), 200);
  done(id, false);
  EXPECT_EQ(completed_event(2)["detail"]["code"], "component_malformed");
}

TEST_F(Redaction, TheComponentIsAskedForWhatCanBeLookedInto) {
  const std::string with = cookie();
  ipc::RequestHead request = head("GET", "/api/v1/query", with);
  for (const ipc::WireField& field :
       {ipc::WireField{"accept-encoding", "gzip, br"}, {"range", "bytes=0-4"}, {"if-range", "\"1\""}})
    request.fields.push_back(field);
  send_message(Type::RequestHead, ++last, request);
  ASSERT_TRUE(accept() && was_asked());
  EXPECT_NE(asked.find("accept-encoding: identity\r\n"), std::string::npos) << asked;
  EXPECT_EQ(asked.find("range"), std::string::npos) << asked;
}

TEST_F(Redaction, AHeadIsAnsweredLikeTheGetWithoutALength) {
  const std::string with = cookie();
  send_message(Type::RequestHead, ++last, head("HEAD", "/api/v1/query", with));
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\nETag: \"1\"\r\n\r\n");
  EXPECT_EQ(status(last), 200);
  EXPECT_EQ(field(last, "etag"), "W/\"1\"");
  EXPECT_EQ(field(last, "content-length"), "");
  EXPECT_TRUE(until([&] { return has(Type::ResponseEnd, last); }));
}

}  // namespace
}  // namespace postern::enforcer
