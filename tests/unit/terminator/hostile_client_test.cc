// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Clients that alone want to make an honest terminator break the exchange protocol, so that it is killed for it. The scene
// holds every frame to the protocol (protocol_judge.h): no test here has to say so.
//
// POSTERN_ROUNDS says how many random steps (4,000); POSTERN_SEED repeats a run.
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "gateway/http/ws_frame.h"
#include "tests/unit/http/h2_frames.h"
#include "tests/unit/terminator/scene.h"

namespace postern::terminator {
namespace {

namespace h2 = http::h2;

class HostileClient : public TerminatorScene {
 protected:
  HostileClient() : TerminatorScene("h2") {}

  Client& open(const std::string& more = {}) {
    Client& client = connect();
    client.send(std::string(h2::kPreface) + h2::settings() + more);
    return client;
  }
  void settle() {
    for (int i = 0; i < 60; ++i) {
      loop.turn();
      for (auto& client : clients) client->pump();
    }
  }
  std::string no_window() { return h2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}); }
};

// Answered exchanges whose bytes wait for a client that reads nothing are over for nghttp2, and not for whoever answers.
TEST_F(HostileClient, WhoReadsNothingHasNoMoreExchangesThanStreams) {
  buffers = 4096;
  start();
  Client& client = open();
  request(client, h2::get(1));
  client.reads = false;
  std::size_t answered = 0;
  std::uint32_t stream = 1;
  for (int beyond = 0; beyond < 20 && stream < 4'000;
       beyond += answerer->judge.most_at_once() < ipc::kMostConcurrent ? 0 : 1) {
    client.send(h2::get(stream += 2));
    settle();
    for (; answered < count(Type::RequestHead); ++answered)
      respond(find(Type::RequestHead, answered)->id, "small");
  }
  EXPECT_EQ(answerer->judge.most_at_once(), ipc::kMostConcurrent) << "it got as far as it may";
  client.reads = true;
  ASSERT_TRUE(turn_until([&] { return count(Type::ExchangeDone) == count(Type::RequestHead); }));
  EXPECT_LT(answered, stream / 2) << "the others were refused";
  respond(request(client, h2::get(stream + 2)), "and its connection goes on");
  ASSERT_TRUE(turn_until([&] { return client.has("and its connection goes on"); }));
  Client& other = open();
  respond(request(other, h2::get(1)), "served");
  ASSERT_TRUE(turn_until([&] { return other.has("served"); }));
}

TEST_F(HostileClient, RequestsThatAreNotValidCountAsExchangesToo) {
  limits.multiplexed = 2;
  start();
  Client& client = open();
  const std::string bad = h2::block(h2::request("GET", "/a", {{"Bad", "x"}}));
  for (std::uint32_t stream = 1; stream <= 9; stream += 2)
    client.send(h2::frame(h2::kHeaders, h2::kEndStream | h2::kEndHeaders, stream, bad));
  settle();
  EXPECT_EQ(count(Type::RequestRefused), 2U);
}

// It was reset already: there is nothing left that could be refused.
TEST_F(HostileClient, AStreamBeyondItsWindowIsNotRefusedBehindItsReset) {
  start();
  Client& client = open();
  const std::uint64_t id = request(client, h2::post(1));
  std::string much;
  for (std::size_t sent = 0; sent <= ipc::kInitialCredit; sent += 16'384)
    much += h2::data(1, std::string(16'384, 'x'));
  client.send(much + h2::headers(1, {{"x-t", "v"}}, 0));  // and trailers that do not end the stream
  ASSERT_TRUE(turn_until([&] { return count(Type::ExchangeDone) == 1; }));
  settle();
  EXPECT_EQ(find(Type::ClientGone)->id, id);
  EXPECT_EQ(count(Type::RequestRefused), 0U);
}

TEST_F(HostileClient, ALargestHeadOfHttp2CanBeReadByWhoeverAnswers) {
  limits.head.fields = ipc::kMostClientFields;
  start();
  h2::List fields;
  for (std::size_t i = 0; i < ipc::kMostClientFields; ++i) fields.emplace_back("x" + std::to_string(i), "1");
  fields.emplace_back("cookie", "a=b");
  Client& client = open();
  request(client, h2::post(1, fields));
  EXPECT_EQ(head(*find(Type::RequestHead)).fields.size(), ipc::kMostClientFields + 3);
  h2::List handshake = h2::websocket();
  handshake.insert(handshake.end(), fields.begin(), fields.end() - 2);
  handshake.push_back(fields.back());
  request(client, h2::headers(3, handshake, 0));
  EXPECT_EQ(head(*find(Type::RequestHead, 1)).fields.size(), ipc::kMostClientFields + 5);
}

TEST_F(HostileClient, ARequestIsRefusedOnce) {
  limits.request_body = 10;
  start();
  Client& client = open(no_window());
  const std::uint64_t id =
      request(client, h2::post(1, {{"content-length", "100"}}) + h2::data(1, "01234567890"));
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestRefused) == 1; }));
  respond(id, "too large", 413);                  // which does not leave
  client.send(h2::data(1, "1", h2::kEndStream));  // and the body is shorter than was said
  settle();
  EXPECT_EQ(count(Type::RequestRefused), 1U);
  request(client, h2::post(3, {{"content-length", "11"}}) + h2::data(3, "01234567890"));
  client.send(h2::data(3, "1"));  // longer
  request(client, h2::post(5) + h2::data(5, "01234567890"));
  client.send(h2::headers(5, {{"x-t", "v"}}, 0));  // trailers that do not end the stream
  settle();
  EXPECT_EQ(count(Type::RequestRefused), 3U);
}

TEST_F(HostileClient, ARequestThatWasAnsweredWithoutAnAnswererIsNotRefusedByTheNext) {
  start();
  Client& client = open(no_window());
  request(client, h2::post(1, {{"content-length", "3"}}));
  join();
  settle();
  client.send(h2::data(1, "longer than three"));
  settle();
  EXPECT_EQ(frames.size(), 0U);
  request(client, h2::get(3));
}

// Its exchange is over, and its stream has a Close to say: what the client breaks there begins no other exchange.
TEST_F(HostileClient, AWebSocketThatWasCutIsNotRefusedBehindItsClose) {
  start();
  Client& client = open(no_window());
  const std::uint64_t id = request(client, h2::headers(1, h2::websocket(), 0));
  respond_head(id, 101, ipc::BodyKind::Frames);
  settle();
  answerer->send(Type::Cut, id, std::string_view("\1", 1));
  ASSERT_TRUE(turn_until([&] { return count(Type::ExchangeDone) == 1; }));
  client.send(h2::headers(1, {{"x-t", "v"}}, 0) + h2::window(1, 1'000));
  settle();
  EXPECT_EQ(count(Type::RequestRefused), 0U);
  request(client, h2::get(3));
}

// --- at random

class RandomClients : public HostileClient {
 protected:
  RandomClients() {
    const auto from = [](const char* name, std::uint64_t otherwise) {
      const char* const text = std::getenv(name);
      return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
    };
    rounds = from("POSTERN_ROUNDS", 4'000);
    seed = from("POSTERN_SEED", std::random_device{}());
    random.seed(seed);
    limits.request_body = 3'000;
    limits.exchanges_per_connection = 300;
    timeouts.body_idle = timeouts.head = 30 * base::kMillisecond;
    buffers = 8192;
  }
  std::size_t pick(std::size_t below) { return random() % below; }

  struct Talk {
    Client* client;
    bool h2;
    std::uint32_t next = 1;
    std::vector<std::uint32_t> streams;  // that were opened
  };
  void begin_talk() {
    const bool second = pick(3) != 0;
    const auto other = tls::ClientContext::make({root.certificate_pem, "http/1.1"}, clock);
    clients.push_back(std::make_unique<Client>(port, *(second ? *trusts : **other).start("gateway.example"),
                                               pick(2) == 0 ? buffers : 0));
    talks.push_back({clients.back().get(), second, 1, {}});
    if (second)
      talks.back().client->send(std::string(h2::kPreface) + (pick(2) == 0 ? no_window() : h2::settings()));
  }
  void end_talk(std::size_t which) {
    std::erase_if(clients, [&](const auto& client) { return client.get() == talks[which].client; });
    talks.erase(talks.begin() + static_cast<std::ptrdiff_t>(which));
  }
  std::string junk(std::size_t most) { return std::string(pick(most + 1), 'j'); }

  void speak() {
    if (talks.size() < 4 && pick(8) == 0) begin_talk();
    if (talks.empty()) return;
    const std::size_t which = pick(talks.size());
    Talk& talk = talks[which];
    if (talk.client->ended || talk.client->reset || pick(300) == 0) return end_talk(which);
    if (pick(40) == 0) talk.client->reads = !talk.client->reads;
    if (pick(200) == 0) talk.client->say_goodbye();
    talk.client->send(talk.h2 ? speak2(talk) : speak1());
  }
  std::string speak1() {
    static const std::string kHost = "Host: a\r\n";
    switch (pick(12)) {
      case 0:
        return "POST /a HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\n\r\n" + junk(9);
      case 1:
        return "POST /a HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n";
      case 2:
        return "0\r\nx-t: v\r\n\r\n";
      case 3:
        return "0\r\nhost: v\r\n\r\n";
      case 4:
        return "5\r\nabcdeXX";
      case 5:
        return "GET /a HTTP/1.0\r\n" + kHost + "Connection: keep-alive\r\n\r\n";
      case 6:
        return "GET /a HTTP/1.1\r\n" + kHost +
               "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
               "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
      case 7:
        return frame();
      case 8:
        return "POST /a HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nContent-Length: 70000\r\n\r\n" +
               junk(60'000);
      case 9:
        return "nonsense\r\n\r\n";
      case 10:
        return "HEAD /a HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n";
      default:
        return "GET /a HTTP/1.1\r\n" + kHost + "\r\n";
    }
  }
  std::string frame() {
    std::string out;
    constexpr std::array<http::WsOpcode, 5> kCodes{http::WsOpcode::Text, http::WsOpcode::Continuation,
                                                   http::WsOpcode::Close, http::WsOpcode::Ping,
                                                   http::WsOpcode::Binary};
    const http::WsOpcode code = kCodes[pick(kCodes.size())];
    const std::string payload = junk(http::is_control(code) ? 140 : 40'000);
    std::optional<http::WsMask> mask;
    if (pick(20) != 0) mask = http::WsMask{1, 2, 3, 4};
    http::write_ws_frame(out, {pick(3) != 0, pick(30) == 0, code, payload}, mask);
    return out;
  }
  std::string speak2(Talk& talk) {
    const auto flags = [&] { return pick(2) == 0 ? static_cast<unsigned>(h2::kEndStream) : 0U; };
    if (talk.streams.empty() || pick(3) == 0) {
      talk.streams.push_back(talk.next);
      const std::uint32_t stream = std::exchange(talk.next, talk.next + 2);
      switch (pick(8)) {
        case 0:
          return h2::headers(stream, h2::request("POST", "/a", {{"content-length", std::to_string(pick(9))}}),
                             flags());
        case 1:
          return h2::headers(stream, h2::request("POST", "/a", {{"content-length", "60000"}}), flags());
        case 2:
          return h2::headers(stream, h2::request("GET", "/a", {{"Bad", "x"}}), flags());
        case 3:
        case 4:
          return h2::headers(stream, h2::websocket(),
                             pick(9) == 0 ? static_cast<unsigned>(h2::kEndStream) : 0U);
        case 5:
          return h2::headers(stream, h2::request("HEAD", "/a"), flags());
        case 6:
          return h2::post(stream);
        default:
          return h2::get(stream);
      }
    }
    const std::uint32_t stream =
        talk.streams[talk.streams.size() - 1 - pick(std::min<std::size_t>(talk.streams.size(), 3))];
    switch (pick(12)) {
      case 0:
        return h2::reset(stream);
      case 1:
        return h2::headers(stream, {{"x-t", "v"}}, flags());
      case 2:
        return h2::headers(stream, {{"host", "v"}}, flags());
      case 3:
        return h2::window(stream, static_cast<std::uint32_t>(1 + pick(70'000)));
      case 4:
        return h2::window(0, static_cast<std::uint32_t>(1 + pick(70'000)));
      case 5:
        return h2::settings(
            {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(pick(3) * 40'000)}});
      case 6:
        return h2::data(stream, frame().substr(0, 16'384), pick(9) == 0 ? flags() : 0U);
      case 7:
        return h2::ping();
      case 8:
        return h2::data(stream, "", flags());
      default:
        return h2::data(stream, junk(pick(3) == 0 ? 16'384 : 6), pick(3) == 0 ? flags() : 0U);
    }
  }

  // What is under way, as whoever answers sees it.
  struct Call {
    ipc::BodyKind body = ipc::BodyKind::None;
    bool begun = false, ended = false, sized = false, frames = false;
    std::size_t left = 0, credit = ipc::kInitialCredit, owed = 0;
  };
  void listen() {
    for (const Frame& heard : frames) {
      if (heard.type == Type::RequestHead) calls[heard.id].body = head(heard).body;
      if (heard.type == Type::RequestRefused) calls[heard.id].owed = 0, ++refusals;
      const auto it = calls.find(heard.id);
      if (it == calls.end()) continue;
      if (heard.type == Type::RequestBody) it->second.owed += heard.payload.size();
      if (heard.type == Type::ResponseCredit) it->second.credit += base::BinaryReader(heard.payload).u32();
      if (heard.type == Type::ExchangeDone) calls.erase(it), ++ends;
    }
    frames.clear();
  }
  void answer() {
    if (calls.empty()) return;
    auto it = calls.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(pick(calls.size())));
    auto& [id, call] = *it;
    if (call.owed > 0 && pick(2) == 0)
      give_credit(id, static_cast<std::uint32_t>(std::exchange(call.owed, 0)));
    if (call.ended) return;
    if (pick(60) == 0) {
      call.ended = true;
      return answerer->send(Type::Cut, id, std::string_view("\1", 1));
    }
    if (!call.begun) {
      call.begun = true;
      if (call.body == ipc::BodyKind::Frames && pick(4) != 0) {
        call.frames = true;
        return respond_head(id, 101, ipc::BodyKind::Frames);
      }
      call.sized = pick(2) == 0;
      call.left = pick(3) == 0 ? pick(100'000) : pick(50);
      return respond_head(id, pick(5) == 0 ? 413 : 200,
                          call.sized ? ipc::BodyKind::Sized : ipc::BodyKind::Streamed, call.left);
    }
    if (call.frames) {
      std::string wire;
      const std::string payload = junk(pick(3) == 0 ? http::kWsPiece : 20);
      http::to_wire({true, false, http::WsOpcode::Binary, payload}, wire);
      if (wire.size() <= call.credit) {
        call.credit -= wire.size();
        answerer->send(Type::ResponseBody, id, wire);
      }
      if (pick(10) == 0) call.ended = true, respond_end(id);
      return;
    }
    const std::size_t size = std::min({call.left, call.credit, ipc::kBodyPiece});
    if (size > 0) answerer->send(Type::ResponseBody, id, std::string(size, 'r'));
    call.left -= size;
    call.credit -= size;
    if (call.left == 0) call.ended = true, respond_end(id);
  }

  std::uint64_t rounds = 0, seed = 0, refusals = 0, ends = 0;
  std::mt19937_64 random;
  std::vector<Talk> talks;
  std::map<std::uint64_t, Call> calls;
};

TEST_F(RandomClients, NeverMakeATerminatorBreakTheProtocol) {
  start();
  for (std::uint64_t i = 0; i < rounds && !HasFailure(); ++i) {
    if (pick(2'000) == 0) {
      calls.clear();
      join();
    }
    for (std::size_t said = pick(4); said > 0; --said) speak();
    loop.turn();
    for (auto& client : clients) client->pump();
    listen();
    for (std::size_t said = pick(4); said > 0; --said) answer();
  }
  EXPECT_FALSE(HasFailure()) << "seed " << seed;
  EXPECT_GT(ends, rounds / 50);
  EXPECT_GT(refusals, rounds / 500);
}

}  // namespace
}  // namespace postern::terminator
