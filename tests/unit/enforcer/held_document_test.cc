// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a waiting call would change is read while it waits, and told to the ledger beside the call.
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

constexpr std::string_view kCompared = R"(version: 1
capabilities:
  metrics.read: {title: Read metrics, class: read, operations: [GET /api/v1/query]}
  silences.write:
    title: Change silences
    class: write
    hold: true
    operations:
      - {call: "PUT /api/v2/silence/{id}", before: "GET /api/v2/silence/{id}"}
      - {call: "PUT /api/v2/key/{id}", before: "GET /keys/{id}"}
never: [ANY /keys/**]
)";

class HeldDocumentScene : public EnforcerScene {
 protected:
  HeldDocumentScene() {
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, kCompared});
    turn(10);
  }
  std::uint64_t put(std::string_view body, std::string_view target = "/api/v2/silence/7") {
    const std::string with = cookie(), length = std::to_string(body.size());
    ipc::RequestHead out = head("PUT", target, with);
    out.body = ipc::BodyKind::Sized;
    out.length = body.size();
    out.fields.push_back({"content-length", length});
    out.fields.push_back({"content-type", "application/json"});
    send_message(Type::RequestHead, ++last, out);
    send(Type::RequestBody, last, body);
    end_request(last);
    EXPECT_TRUE(until([&] { return ledger->commands.size() == 1; }));
    ledger->reply(ledger->commands.back().first, true, R"({"id":"H1"})");
    return last;
  }
  void answer(std::string_view status, std::string_view body) {
    ASSERT_TRUE(accept() && was_asked());
    say("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + std::string(body));
  }
  base::Json command(std::size_t which) {
    EXPECT_TRUE(until([&] { return ledger->commands.size() > which; }));
    return *base::parse_json(ledger->commands.at(which).second);
  }
};

TEST_F(HeldDocumentScene, IsReadOnceAndComparedWithTheCall) {
  const std::uint64_t id = put(R"({"state":"closed"})");
  EXPECT_EQ(command(0)["read"], "/api/v2/silence/7");
  answer("200 OK", R"({"state":"open"})");
  const base::Json told = command(1);
  EXPECT_TRUE(asked.starts_with("GET /api/v2/silence/7 HTTP/1.1\r\n")) << asked;
  EXPECT_EQ(told["command"], "hold.compare");
  EXPECT_EQ(told["id"], "H1");
  EXPECT_EQ(told["document"], (base::Json{{"state", "open"}}));
  EXPECT_EQ(told["before_sha256"], base::sha256_hex(R"({"state":"open"})"));
  EXPECT_EQ(told["patch"][0]["old"], "open");
  EXPECT_EQ(told["patch"][0]["value"], "closed");
  EXPECT_EQ(told["changes"], 1);
  EXPECT_FALSE(has(Type::ResponseHead, id)) << "it goes on waiting";
  change(event("hold.compared", {{"hold", "H1"}}, "s1"));
  turn(20);
  EXPECT_FALSE(has(Type::ResponseHead, id)) << "that was no answer of an admin";
}

TEST_F(HeldDocumentScene, IsAnExchangeOfClassReadThatNamesTheCall) {
  put("{}");
  answer("200 OK", "{}");
  command(1);
  ASSERT_TRUE(until([&] { return ledger->events("exchange.completed").size() == 1; }));
  const auto forwarded = ledger->events("exchange.forwarded");
  ASSERT_EQ(forwarded.size(), 1U);
  EXPECT_EQ(forwarded[0]["detail"]["hold"], "H1");
  EXPECT_EQ(forwarded[0]["detail"]["class"], "read");
}

TEST_F(HeldDocumentScene, SaysWhyThereIsNone) {
  put("{}");
  answer("404 Not Found", "");
  EXPECT_EQ(command(1)["why"], "it answered 404");
  EXPECT_FALSE(command(1).contains("document"));
}

TEST_F(HeldDocumentScene, SaysThatTheComponentCannotBeReached) {
  refuses = true;
  put("{}");
  EXPECT_EQ(command(1)["why"], "connection refused");
}

TEST_F(HeldDocumentScene, HasATokenForEachSecretOnBothSides) {
  put(R"({"url":"https://user:hunter2hunter2@db/","state":"closed"})");
  answer("200 OK", R"({"url":"https://user:hunter2hunter2@db/","state":"open"})");
  const base::Json told = command(1);
  EXPECT_EQ(base::dump_json(told).find("hunter2"), std::string::npos);
  EXPECT_EQ(told["changes"], 1) << "a secret that stays the same is no difference";
}

TEST_F(HeldDocumentScene, ThatNeverMayBeReachedIsNotRead) {
  put("{}", "/api/v2/key/7");
  turn(50);
  EXPECT_FALSE(command(0).contains("read"));
  EXPECT_EQ(connects, 0);
  EXPECT_EQ(ledger->commands.size(), 1U);
}

TEST_F(HeldDocumentScene, OfACallWhoseClientLeftIsStillAnExchangeWithAnEnd) {
  const std::uint64_t id = put("{}");
  ASSERT_TRUE(accept() && was_asked());
  send(Type::ClientGone, id);
  done(id, false);
  turn(20);
  say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_TRUE(until([&] { return ledger->events("exchange.completed").size() == 1; }));
}

}  // namespace
}  // namespace postern::enforcer
