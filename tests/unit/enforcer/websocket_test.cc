// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// WebSockets through a running enforcer: what the component is asked, what it may answer, and how each one ends.
#include "gateway/enforcer/enforcer.h"
#include "gateway/http/ws_frame.h"
#include "gateway/http/ws_handshake.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

using http::WsOpcode;

constexpr std::string_view kWebSocketPolicy = R"(version: 1
capabilities:
  metrics.read:
    title: Read metrics
    class: read
    operations:
      - GET /api/v1/query
      - { call: GET /live, safe: true, websocket: { subprotocols: [v1], max_message: 1000 } }
  silences.write:
    title: Create silences
    class: write
    operations:
      - { call: GET /act, websocket: {} }
)";

class WebSockets : public EnforcerScene {
 protected:
  WebSockets() {
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, kWebSocketPolicy});
    enforcer->on_breach([this](const std::string&) { breached = true; });
    turn(10);
  }
  bool breached = false;
  using Fields = std::vector<ipc::WireField>;
  std::uint64_t ask(std::string_view target, const Fields& more = {{"sec-websocket-protocol", "v0, v1"}}) {
    const std::string with = cookie();
    ipc::RequestHead out = head("GET", target, with);
    out.body = ipc::BodyKind::Frames;
    for (const ipc::WireField& field : Fields{{"connection", "Upgrade"},
                                              {"upgrade", "websocket"},
                                              {"sec-websocket-version", "13"},
                                              {"sec-websocket-key", http::kNoWebSocketKey}})
      out.fields.push_back(field);
    out.fields.insert(out.fields.end(), more.begin(), more.end());
    send_message(Type::RequestHead, ++last, out);
    return last;
  }
  std::string asked_field(std::string_view name) {
    const std::size_t at = asked.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + 4 + name.size();
    return asked.substr(begin, asked.find("\r\n", begin) - begin);
  }
  std::string agreement(std::string_view more = "") {
    return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "
           "websocket\r\nSec-WebSocket-Accept: " +
           http::websocket_accept(asked_field("sec-websocket-key")) + "\r\n" + std::string(more) + "\r\n";
  }
  std::uint64_t open(std::string_view target = "/live") {
    const std::uint64_t id = target == "/live" ? ask(target) : ask(target, {});
    EXPECT_TRUE(accept() && was_asked());
    say(agreement());
    EXPECT_EQ(status(id), 101);
    asked.clear();
    return id;
  }
  static std::string frame(WsOpcode opcode, std::string_view payload, bool fin = true) {
    std::string bytes;
    http::write_ws_frame(bytes, {fin, false, opcode, payload});
    return bytes;
  }
  void client(std::uint64_t id, WsOpcode opcode, std::string_view payload, bool fin = true) {
    std::string wire;
    http::to_wire({fin, false, opcode, payload}, wire);
    send(Type::RequestBody, id, wire);
  }
  // Frames that the component has got, unmasked.
  std::string heard_frames() {
    heard();
    http::WsDecoder decoder(http::WsDecoder::From::Client);
    std::string out, bytes = asked;
    while (true) {
      const http::WsStep step = decoder.take(bytes);
      bytes.erase(0, step.consumed);
      if (step.state != http::WsStep::State::Frame) return out;
      out +=
          std::to_string(static_cast<int>(step.frame.opcode)) + ":" + std::string(step.frame.payload) + " ";
    }
  }
  static std::string code(unsigned value) {
    return {static_cast<char>(value >> 8U), static_cast<char>(value & 255U)};
  }
  bool component_saw_the_end() {
    return until([&] {
      char byte = 0;
      const ssize_t n = ::recv(accepted.get(), &byte, 1, MSG_DONTWAIT);
      if (n > 0) asked += byte;
      return n == 0 || (n < 0 && errno != EAGAIN);
    });
  }
};

TEST_F(WebSockets, AskTheComponentInOurOwnWords) {
  const std::uint64_t id = ask("/live", {{"sec-websocket-protocol", "v0, v1"},
                                         {"sec-websocket-extensions", "permessage-deflate"},
                                         {"origin", "https://support.example"}});
  ASSERT_TRUE(accept() && was_asked());
  EXPECT_TRUE(asked.starts_with("GET /live HTTP/1.1\r\n"));
  EXPECT_EQ(asked_field("upgrade"), "websocket");
  EXPECT_EQ(asked_field("connection"), "Upgrade");
  EXPECT_EQ(asked_field("sec-websocket-version"), "13");
  EXPECT_EQ(asked_field("sec-websocket-protocol"), "v1") << "what the policy lists, and nothing else";
  EXPECT_EQ(asked_field("sec-websocket-extensions"), "");
  EXPECT_EQ(asked_field("origin"), "http://prom:9090");
  EXPECT_NE(asked_field("sec-websocket-key"), http::kNoWebSocketKey);
  EXPECT_EQ(asked_field("sec-websocket-key").size(), 24U);
  say(agreement("Sec-WebSocket-Protocol: v1\r\nSet-Cookie: a=b\r\nSec-WebSocket-Key: x\r\n"));
  EXPECT_EQ(status(id), 101);
  EXPECT_EQ(field(id, "sec-websocket-protocol"), "v1");
  EXPECT_EQ(field(id, "sec-websocket-accept"), "") << "the terminator's to say";
  EXPECT_EQ(field(id, "sec-websocket-key"), "");
  EXPECT_EQ(field(id, "set-cookie"), "");
  ASSERT_TRUE(until([&] { return !ledger->events("exchange.opened").empty(); }));
  const base::Json opened = ledger->events("exchange.opened").at(0);
  EXPECT_EQ(opened["detail"]["subprotocol"], "v1");
  EXPECT_EQ(opened["detail"]["forwarded"], ledger->events("exchange.forwarded").at(0)["id"]);
}

TEST_F(WebSockets, ArePassedFrameByFrameAndSummedUp) {
  const std::uint64_t id = open();
  client(id, WsOpcode::Text, "to the component");
  ASSERT_TRUE(until([&] { return heard_frames() == "1:to the component "; }));
  say(frame(WsOpcode::Text, "to the client") + frame(WsOpcode::Ping, "p"));
  ASSERT_TRUE(until([&] { return body(id) == std::string("\x81to the client\x89p"); }));
  client(id, WsOpcode::Close, code(1000));
  ASSERT_TRUE(until([&] { return heard_frames().find("8:") != std::string::npos; }));
  say(frame(WsOpcode::Close, code(1000)));
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  EXPECT_TRUE(component_saw_the_end());
  done(id);
  const base::Json event = completed_event(0);
  EXPECT_EQ(event["outcome"], "completed");
  EXPECT_EQ(event["detail"]["messages_in"], 1);
  EXPECT_EQ(event["detail"]["messages_out"], 1);
  EXPECT_EQ(event["detail"]["client_close"], 1000);
  EXPECT_EQ(event["detail"]["component_close"], 1000);
  EXPECT_EQ(event["detail"]["closed_by"], "client");
}

TEST_F(WebSockets, AreRefusedWhereTheOperationListsNone) {
  EXPECT_EQ(EnforcerScene::code(ask("/api/v1/query", {})), "websocket_not_listed");
  EXPECT_EQ(refused_event(last)["detail"]["code"], "websocket_not_listed");
  EXPECT_EQ(EnforcerScene::code(get("/live")), "operation_not_listed");
  EXPECT_EQ(EnforcerScene::code(ask("/live", {})), "websocket_not_listed");
  EXPECT_EQ(EnforcerScene::code(ask("/live", {{"sec-websocket-protocol", "v2"}})), "websocket_not_listed");
  EXPECT_EQ(EnforcerScene::code(ask("/act", {{"sec-websocket-protocol", "v1"}})), "websocket_not_listed");
  EXPECT_EQ(EnforcerScene::code(
                ask("/live", {{"sec-websocket-protocol", "v1"}, {"origin", "https://evil.example"}})),
            "cross_site");
  EXPECT_EQ(EnforcerScene::code(ask("/.postern/", {})), "websocket_not_listed");
  EXPECT_EQ(connects, 0);
}

TEST_F(WebSockets, OfClassWriteWaitForTheirRecord) {
  ask("/act", {});
  turn(50);
  EXPECT_TRUE(ledger->wants_durable);
  EXPECT_EQ(connects, 0);
  ledger->acked(ledger->lines.size());
  EXPECT_TRUE(accept() && was_asked());
}

TEST_F(WebSockets, AreNotOpenedByAnythingBut101) {
  for (const char* said :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nTUNNEL"}) {
    const std::uint64_t id = ask("/live");
    ASSERT_TRUE(accept() && was_asked());
    say(said);
    EXPECT_EQ(EnforcerScene::code(id), "component_malformed") << said;
    done(id);
    asked.clear();
  }
  const std::uint64_t id = ask("/live");
  ASSERT_TRUE(accept() && was_asked());
  say("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(status(id), 404);
  EXPECT_TRUE(ledger->events("exchange.opened").empty());
}

TEST_F(WebSockets, ThatAPermissionIsTakenFromAreCutAndTheComponentIsTold) {
  const std::uint64_t id = open();
  say(frame(WsOpcode::Text, "before"));
  ASSERT_TRUE(until([&] { return !body(id).empty(); }));
  change(event("permission.changed", {{"what", "capability"}, {"name", "metrics.read"}, {"new", "off"}}));
  ASSERT_TRUE(until([&] { return has(Type::Cut, id); }));
  EXPECT_TRUE(component_saw_the_end());
  EXPECT_EQ(heard_frames(), "8:" + code(1001) + "the client is gone ");
  done(id, false);
  const base::Json event = completed_event(0);
  EXPECT_EQ(event["outcome"], "cut");
  EXPECT_EQ(event["detail"]["closed_by"], "gateway");
  EXPECT_EQ(event["detail"]["bytes_after_cut"], 0);
}

TEST_F(WebSockets, GoOnUnderAnotherPolicyOnlyIfItDemandsNoMore) {
  const auto with = [](std::string_view rule) {
    std::string text(kWebSocketPolicy);
    const std::string_view before = "subprotocols: [v1], max_message: 1000";
    return text.replace(text.find(before), before.size(), rule);
  };
  const auto put = [this](const std::string& text) {
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, text});
    turn(10);
  };
  const std::string as_before = "subprotocols: [v1], max_message: 1000";
  for (const char* rule : {"subprotocols: [v1], max_message: 999", "subprotocols: [v2], max_message: 1000",
                           "subprotocols: [v1], max_message: 1000, max_idle: 1m"}) {
    put(with(as_before));
    const std::uint64_t id = open();
    put(with("subprotocols: [v1, v2], max_message: 2000"));
    ASSERT_FALSE(has(Type::Cut, id));
    put(with(as_before) + "banner: true\n");
    ASSERT_FALSE(has(Type::Cut, id));
    put(with(rule));
    EXPECT_TRUE(has(Type::Cut, id)) << rule;
    done(id, false);
  }
  EXPECT_EQ(completed_event(2)["detail"]["cut_reason"], "operation_not_listed");
}

TEST_F(WebSockets, EndWithWhoeverBreaksThem) {
  std::uint64_t id = open();
  client(id, WsOpcode::Text, std::string(1001, 'x'));
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  EXPECT_TRUE(body(id).starts_with("\x88" + code(1009)));
  done(id);
  EXPECT_EQ(completed_event(0)["detail"]["code"], "websocket_protocol_error");
  id = open();
  say("\x81\x85masked by a server");
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  EXPECT_TRUE(body(id).starts_with("\x88" + code(1011)));
  done(id);
  EXPECT_EQ(completed_event(1)["outcome"], "component_failed");
  EXPECT_EQ(completed_event(1)["detail"]["code"], "component_malformed");
  id = open();
  accepted.reset();
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  done(id);
  EXPECT_EQ(completed_event(2)["detail"]["code"], "component_closed");
}

TEST_F(WebSockets, TellWhatTheTerminatorFoundWrong) {
  const std::uint64_t id = open();
  ipc::RequestRefused wire;
  wire.connection = 1;
  wire.refusal = base::Refusal::WebsocketProtocolError;
  wire.why = "a client's frame is not masked";
  send_message(Type::RequestRefused, id, wire);
  ASSERT_TRUE(until([&] { return has(Type::ResponseEnd, id); }));
  EXPECT_EQ(body(id), "\x88" + code(1002) + "a client's frame is not masked");
  done(id);
  EXPECT_EQ(completed_event(0)["outcome"], "refused");
}

TEST_F(WebSockets, StopReadingWhileTheClientDoesNotRead) {
  const std::uint64_t id = open();
  const std::string message = frame(WsOpcode::Binary, std::string(900, 'm'));
  std::size_t sent = 0;
  ASSERT_TRUE(until([&] {
    const ssize_t n = ::send(accepted.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) sent += static_cast<std::size_t>(n);
    if (n > 0 && static_cast<std::size_t>(n) < message.size()) return true;
    return n < 0 && errno == EAGAIN && sent > 2 * ipc::kInitialCredit;
  }));
  turn(100);
  EXPECT_LE(body(id).size(), ipc::kInitialCredit);
  EXPECT_GT(body(id).size() + 1000, ipc::kInitialCredit - http::kWsPiece);
  EXPECT_FALSE(breached);
}

// A terminator on a loop of its own, that turns with ours but while it stands still.
class StandingTerminator : public WebSockets {
 protected:
  StandingTerminator() {
    auto ends = *ipc::make_ring_pair();
    EXPECT_TRUE(enforcer->set_terminator(std::move(ends.second)).ok());
    terminator = *ipc::ExchangeChannel::open(
        elsewhere, std::move(ends.first), 0,
        [this](Type type, std::uint64_t id, std::string_view payload) {
          frames.push_back({type, id, std::string(payload)});
          if (type != Type::ResponseBody) return;
          got += payload.size() - 1;  // frames may come in more pieces, each with an opcode
          base::BinaryWriter credit;
          credit.u32(static_cast<std::uint32_t>(payload.size()));
          send(Type::ResponseCredit, id, credit.bytes());
        },
        [](const base::Error& why) { ADD_FAILURE() << why.message; });
    open_connection(1);
    turn(10);
  }
  ~StandingTerminator() override {
    terminator.reset();
    elsewhere.turn();
  }
  loop::Loop elsewhere;
  bool stands = false;
  std::size_t got = 0;
  std::unique_ptr<loop::Loop::Hook> turning = loop.at_turn_end(loop::Stage::Send, [this] {
    if (!stands) elsewhere.turn();
    return false;
  });
};

TEST_F(StandingTerminator, HoldsBackWhatComponentsSayOnManyWebSockets) {
  constexpr std::size_t kMany = 24, kFrames = 120, kSize = 1000;
  std::vector<base::UniqueFd> components;
  for (std::size_t i = 0; i < kMany; ++i) {
    open();
    components.push_back(std::move(accepted));
  }
  stands = true;
  for (const base::UniqueFd& one : components) {
    for (std::size_t i = 0; i < kFrames; ++i) {
      const std::string bytes = frame(WsOpcode::Text, std::string(kSize, 'x'));
      ASSERT_EQ(::send(one.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(bytes.size()));
      turn(1);
    }
  }
  turn(200);
  EXPECT_GT(enforcer->waiting(), 0U);
  EXPECT_LT(enforcer->waiting(), kMany * http::kWsPiece) << "of 2.7 MiB, of which the ring has one";
  stands = false;
  const std::size_t all = kMany * kFrames * kSize;
  EXPECT_TRUE(until([&] { return got >= all; })) << got << " of " << all;
  EXPECT_EQ(got, all);
}

TEST_F(WebSockets, CountTowardsWhatASessionMayReceiveAndNoneOpensOnceItsCallsWait) {
  Settings told = settings();
  told.tell_bytes = 100;
  ASSERT_TRUE(enforcer->configure(std::move(told)).ok());
  open();
  say(frame(WsOpcode::Text, std::string(300, 'x')));
  EXPECT_TRUE(until([&] { return !ledger->receiving.empty() && ledger->receiving.back() >= 300; }));
  change(event("session.budget_held", {{"engineer", "alice"}}, "s1"));
  turn(10);
  EXPECT_EQ(EnforcerScene::code(ask("/live")), "hold_refused");
}

TEST_F(WebSockets, ATerminatorThatSendsWhatIsNoFrameIsNotOurs) {
  const std::uint64_t id = open();
  send(Type::RequestBody, id, std::string("\xF1x"));
  EXPECT_TRUE(until([&] { return breached; }));
}

TEST_F(WebSockets, ATerminatorThatSendsFramesBeforeTheyAreWantedIsNotOurs) {
  const std::uint64_t id = ask("/live");
  client(id, WsOpcode::Text, "early");
  EXPECT_TRUE(until([&] { return breached; }));
}

}  // namespace
}  // namespace postern::enforcer
