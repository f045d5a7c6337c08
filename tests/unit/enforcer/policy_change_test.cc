// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 4, of another policy: what runs by rules that are not strict enough any more is cut, and nothing else is.
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

constexpr std::string_view kOfStreams = R"(version: 1
capabilities:
  metrics.read:
    title: Read metrics
    class: read
    operations:
      - GET /api/v1/query
      - { call: GET /api/v1/stream, response: { max_time: 1h } }
  silences.write:
    title: Create silences
    class: write
    operations:
      - { call: POST /api/v2/silences, body: { max_size: 100 } }
redact: [{json: $..password}, {header: x-inner}]
)";

class PolicyChange : public EnforcerScene {
 protected:
  PolicyChange() { put(std::string(kOfStreams)); }
  void put(const std::string& text) {
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, text});
    turn(10);
  }
  static std::string with(std::string_view part, std::string_view instead) {
    std::string text(kOfStreams);
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, part.size(), instead);
  }
  std::uint64_t stream() {
    const std::uint64_t id = get("/api/v1/stream");
    EXPECT_TRUE(accept() && was_asked());
    say("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{\"pin\":1}\n");
    EXPECT_TRUE(until([&] { return body(id) == "{\"pin\":1}\n"; })) << body(id);
    return id;
  }
  // A change, up to where it waits for its record.
  std::uint64_t write(std::string_view sent, std::size_t size) {
    const std::uint64_t id = post("/api/v2/silences", size);
    send(Type::RequestBody, id, sent);
    EXPECT_TRUE(until([&] { return ledger->events("exchange.forwarded").size() == 1; }));
    return id;
  }
};

TEST_F(PolicyChange, ThatNamesAnotherSecretCutsWhatStreams) {
  for (const char* more : {"{json: $..pin}, {header: x-inner}", "{header: x-inner}, {header: x-more}"}) {
    put(std::string(kOfStreams));
    const std::uint64_t id = stream();
    put(with("{header: x-inner}", more));
    ASSERT_TRUE(has(Type::Cut, id)) << more;
    done(id, false);
    turn(10);
  }
  const base::Json event = completed_event(1);
  EXPECT_EQ(event["outcome"], "cut");
  EXPECT_EQ(event["detail"]["cut_reason"], "operation_not_listed");
  EXPECT_EQ(event["detail"]["bytes_after_cut"], 0);
}

TEST_F(PolicyChange, ThatNamesAnotherSecretRefusesWhatHasNotBegunToAnswer) {
  const std::uint64_t id = get("/api/v1/query");
  ASSERT_TRUE(accept() && was_asked());
  put(with("{header: x-inner}", "{json: $..pin}"));
  EXPECT_EQ(code(id), "operation_not_listed");
  EXPECT_FALSE(has(Type::Cut, id));
}

TEST_F(PolicyChange, ThatLeavesLessTimeCutsWhatStreams) {
  const std::uint64_t id = stream();
  put(with("max_time: 1h", "max_time: 1h, max_idle: 30m"));
  EXPECT_TRUE(has(Type::Cut, id));
}

TEST_F(PolicyChange, LeavesWhatKeepsToItsRules) {
  const std::uint64_t id = stream();
  for (const std::string& text :
       {with("title: Read metrics", "title: Metrics"), with("GET /api/v1/query", "GET /api/v1/other"),
        with("{json: $..password}, {header: x-inner}", "{header: x-inner}, {json: $..password}"),
        with(", response: { max_time: 1h }", ""), with("{header: x-inner}", "{header: x-INNER}"),
        with("{json: $..password}, ", "")})
    put(text);
  ASSERT_FALSE(has(Type::Cut, id));
  say("{\"password\":\"hunter2\"}\n");
  ASSERT_TRUE(until([&] { return body(id).ends_with("]\"}\n"); })) << body(id);
  EXPECT_EQ(body(id).find("hunter2"), std::string::npos) << "by the rules that it began under";
  put(std::string(kOfStreams));  // takes out what the last one did not
  EXPECT_TRUE(has(Type::Cut, id));
}

TEST_F(PolicyChange, ThatWaitsToBeAcceptedAsksForBoth) {
  const std::uint64_t id = stream();
  const std::string text = with("{json: $..password}", "{json: $..pin}");
  change(event("policy.changed", {{"new", "sha256:" + base::sha256_hex(kOfStreams)}}));
  ledger->send(ipc::FromLedger::AcceptedPolicy, ipc::PolicyPiece{true, kOfStreams});
  put(text);
  EXPECT_TRUE(has(Type::Cut, id));
  done(id, false);
  const std::uint64_t next = get("/api/v1/stream");
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n{\"pin\":1}\n");
  ASSERT_TRUE(until([&] { return !body(next).empty(); }));
  EXPECT_EQ(body(next).find("1}"), std::string::npos) << body(next);
  change(event("policy.changed", {{"new", "sha256:" + base::sha256_hex(text)}, {"waits", true}}));
  change(event("policy.accepted", {{"new", "sha256:" + base::sha256_hex(text)}}));
  turn(10);
  EXPECT_FALSE(has(Type::Cut, next)) << "less is taken out from now on, and no more";
}

TEST_F(PolicyChange, AskingForAnAdminReachesWhatHasNotLeft) {
  const std::uint64_t id = write("{}", 2);
  put(with("class: write", "class: write\n    hold: true"));
  EXPECT_EQ(code(id), "operation_not_listed");
  ledger->acked(ledger->lines.size());
  turn(20);
  EXPECT_EQ(connects, 0);
}

TEST_F(PolicyChange, WithASmallerBodyStopsWhatIsStillBeingSent) {
  const std::uint64_t id = write(std::string(40, 'x'), 90);
  put(with("max_size: 100", "max_size: 50"));
  send(Type::RequestBody, id, std::string(9, 'x'));
  turn(10);
  EXPECT_FALSE(has(Type::ResponseHead, id));
  send(Type::RequestBody, id, std::string(20, 'x'));
  EXPECT_EQ(code(id), "body_not_allowed");
}

}  // namespace
}  // namespace postern::enforcer
