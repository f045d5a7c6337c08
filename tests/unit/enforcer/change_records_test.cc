// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A call whose change is recorded: read, sent, read again.
#include "gateway/enforcer/change_records.h"

#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

constexpr std::string_view kRecorded = R"(version: 1
capabilities:
  metrics.read: {title: Read metrics, class: read, operations: [GET /api/v1/query]}
  silences.write:
    title: Create silences
    class: write
    operations: [{call: POST /api/v2/silences, before: GET /api/v2/silences}]
)";

class ChangeScene : public EnforcerScene {
 protected:
  ChangeScene() {
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, kRecorded});
    turn(10);
  }
  // Answers the next request of the component's, which begins so: a reading on a connection of its own, the call on
  // one that rests.
  void answer(std::string_view begins, std::string_view status, std::string_view body) {
    asked.clear();
    if (begins.starts_with("GET")) {
      ASSERT_TRUE(accept());
    }
    ASSERT_TRUE(was_asked());
    EXPECT_TRUE(asked.starts_with(begins)) << asked;
    say("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + std::string(body));
  }
  std::uint64_t begin() {
    const std::uint64_t id = post("/api/v2/silences", 1);
    send(Type::RequestBody, id, "x");
    end_request(id);
    return id;
  }
  base::Json changed() {
    EXPECT_TRUE(until([&] { return ledger->events("exchange.changed").size() == 1; }));
    return ledger->events("exchange.changed").at(0)["detail"];
  }
  void make_durable() {
    ASSERT_TRUE(until([&] { return ledger->wants_durable; }));
    ledger->acked(ledger->lines.size());
  }
};

TEST_F(ChangeScene, SaysWhatItChangedAndBothReadingsAreExchanges) {
  const std::uint64_t id = begin();
  answer("GET /api/v2/silences HTTP/1.1\r\n", "200 OK", R"({"silences":1})");
  make_durable();
  answer("POST /api/v2/silences HTTP/1.1\r\n", "200 OK", "ok");
  EXPECT_EQ(status(id), 200);
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  done(id);
  answer("GET /api/v2/silences HTTP/1.1\r\n", "200 OK", R"({"silences":2})");
  const base::Json detail = changed();
  EXPECT_EQ(detail["patch"],
            base::Json::array({{{"op", "replace"}, {"path", "/silences"}, {"value", 2}, {"old", 1}}}));
  EXPECT_FALSE(detail.contains("undo")) << "nobody knows what undoes a POST";
  EXPECT_EQ(detail["forwarded"], field(id, "postern-event"));
  const auto forwarded = ledger->events("exchange.forwarded");
  ASSERT_EQ(forwarded.size(), 3U);
  EXPECT_EQ(forwarded[0]["detail"]["part_of"], detail["forwarded"]);
  EXPECT_EQ(forwarded[1]["id"], detail["forwarded"]);
  EXPECT_EQ(ledger->events("exchange.completed").size(), 3U);
}

TEST_F(ChangeScene, GoesOnWhenTheDocumentCannotBeRead) {
  const std::uint64_t id = begin();
  answer("GET ", "404 Not Found", "");
  make_durable();
  answer("POST ", "200 OK", "ok");
  EXPECT_EQ(status(id), 200);
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  done(id);
  answer("GET ", "200 OK", "{}");
  EXPECT_EQ(changed()["why"], "before: it answered 404");
}

TEST_F(ChangeScene, IsNotSentWhenItIsTakenAwayDuringTheReading) {
  const std::uint64_t id = begin();
  ASSERT_TRUE(accept() && was_asked());
  change(event("permission.changed", {{"what", "capability"}, {"name", "silences.write"}, {"new", "off"}}));
  turn(20);
  say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(code(id), "capability_off");
  EXPECT_FALSE(ledger->wants_durable);
}

TEST_F(ChangeScene, KeepsSecretsOutOfTheRecord) {
  const std::uint64_t id = begin();
  answer("GET ", "200 OK", R"({"url":"https://user:hunter2hunter2@db/"})");
  make_durable();
  answer("POST ", "200 OK", "ok");
  EXPECT_EQ(status(id), 200);
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  done(id);
  answer("GET ", "200 OK", R"({"url":"https://user:other-secret@db/"})");
  EXPECT_EQ(changed()["changes"], 1) << "that it changed can be seen";
  for (const std::string& line : ledger->lines) {
    EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
    EXPECT_EQ(line.find("other-secret"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace postern::enforcer
