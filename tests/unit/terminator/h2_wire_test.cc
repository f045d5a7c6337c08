// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 through a whole terminator: streams become exchanges, with their credit, their cuts and their ends.
#include "gateway/http/h2_session.h"
#include "tests/unit/http/h2_frames.h"
#include "tests/unit/terminator/scene.h"

namespace postern::terminator {
namespace {

namespace h2 = http::h2;
using h2::data;
using h2::get;
using h2::post;

class H2WireScene : public TerminatorScene {
 protected:
  H2WireScene() : TerminatorScene("h2") {}

  // A client and what it has read so far.
  struct H2Client {
    Client* tls = nullptr;
    h2::Reader reader;
    std::size_t read = 0;
    std::vector<h2::Sent> sent;

    void look() {
      std::size_t end = read;
      while (tls->got.size() >= end + 9) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(tls->got[end + i]); };
        const std::size_t next = end + 9 + byte(0) * 65536U + byte(1) * 256U + byte(2);
        if (next > tls->got.size()) break;
        end = next;
      }
      for (h2::Sent& frame : reader.read(std::string_view(tls->got).substr(read, end - read)))
        sent.push_back(std::move(frame));
      read = end;
    }
    const h2::Sent* find(std::uint8_t type, std::uint32_t stream = 0) {
      look();
      for (const h2::Sent& frame : sent)
        if (frame.type == type && frame.stream == stream) return &frame;
      return nullptr;
    }
    std::string body(std::uint32_t stream) {
      look();
      std::string all;
      for (const h2::Sent& frame : sent)
        if (frame.type == h2::kData && frame.stream == stream) all += frame.payload;
      return all;
    }
    bool ended(std::uint32_t stream) {
      look();
      return std::any_of(sent.begin(), sent.end(), [&](const h2::Sent& frame) {
        return frame.stream == stream && frame.type <= h2::kHeaders && (frame.flags & h2::kEndStream) != 0;
      });
    }
  };

  H2Client& open() {
    opened.push_back(std::make_unique<H2Client>());
    opened.back()->tls = &connect();
    opened.back()->tls->send(std::string(h2::kPreface) + h2::settings() +
                             h2::frame(h2::kSettings, h2::kAck, 0, ""));
    return *opened.back();
  }
  // The exchange of the request that is sent now.
  std::uint64_t ask(H2Client& client, const std::string& bytes) { return request(*client.tls, bytes); }
  ipc::RequestRefused refused(std::size_t which = 0) {
    EXPECT_TRUE(turn_until([&] { return count(Type::RequestRefused) > which; }));
    ipc::RequestRefused wire;
    const Frame* frame = find(Type::RequestRefused, which);
    EXPECT_TRUE(frame != nullptr && ipc::decode(frame->payload, wire));
    return wire;
  }
  void settle() {
    for (int i = 0; i < 50; ++i) {
      loop.turn();
      for (auto& client : clients) client->pump();
    }
  }
  // Answers until the kernel's buffers are full, and ours.
  void fill(std::uint64_t id) {
    const std::string piece(ipc::kBodyPiece, 'y');
    std::size_t credit = ipc::kInitialCredit;
    for (int quiet = 0; quiet < 50; ++quiet) {
      for (; credit >= piece.size(); credit -= piece.size(), quiet = 0)
        answerer->send(Type::ResponseBody, id, piece);
      loop.turn();
      for (const Frame& frame : frames)
        if (frame.type == Type::ResponseCredit) credit += base::BinaryReader(frame.payload).u32(), quiet = 0;
      std::erase_if(frames, [](const Frame& f) { return f.type == Type::ResponseCredit; });
    }
  }
  void cut(std::uint64_t id) { answerer->send(Type::Cut, id, std::string_view("\1", 1)); }

  std::vector<std::unique_ptr<H2Client>> opened;
};

TEST_F(H2WireScene, HandsRequestsOverAsHttp11AndWritesTheAnswers) {
  start();
  H2Client& client = open();
  const std::uint64_t first = ask(client, get(1));
  const std::uint64_t second = ask(client, post(3, {{"x-one", "1"}}) + data(3, "abc"));
  EXPECT_EQ(count(Type::ConnectionOpened), 1U);
  const ipc::RequestHead read = head(*find(Type::RequestHead, 1));
  EXPECT_EQ(read.minor, 1);
  EXPECT_EQ(read.method, "POST");
  EXPECT_EQ(read.body, ipc::BodyKind::Streamed);
  ASSERT_TRUE(turn_until([&] { return bodies() == "abc"; }));
  respond(first, "hello");
  ASSERT_TRUE(turn_until([&] { return client.ended(1); }));
  EXPECT_EQ(client.body(1), "hello");
  EXPECT_EQ(client.find(h2::kHeaders, 1)->value(":status"), "200");
  EXPECT_EQ(client.find(h2::kHeaders, 1)->value("content-length"), "5");
  EXPECT_EQ(client.find(h2::kHeaders, 1)->value("x-from"), "answerer");
  EXPECT_TRUE(done(0).complete);
  EXPECT_EQ(done(0).response_bytes, 5U);
  client.tls->send(data(3, "d") + h2::headers(3, {{"x-t", "v"}}, h2::kEndStream));
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestEnd) == 1; }));
  std::vector<ipc::WireField> trailers;
  ASSERT_TRUE(ipc::decode_trailers(find(Type::RequestEnd)->payload, trailers));
  ASSERT_EQ(trailers.size(), 1U);
  respond_head(second, 200, ipc::BodyKind::Streamed);
  answerer->send(Type::ResponseBody, second, "xyz");
  respond_end(second, {{"x-end", "1"}});
  ASSERT_TRUE(turn_until([&] { return client.ended(3); }));
  EXPECT_EQ(client.sent.back().value("x-end"), "1");
  EXPECT_EQ(done(1).request_bytes, 4U);
}

TEST_F(H2WireScene, ResponsesWithoutABodyHaveNone) {
  start();
  H2Client& client = open();
  std::uint64_t id = ask(client, h2::headers(1, h2::request("HEAD"), h2::kEndStream));
  respond_head(id, 200, ipc::BodyKind::Sized, 1234);
  respond_end(id);
  ASSERT_TRUE(turn_until([&] { return client.ended(1); }));
  EXPECT_EQ(client.find(h2::kHeaders, 1)->value("content-length"), "1234");
  std::uint32_t stream = 3;
  for (const int status : {204, 304}) {
    id = ask(client, get(stream));
    respond_head(id, status, ipc::BodyKind::None);
    respond_end(id);
    ASSERT_TRUE(turn_until([&] { return client.ended(stream); }));
    EXPECT_EQ(client.find(h2::kHeaders, stream)->value("content-length"), "(none)");
    EXPECT_EQ(client.body(stream), "");
    stream += 2;
  }
  EXPECT_TRUE(done(2).complete);
}

TEST_F(H2WireScene, PassesExpectationsAndInterimAnswersOn) {
  start();
  H2Client& client = open();
  const std::uint64_t id = ask(client, post(1, {{"expect", "100-continue"}}));
  EXPECT_TRUE(head(*find(Type::RequestHead)).expects_continue);
  ipc::ResponseHead interim;
  interim.status = 100;
  base::BinaryWriter out;
  ipc::encode(interim, out);
  answerer->send(Type::InformationalHead, id, out.bytes());
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kHeaders, 1) != nullptr; }));
  EXPECT_EQ(client.sent.back().value(":status"), "100");
}

TEST_F(H2WireScene, ARequestThatIsNotValidIsAnsweredAndTheNextOneServed) {
  start();
  H2Client& client = open();
  client.tls->send(
      h2::headers(1, h2::request("GET", "/a", {{"cookie", "secret"}, {"Bad", "x"}}), h2::kEndStream));
  const ipc::RequestRefused wire = refused();
  EXPECT_EQ(wire.refusal, base::Refusal::Malformed);
  EXPECT_EQ(wire.excerpt, "GET /a HTTP/2");
  respond(find(Type::RequestRefused)->id, "bad", 400);
  ASSERT_TRUE(turn_until([&] { return client.ended(1); }));
  EXPECT_EQ(client.find(h2::kHeaders, 1)->value(":status"), "400");
  respond(ask(client, get(3)), "good");
  ASSERT_TRUE(turn_until([&] { return client.body(3) == "good"; }));
}

TEST_F(H2WireScene, ABodyAboveTheLimitIsRefused) {
  limits.request_body = 10;
  start();
  H2Client& client = open();
  const std::uint64_t id = ask(client, post(1) + data(1, "01234567890"));
  EXPECT_EQ(refused().refusal, base::Refusal::BodyTooLarge);
  respond(id, "large", 413);
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kReset, 1) != nullptr; }));
  EXPECT_EQ(client.body(1), "large");
}

TEST_F(H2WireScene, ABodyThatBreaksItsLengthIsRefused) {
  start();
  H2Client& client = open();
  ask(client, post(1, {{"content-length", "3"}}) + data(1, "abcd"));
  EXPECT_EQ(refused().refusal, base::Refusal::AmbiguousFraming);
  ask(client, post(3, {{"content-length", "0"}}) + data(3, "x"));  // whoever answers had all of that one
  ASSERT_TRUE(turn_until([&] { return count(Type::ClientGone) == 1; }));
  EXPECT_EQ(count(Type::RequestRefused), 1U);
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kReset, 3) != nullptr; }));
  EXPECT_EQ(client.find(h2::kReset, 3)->code(), std::uint32_t{NGHTTP2_PROTOCOL_ERROR});  // RFC 9113 8.1.1
}

// Streams that stay open for ever count: who has many such connections says so.
TEST_F(H2WireScene, AConnectionHasOneExchangeAtATimeBeyondTheLimit) {
  limits.multiplexed = 2;
  start();
  H2Client& client = open();
  ask(client, get(1));
  ask(client, get(3));
  client.tls->send(get(5));
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kReset, 5) != nullptr; }));
  EXPECT_EQ(count(Type::RequestHead), 2U);
}

TEST_F(H2WireScene, SendsNoMoreOfABodyThanItsCreditAndHoldsUpNoOther) {
  start();
  H2Client& client = open();
  const std::uint64_t id = ask(client, post(1));
  const std::string piece(16'384, 'x');
  for (int i = 0; i < 8; ++i) client.tls->send(data(1, piece));
  ASSERT_TRUE(turn_until([&] { return bodies().size() == ipc::kInitialCredit; }));
  settle();
  EXPECT_EQ(client.find(h2::kWindow, 1), nullptr);
  respond(ask(client, get(3)), "other");
  ASSERT_TRUE(turn_until([&] { return client.ended(3); }));
  give_credit(id, 100'000);
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kWindow, 1) != nullptr; }));
  client.tls->send(data(1, piece, h2::kEndStream));
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestEnd) == 1; }));
}

TEST_F(H2WireScene, AStreamThatIsNotReadHoldsItsCreditBackAndNoOthers) {
  start();
  H2Client& client = open();
  const std::uint64_t slow = ask(client, get(1));
  respond_head(slow, 200, ipc::BodyKind::Streamed);
  const std::string piece(ipc::kBodyPiece, 'y');
  for (std::size_t sent = 0; sent < ipc::kInitialCredit; sent += piece.size())
    answerer->send(Type::ResponseBody, slow, piece);
  client.tls->send(h2::window(0, 1U << 20U));
  ASSERT_TRUE(
      turn_until([&] { return client.body(1).size() == 65'535; }));  // the window that a stream begins with
  settle();
  std::size_t credit = 0;
  for (const Frame& frame : frames)
    if (frame.type == Type::ResponseCredit) credit += base::BinaryReader(frame.payload).u32();
  EXPECT_LE(credit, 65'535U);
  respond(ask(client, get(3)), std::string(50'000, 'z'));
  ASSERT_TRUE(turn_until([&] { return client.ended(3); }));
  client.tls->send(h2::window(1, 1U << 20U));
  ASSERT_TRUE(turn_until([&] { return client.body(1).size() == ipc::kInitialCredit; }));
}

TEST_F(H2WireScene, ACutStreamWhoseBytesHaveLeftIsResetAlone) {
  start();
  H2Client& client = open();
  const std::uint64_t id = ask(client, get(1));
  const std::uint64_t other = ask(client, get(3));
  respond_head(id, 200, ipc::BodyKind::Streamed);
  answerer->send(Type::ResponseBody, id, "before");
  ASSERT_TRUE(turn_until([&] { return client.body(1) == "before"; }));
  answerer->send(Type::ResponseBody, id, "late");  // in the same turn: it must not leave either
  cut(id);
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kReset, 1) != nullptr; }));
  EXPECT_EQ(client.body(1), "before");
  const ipc::ExchangeDone end = done();
  EXPECT_FALSE(end.complete);
  EXPECT_EQ(end.after_cut, 0U);
  EXPECT_GT(end.ended, 0);
  respond(other, "goes on");
  ASSERT_TRUE(turn_until([&] { return client.body(3) == "goes on"; }));
  EXPECT_EQ(count(Type::ClientGone), 0U);
}

TEST_F(H2WireScene, ACutStreamWhoseBytesMayStillBeHereTakesTheConnectionWithIt) {
  start();
  H2Client& client = open();
  client.tls->send(h2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7FFFFFFF}}) +
                   h2::window(0, 0x7FFF0000));
  const std::uint64_t id = ask(client, get(1));
  const std::uint64_t other = ask(client, get(3));
  client.tls->reads = false;
  respond_head(id, 200, ipc::BodyKind::Streamed);
  fill(id);
  cut(id);
  ASSERT_TRUE(turn_until([&] { return count(Type::ExchangeDone) == 2; }));
  client.tls->reads = true;
  ASSERT_TRUE(turn_until([&] { return client.tls->reset || client.tls->ended; }));
  EXPECT_EQ(client.find(h2::kReset, 1), nullptr);
  EXPECT_EQ(client.find(h2::kGoaway), nullptr);
  ASSERT_EQ(count(Type::ClientGone), 1U);
  EXPECT_EQ(find(Type::ClientGone)->id, other);  // the other one was not cut: its client is gone
}

TEST_F(H2WireScene, AHeadThatMayStillBeHereCountsLikeABody) {
  start();
  H2Client& client = open();
  client.tls->send(h2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7FFFFFFF}}) +
                   h2::window(0, 0x7FFF0000));
  const std::uint64_t full = ask(client, get(1));
  const std::uint64_t waiting = ask(client, get(3));
  client.tls->reads = false;
  respond_head(full, 200, ipc::BodyKind::Streamed);
  fill(full);
  respond_head(waiting, 200, ipc::BodyKind::Streamed);
  for (int i = 0; i < 100; ++i) loop.turn();
  cut(waiting);
  ASSERT_TRUE(turn_until([&] { return count(Type::ExchangeDone) >= 1; }));
  settle();
  client.tls->reads = true;
  settle();
  // Either it had not become a frame yet, or the connection went with it.
  EXPECT_EQ(client.find(h2::kHeaders, 3), nullptr);
}

TEST_F(H2WireScene, AStreamThatItsClientLeavesIsToldOf) {
  start();
  H2Client& client = open();
  const std::uint64_t id = ask(client, post(1) + data(1, "abc"));
  ask(client, get(3));
  client.tls->send(h2::reset(1));
  const ipc::ExchangeDone end = done();
  EXPECT_FALSE(end.complete);
  EXPECT_EQ(end.request_bytes, 3U);
  EXPECT_EQ(find(Type::ClientGone)->id, id);
  client.tls->socket.reset();
  ASSERT_TRUE(turn_until([&] { return count(Type::ConnectionClosed) == 1; }));
  EXPECT_EQ(count(Type::ClientGone), 2U);
  EXPECT_EQ(terminator->connections(), 0U);
}

TEST_F(H2WireScene, AConnectionThatBreaksTheRulesEndsWithAnEvent) {
  start();
  H2Client& client = open();
  ask(client, get(1));
  client.tls->send(data(1, "x"));
  const ipc::RequestRefused wire = refused();
  EXPECT_EQ(wire.refusal, base::Refusal::Http2ProtocolError);
  EXPECT_EQ(wire.excerpt, "HTTP/2");
  ASSERT_TRUE(turn_until([&] { return client.tls->ended; }));
  EXPECT_EQ(client.find(h2::kGoaway)->code(), std::uint32_t{NGHTTP2_STREAM_CLOSED});
  EXPECT_EQ(count(Type::ExchangeDone), 2U);
  EXPECT_EQ(count(Type::RequestRefused), 1U);
}

TEST_F(H2WireScene, AFloodEndsWithAnEventAndOthersAreServed) {
  start();
  H2Client& flood = open();
  H2Client& other = open();
  std::string pings;
  for (int i = 0; i < 5'000; ++i) pings += h2::ping();
  flood.tls->send(pings);
  EXPECT_EQ(refused().refusal, base::Refusal::Http2Flood);
  ASSERT_TRUE(turn_until([&] { return flood.tls->ended || flood.tls->reset; }));
  EXPECT_EQ(count(Type::RequestRefused), 1U);
  respond(ask(other, get(1)), "served");
  ASSERT_TRUE(turn_until([&] { return other.body(1) == "served"; }));
}

TEST_F(H2WireScene, ARestartOfTheAnswererEndsWhatRanAndTheConnectionGoesOn) {
  start();
  H2Client& client = open();
  const std::uint64_t begun = ask(client, get(1));
  ask(client, get(3));
  respond_head(begun, 200, ipc::BodyKind::Streamed);
  answerer->send(Type::ResponseBody, begun, "some");
  ASSERT_TRUE(turn_until([&] { return client.body(1) == "some"; }));
  join();
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kReset, 1) != nullptr && client.ended(3); }));
  EXPECT_EQ(client.find(h2::kHeaders, 3)->value(":status"), "502");
  const std::uint64_t again = ask(client, get(5));
  EXPECT_EQ(count(Type::ConnectionOpened), 1U);
  respond(again, "again");
  ASSERT_TRUE(turn_until([&] { return client.body(5) == "again"; }));
}

TEST_F(H2WireScene, AHeadThatTakesTooLongEndsTheConnection) {
  timeouts.head = base::kMillisecond;
  start();
  H2Client& client = open();
  client.tls->send(h2::frame(h2::kHeaders, h2::kEndStream, 1, h2::block(h2::request())));
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestRefused) == 1; }, 10'000'000));
  EXPECT_EQ(refused().refusal, base::Refusal::RequestTimeout);
  ASSERT_TRUE(turn_until([&] { return client.tls->ended; }));
  EXPECT_NE(client.find(h2::kGoaway), nullptr);
}

TEST_F(H2WireScene, AConnectionThatRestsTooLongIsEnded) {
  timeouts.keep_alive = base::kMillisecond;
  start();
  H2Client& client = open();
  ASSERT_TRUE(turn_until([&] { return client.tls->ended; }, 10'000'000));
  EXPECT_EQ(client.find(h2::kGoaway)->code(), std::uint32_t{NGHTTP2_NO_ERROR});
  EXPECT_EQ(count(Type::RequestRefused), 0U);
}

TEST_F(H2WireScene, ABodyThatStopsComingIsRefused) {
  timeouts.body_idle = base::kMillisecond;
  start();
  H2Client& client = open();
  ask(client, post(1));
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestRefused) == 1; }, 10'000'000));
  EXPECT_EQ(refused().refusal, base::Refusal::RequestTimeout);
}

TEST_F(H2WireScene, AClientThatDoesNotOpenItsWindowLosesTheStream) {
  timeouts.body_idle = base::kMillisecond;
  start();
  H2Client& client = open();
  client.tls->send(h2::settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}));
  respond(ask(client, get(1)), "never taken");
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kReset, 1) != nullptr; }, 10'000'000));
  EXPECT_FALSE(done().complete);
}

TEST_F(H2WireScene, DrainsInTwoStepsAndLetsStreamsFinish) {
  start();
  H2Client& client = open();
  const std::uint64_t id = ask(client, get(1));
  int drained = 0;
  terminator->drain([&] { ++drained; });
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kPing) != nullptr; }));
  EXPECT_EQ(client.find(h2::kGoaway)->payload.substr(0, 4), "\x7f\xff\xff\xff");
  const std::uint64_t late = ask(client, get(3));  // it crossed our goodbye
  client.tls->send(h2::ping(client.find(h2::kPing)->payload, h2::kAck));
  respond(id, "last");
  respond(late, "and late");
  ASSERT_TRUE(turn_until([&] { return client.tls->ended; }));
  EXPECT_EQ(client.body(1), "last");
  EXPECT_EQ(client.body(3), "and late");
  client.tls->socket.reset();
  ASSERT_TRUE(turn_until([&] { return drained == 1; }));
}

TEST_F(H2WireScene, WithoutAnAnswererTheClientIsToldToComeBack) {
  start();
  H2Client& client = open();
  ask(client, get(1));
  answerer->send(Type::ResponseEnd, 99, "");  // the channel breaks
  ASSERT_TRUE(turn_until([&] { return client.ended(1); }));
  client.tls->send(get(3));
  ASSERT_TRUE(turn_until([&] { return client.ended(3); }));
  EXPECT_EQ(client.find(h2::kHeaders, 3)->value(":status"), "503");
  EXPECT_EQ(client.find(h2::kHeaders, 3)->value("retry-after"), "1");
}

TEST_F(H2WireScene, AfterItsShareOfExchangesAConnectionIsReplaced) {
  limits.exchanges_per_connection = 2;
  start();
  H2Client& client = open();
  respond(ask(client, get(1)), "one");
  ASSERT_TRUE(turn_until([&] { return client.ended(1); }));
  EXPECT_EQ(client.find(h2::kGoaway), nullptr);
  respond(ask(client, get(3)), "two");
  ASSERT_TRUE(turn_until([&] { return client.find(h2::kGoaway) != nullptr && client.ended(3); }));
}

// Two clients of one listener, each with the version that it asked for.
class AlpnScene : public TerminatorScene {};

TEST_F(AlpnScene, Http2BytesOnAnHttp11ConnectionAreRefusedAsHttp11) {
  start();
  Client& client = connect();
  client.send(std::string(h2::kPreface) + h2::settings());
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestRefused) == 1; }));
  ipc::RequestRefused wire;
  ASSERT_TRUE(ipc::decode(find(Type::RequestRefused)->payload, wire));
  EXPECT_EQ(wire.refusal, base::Refusal::VersionNotSupported);
  EXPECT_EQ(wire.excerpt, "PRI * HTTP/2.0");
}

}  // namespace
}  // namespace postern::terminator
