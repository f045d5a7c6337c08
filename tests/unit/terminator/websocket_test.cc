// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// WebSockets through a whole terminator, over both versions of HTTP: frames become frames between the doors, and back.
#include "gateway/http/ws_frame.h"
#include "gateway/http/ws_handshake.h"
#include "tests/unit/http/h2_frames.h"
#include "tests/unit/terminator/scene.h"

namespace postern::terminator {
namespace {

using http::WsOpcode;
namespace h2 = http::h2;

constexpr std::string_view kAsks =
    "GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
    "13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

std::string of_client(WsOpcode opcode, std::string_view payload, bool fin = true) {
  std::string out;
  http::write_ws_frame(out, {fin, false, opcode, payload}, http::WsMask{9, 8, 7, 6});
  return out;
}
std::string of_server(WsOpcode opcode, std::string_view payload) {
  std::string out;
  http::write_ws_frame(out, {true, false, opcode, payload});
  return out;
}
std::string wire(WsOpcode opcode, std::string_view payload) {
  std::string out;
  http::to_wire({true, false, opcode, payload}, out);
  return out;
}
const std::string kCut = of_server(WsOpcode::Close,
                                   "\x03\xF0"
                                   "access was taken away");
const std::string kStops = of_server(WsOpcode::Close,
                                     "\x03\xE9"
                                     "the gateway stops");

template <typename Scene>
class Frames : public Scene {
 protected:
  using Scene::answerer;
  using Scene::bodies;
  using Scene::count;
  using Scene::turn_until;

  void agree(std::uint64_t id) { this->respond_head(id, 101, ipc::BodyKind::Frames); }
  void give(std::uint64_t id, WsOpcode opcode, std::string_view payload) {
    answerer->send(Type::ResponseBody, id, wire(opcode, payload));
  }
  void cut(std::uint64_t id) { answerer->send(Type::Cut, id, std::string(1, '\x01')); }
  std::string why_refused() {
    EXPECT_TRUE(turn_until([&] { return count(Type::RequestRefused) > 0; }));
    ipc::RequestRefused read;
    const Frame* frame = this->find(Type::RequestRefused);
    EXPECT_TRUE(frame != nullptr && ipc::decode(frame->payload, read));
    EXPECT_EQ(read.refusal, base::Refusal::WebsocketProtocolError);
    return std::string(read.why);
  }
  void settle() {
    for (int i = 0; i < 50; ++i) {
      this->loop.turn();
      for (auto& client : this->clients) client->pump();
    }
  }
};

// --- HTTP/1.1

class Http11WebSocket : public Frames<TerminatorScene> {
 protected:
  Http11WebSocket() { start(); }
  // An open one, whose handshake has been read.
  std::uint64_t open(Client& client) {
    const std::uint64_t id = request(client, kAsks);
    agree(id);
    EXPECT_TRUE(turn_until([&] { return client.has("\r\n\r\n"); }));
    EXPECT_TRUE(client.got.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    EXPECT_TRUE(client.has("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    EXPECT_TRUE(client.has("upgrade: websocket\r\n"));
    client.got.clear();
    return id;
  }
};

TEST_F(Http11WebSocket, PassesFramesBothWaysAndEndsWithItsConnection) {
  Client& client = connect();
  const std::uint64_t id = open(client);
  client.send(of_client(WsOpcode::Text, "up"));
  ASSERT_TRUE(turn_until([&] { return bodies() == wire(WsOpcode::Text, "up"); }));
  give(id, WsOpcode::Text, "down");
  ASSERT_TRUE(turn_until([&] { return client.got == of_server(WsOpcode::Text, "down"); }));
  give(id, WsOpcode::Close, "\x03\xE8");
  respond_end(id);
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_TRUE(client.got.ends_with(of_server(WsOpcode::Close, "\x03\xE8")));
  EXPECT_TRUE(done().complete);
  EXPECT_EQ(done().request_bytes, 2U);
}

TEST_F(Http11WebSocket, WhatWaitsForCreditIsPassedOnBehindTheClientsGoodbye) {
  Client& client = connect();
  const std::uint64_t id = open(client);
  client.send(of_client(WsOpcode::Binary, std::string(140'000, 'x')) +
              of_client(WsOpcode::Close, "\x03\xE8"));
  client.say_goodbye();
  settle();
  ASSERT_EQ(count(Type::ClientGone), 0U);
  give_credit(id, 100'000);
  ASSERT_TRUE(turn_until([&] { return bodies().ends_with(wire(WsOpcode::Close, "\x03\xE8")); }));
  give(id, WsOpcode::Close, "\x03\xE8");
  respond_end(id);
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_EQ(client.got, of_server(WsOpcode::Close, "\x03\xE8"));
}

TEST_F(Http11WebSocket, HandsNothingOverBeforeItIsOpen) {
  Client& client = connect();
  const std::uint64_t id = request(client, std::string(kAsks) + of_client(WsOpcode::Text, "early"));
  settle();
  EXPECT_EQ(count(Type::RequestBody), 0U);
  EXPECT_EQ(count(Type::RequestEnd), 0U);
  agree(id);
  EXPECT_TRUE(turn_until([&] { return bodies() == wire(WsOpcode::Text, "early"); }));
}

TEST_F(Http11WebSocket, ThatIsRefusedIsAnsweredAndNothingBehindItIsARequest) {
  Client& client = connect();
  const std::uint64_t id = request(client, std::string(kAsks) + "GET /behind HTTP/1.1\r\nHost: a\r\n\r\n");
  respond(id, "no", 403);
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_TRUE(client.got.starts_with("HTTP/1.1 403 Forbidden\r\n") && client.got.ends_with("no"));
  EXPECT_EQ(count(Type::RequestHead), 1U);
  EXPECT_EQ(count(Type::RequestBody), 0U);
}

TEST_F(Http11WebSocket, IsNotOpenedForWhoeverHasNotAsked) {
  Client& client = connect();
  agree(request(client, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(turn_until([&] { return client.reset; }));
  EXPECT_EQ(client.got, "");
}

TEST_F(Http11WebSocket, ReportsAFrameThatBreaksTheRules) {
  Client& client = connect();
  const std::uint64_t id = open(client);
  client.send(of_client(WsOpcode::Text, "good") + of_server(WsOpcode::Text, "not masked"));
  EXPECT_EQ(why_refused(), "a client's frame is not masked");
  EXPECT_EQ(bodies(), wire(WsOpcode::Text, "good"));
  give(id, WsOpcode::Close, "\x03\xEA");
  respond_end(id);
  EXPECT_TRUE(
      turn_until([&] { return client.ended && client.got == of_server(WsOpcode::Close, "\x03\xEA"); }));
}

TEST_F(Http11WebSocket, TakesNoMoreThanItsCreditAllows) {
  Client& client = connect();
  const std::uint64_t id = open(client);
  const std::string message(1U << 20U, 'x');
  client.send(of_client(WsOpcode::Binary, message));
  ASSERT_TRUE(turn_until([&] { return bodies().size() > ipc::kInitialCredit - 2 * http::kWsPiece; }));
  settle();
  EXPECT_LE(bodies().size(), ipc::kInitialCredit);
  std::size_t credited = 0;
  ASSERT_TRUE(turn_until([&] {
    const std::size_t arrived = bodies().size();
    if (arrived > credited) give_credit(id, static_cast<std::uint32_t>(arrived - credited));
    credited = arrived;
    return arrived >= message.size() + count(Type::RequestBody);
  }));
}

TEST_F(Http11WebSocket, ThatIsCutEndsWithACloseIfNothingIsUnderWay) {
  Client& client = connect();
  const std::uint64_t id = open(client);
  give(id, WsOpcode::Text, "before");
  ASSERT_TRUE(turn_until([&] { return !client.got.empty(); }));
  cut(id);
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_EQ(client.got, of_server(WsOpcode::Text, "before") + kCut);
  const ipc::ExchangeDone report = done();
  EXPECT_FALSE(report.complete);
  EXPECT_EQ(report.after_cut, 0U);
  EXPECT_EQ(report.response_bytes, of_server(WsOpcode::Text, "before").size());
}

TEST_F(Http11WebSocket, ThatIsCutThrowsAwayWhatHasNotLeft) {
  Client& client = connect();
  const std::uint64_t id = open(client);
  give(id, WsOpcode::Text, "never to be seen");
  cut(id);
  ASSERT_TRUE(turn_until([&] { return client.ended || client.reset; }));
  EXPECT_EQ(client.got, kCut);
  EXPECT_EQ(done().response_bytes, 0U);
}

TEST_F(Http11WebSocket, ThatIsCutWhileItsClientDoesNotReadIsReset) {
  Client& client = connect();
  const std::uint64_t id = open(client);
  client.reads = false;
  const std::string piece(http::kWsPiece, 'y');
  // Fills the kernel's buffers, and ours.
  std::size_t credit = ipc::kInitialCredit;
  for (int quiet = 0; quiet < 50;) {
    ++quiet;
    for (; credit > piece.size(); credit -= piece.size() + 1, quiet = 0) give(id, WsOpcode::Binary, piece);
    loop.turn();
    for (const Frame& frame : frames)
      if (frame.type == Type::ResponseCredit) credit += base::BinaryReader(frame.payload).u32(), quiet = 0;
    std::erase_if(frames, [](const Frame& f) { return f.type == Type::ResponseCredit; });
  }
  cut(id);
  ASSERT_TRUE(turn_until([&] { return count(Type::ExchangeDone) == 1; }));
  client.reads = true;
  ASSERT_TRUE(turn_until([&] { return client.reset || client.ended; }));
  EXPECT_FALSE(client.has("access was taken away")) << "a Close within a frame would be part of its message";
  EXPECT_EQ(done().after_cut, 0U);
}

TEST_F(Http11WebSocket, IsClosedWhenTheGatewayStops) {
  Client& client = connect();
  const std::uint64_t id = open(client);
  bool drained = false;
  terminator->drain([&] { drained = true; });
  ASSERT_TRUE(turn_until([&] { return client.got == kStops; }));
  give(id, WsOpcode::Text, "too late");
  client.send(of_client(WsOpcode::Close, "\x03\xE9"));
  ASSERT_TRUE(turn_until([&] { return bodies() == wire(WsOpcode::Close, "\x03\xE9"); }));
  respond_end(id);
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_EQ(client.got, kStops);
  client.socket.reset();
  EXPECT_TRUE(turn_until([&] { return drained; }));
}

TEST_F(Http11WebSocket, ThatItsClientLeavesIsReportedAsThat) {
  Client& client = connect();
  open(client);
  client.say_goodbye();
  EXPECT_TRUE(turn_until([&] { return count(Type::ClientGone) == 1; }));
  EXPECT_FALSE(done().complete);
}

// --- HTTP/2

class H2Scene : public TerminatorScene {
 protected:
  H2Scene() : TerminatorScene("h2") { start(); }
};
class OverHttp2 : public Frames<H2Scene> {
 protected:
  OverHttp2() {
    client = &connect();
    client->send(std::string(h2::kPreface) + h2::settings() + h2::frame(h2::kSettings, h2::kAck, 0, ""));
  }
  static std::string asks(std::uint32_t stream) { return h2::headers(stream, h2::websocket("/live"), 0); }
  // Frames that came for that stream: their payloads, and whether it has ended.
  std::string body(std::uint32_t stream) {
    look();
    std::string all;
    for (const h2::Sent& frame : sent)
      if (frame.type == h2::kData && frame.stream == stream) all += frame.payload;
    return all;
  }
  const h2::Sent* sent_frame(std::uint8_t type, std::uint32_t stream) {
    look();
    for (const h2::Sent& frame : sent)
      if (frame.type == type && frame.stream == stream) return &frame;
    return nullptr;
  }
  bool ended(std::uint32_t stream) {
    look();
    return std::any_of(sent.begin(), sent.end(), [&](const h2::Sent& frame) {
      return frame.stream == stream && frame.type <= h2::kHeaders && (frame.flags & h2::kEndStream) != 0;
    });
  }
  void look() {
    std::size_t end = read;
    while (client->got.size() >= end + 9) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(client->got[end + i]); };
      const std::size_t next = end + 9 + byte(0) * 65536U + byte(1) * 256U + byte(2);
      if (next > client->got.size()) break;
      end = next;
    }
    for (h2::Sent& frame : reader.read(std::string_view(client->got).substr(read, end - read)))
      sent.push_back(std::move(frame));
    read = end;
  }
  std::uint64_t open(std::uint32_t stream) {
    const std::uint64_t id = request(*client, asks(stream));
    agree(id);
    EXPECT_TRUE(turn_until([&] { return sent_frame(h2::kHeaders, stream) != nullptr; }));
    return id;
  }
  Client* client = nullptr;
  h2::Reader reader;
  std::size_t read = 0;
  std::vector<h2::Sent> sent;
};

TEST_F(OverHttp2, IsTheSameExchange) {
  const std::uint64_t id = request(*client, asks(1));
  const ipc::RequestHead wire_head = head(*find(Type::RequestHead));
  EXPECT_EQ(wire_head.method, "GET");
  EXPECT_EQ(wire_head.body, ipc::BodyKind::Frames);
  agree(id);
  client->send(h2::data(1, of_client(WsOpcode::Text, "up"), 0));
  ASSERT_TRUE(turn_until([&] { return bodies() == wire(WsOpcode::Text, "up"); }));
  give(id, WsOpcode::Text, "down");
  give(id, WsOpcode::Close, "\x03\xE8");
  respond_end(id);
  ASSERT_TRUE(turn_until([&] { return ended(1); }));
  EXPECT_EQ(body(1), of_server(WsOpcode::Text, "down") + of_server(WsOpcode::Close, "\x03\xE8"));
  EXPECT_TRUE(done().complete);
}

TEST_F(OverHttp2, HandsNothingOverBeforeItIsOpen) {
  const std::uint64_t id = request(*client, asks(1) + h2::data(1, of_client(WsOpcode::Text, "early"), 0));
  settle();
  EXPECT_EQ(count(Type::RequestBody), 0U);
  agree(id);
  EXPECT_TRUE(turn_until([&] { return bodies() == wire(WsOpcode::Text, "early"); }));
}

TEST_F(OverHttp2, ACutEndsTheStreamWithACloseAndLeavesTheOthers) {
  const std::uint64_t first = open(1), second = open(3);
  cut(first);
  ASSERT_TRUE(turn_until([&] { return ended(1); }));
  EXPECT_EQ(body(1), kCut);
  EXPECT_FALSE(done().complete);
  give(second, WsOpcode::Text, "goes on");
  EXPECT_TRUE(turn_until([&] { return body(3) == of_server(WsOpcode::Text, "goes on"); }));
}

TEST_F(OverHttp2, ACutWithinAFrameResetsTheStream) {
  const std::uint64_t id = open(1);
  const std::string piece(http::kWsPiece, 'z');
  for (int i = 0; i < 7; ++i) give(id, WsOpcode::Binary, piece);  // more than the client's window
  ASSERT_TRUE(turn_until([&] { return body(1).size() == 65'535; }));
  settle();
  cut(id);
  ASSERT_TRUE(turn_until([&] { return sent_frame(h2::kReset, 1) != nullptr; }));
  EXPECT_EQ(body(1).size(), 65'535U);
  EXPECT_FALSE(ended(1));
}

TEST_F(OverHttp2, TheEndOfTheStreamWithoutACloseIsAClientThatLeft) {
  open(1);
  client->send(h2::data(1, "", h2::kEndStream));
  EXPECT_TRUE(turn_until([&] { return count(Type::ClientGone) == 1; }));
}

TEST_F(OverHttp2, WhatWaitsForCreditIsPassedOnBehindTheEndOfTheStream) {
  const std::uint64_t id = open(1);
  const std::string close = "\x03\xE8";
  const std::string bytes =
      of_client(WsOpcode::Binary, std::string(118'000, 'x')) + of_client(WsOpcode::Close, close);
  for (std::size_t at = 0; at < bytes.size(); at += 16'384)
    client->send(h2::data(1, bytes.substr(at, 16'384), at + 16'384 < bytes.size() ? 0 : h2::kEndStream));
  settle();
  ASSERT_EQ(count(Type::ClientGone), 0U);
  give_credit(id, 100'000);
  ASSERT_TRUE(turn_until([&] { return bodies().ends_with(wire(WsOpcode::Close, close)); }));
  give(id, WsOpcode::Close, close);
  respond_end(id);
  ASSERT_TRUE(turn_until([&] { return ended(1); }));
  EXPECT_EQ(body(1), of_server(WsOpcode::Close, close));
}

TEST_F(OverHttp2, ThatIsCutShortBehindWhatWaitedIsAClientThatLeft) {
  const std::uint64_t id = open(1);
  const std::string bytes = of_client(WsOpcode::Binary, std::string(118'000, 'x'));
  for (std::size_t at = 0; at < bytes.size(); at += 16'384)
    client->send(h2::data(1, bytes.substr(at, 16'384), at + 16'384 < bytes.size() ? 0 : h2::kEndStream));
  settle();
  give_credit(id, 100'000);
  EXPECT_TRUE(turn_until([&] { return count(Type::ClientGone) == 1; }));
}

TEST_F(OverHttp2, ReportsAFrameThatBreaksTheRules) {
  open(1);
  client->send(h2::data(1, of_server(WsOpcode::Text, "not masked"), 0));
  EXPECT_EQ(why_refused(), "a client's frame is not masked");
}

TEST_F(OverHttp2, IsClosedWhenTheGatewayStops) {
  open(1);
  const std::uint64_t late = request(*client, asks(3));
  terminator->drain([] {});
  EXPECT_TRUE(turn_until([&] { return body(1) == kStops; }));
  agree(late);
  EXPECT_TRUE(turn_until([&] { return body(3) == kStops; }))
      << "it was open only when the gateway stopped already";
}

}  // namespace
}  // namespace postern::terminator
