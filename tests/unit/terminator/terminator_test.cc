// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/terminator/terminator.h"

#include "tests/unit/terminator/scene.h"

namespace postern::terminator {
namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(TerminatorScene, HandsARequestOverAndWritesTheAnswer) {
  start();
  Client& client = connect();
  const std::uint64_t id = request(client, "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-One: 1\r\n\r\n");
  ASSERT_EQ(frames.front().type, Type::ConnectionOpened);
  ipc::ConnectionOpened opened;
  ASSERT_TRUE(ipc::decode(frames.front().payload, opened));
  EXPECT_TRUE(opened.client.starts_with("127.0.0.1:"));
  EXPECT_TRUE(opened.tls.starts_with("TLSv1.3 "));
  const ipc::RequestHead read = head(*find(Type::RequestHead));
  EXPECT_EQ(read.connection, frames.front().id);
  EXPECT_EQ(read.target, "/a?b=c");
  EXPECT_EQ(read.body, ipc::BodyKind::None);
  ASSERT_EQ(read.fields.size(), 2U);
  EXPECT_EQ(read.fields[1].name, "x-one");
  respond(id, "hello");
  ASSERT_TRUE(turn_until([&] { return client.has("hello"); }));
  EXPECT_TRUE(client.got.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(client.has("x-from: answerer\r\n") && client.has("content-length: 5\r\n"));
  const ipc::ExchangeDone end = done();
  EXPECT_TRUE(end.complete);
  EXPECT_EQ(end.response_bytes, 5U);
  EXPECT_EQ(count(Type::RequestEnd), 0U);
}

TEST_F(TerminatorScene, AnswersPipelinedRequestsOneAfterTheOther) {
  start();
  Client& client = connect();
  const std::uint64_t first = request(client, std::string(kGet) + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  for (int i = 0; i < 50; ++i) loop.turn();
  EXPECT_EQ(count(Type::RequestHead), 1U);
  respond(first, "first");
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestHead) == 2; }));
  ASSERT_EQ(head(*find(Type::RequestHead, 1)).target, "/b");
  respond(find(Type::RequestHead, 1)->id, "second");
  ASSERT_TRUE(turn_until([&] { return client.has("second"); }));
  EXPECT_LT(client.got.find("first"), client.got.find("second"));
  EXPECT_EQ(count(Type::ConnectionOpened), 1U);
}

TEST_F(TerminatorScene, TakesTheFramingOffBodies) {
  start();
  Client& client = connect();
  std::uint64_t id = request(client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestEnd) == 1; }));
  EXPECT_EQ(bodies(), "hello");
  respond(id, "");
  id = request(
      client,
      "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nX-T: "
      "v\r\n\r\n");
  EXPECT_EQ(head(*find(Type::RequestHead, 1)).body, ipc::BodyKind::Streamed);
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestEnd) == 2; }));
  EXPECT_EQ(bodies(), "helloabcd");
  std::vector<ipc::WireField> trailers;
  ASSERT_TRUE(ipc::decode_trailers(find(Type::RequestEnd, 1)->payload, trailers));
  ASSERT_EQ(trailers.size(), 1U);
  EXPECT_EQ(trailers[0].name, "x-t");
  respond_head(id, 200, ipc::BodyKind::Streamed);
  answerer->send(Type::ResponseBody, id, "xyz");
  respond_end(id, {{"x-end", "1"}});
  ASSERT_TRUE(turn_until([&] { return client.has("0\r\nx-end: 1\r\n\r\n"); }));
  EXPECT_TRUE(client.has("transfer-encoding: chunked\r\n") && client.has("\r\n\r\n3\r\nxyz\r\n"));
  EXPECT_EQ(done(1).request_bytes, 4U);
}

TEST_F(TerminatorScene, SendsNoMoreOfABodyThanItsCredit) {
  start();
  Client& client = connect();
  const std::string body(300'000, 'x');
  const std::uint64_t id =
      request(client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + body);
  ASSERT_TRUE(turn_until([&] { return bodies().size() == ipc::kInitialCredit; }));
  for (int i = 0; i < 100; ++i) loop.turn();
  EXPECT_EQ(bodies().size(), ipc::kInitialCredit);
  give_credit(id, 100'000);
  ASSERT_TRUE(turn_until([&] { return bodies().size() == ipc::kInitialCredit + 100'000; }));
  give_credit(id, 128'000);
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestEnd) == 1; }));
  EXPECT_EQ(bodies(), body);
  for (const Frame& frame : frames) ASSERT_LE(frame.payload.size(), ipc::kBodyPiece);
}

TEST_F(TerminatorScene, NobodyIsReadWhileMuchWaitsForWhoeverAnswers) {
  constexpr std::size_t kClients = 150;
  start();
  join(elsewhere);
  const std::string body(120'000, 'x');  // within the credit of one exchange
  for (std::size_t i = 1; i <= kClients; ++i) {
    connect().send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 120000\r\n\r\n" + body);
    ASSERT_TRUE(turn_until([&] { return terminator->connections() == i; }));
  }
  ASSERT_TRUE(turn_until([&] { return terminator->waiting() > Terminator::kMuchWaiting; }));
  timeouts.handshake = 300 * base::kMillisecond;
  terminator->set_limits(limits, timeouts);
  Client& late = connect();
  const base::Nanos since = loop.now();
  ASSERT_TRUE(turn_until([&] { return loop.now() - since > 2 * timeouts.handshake; }));
  EXPECT_LT(terminator->waiting(), Terminator::kMuchWaiting + (256U << 10U)) << "one read may come on top";
  ASSERT_TRUE(turn_until([&] {
    elsewhere.turn();
    return count(Type::RequestEnd) == kClients;
  }));
  EXPECT_EQ(bodies().size(), kClients * body.size());
  late.send(kGet);
  ASSERT_TRUE(turn_until([&] {
    elsewhere.turn();
    return count(Type::RequestHead) == kClients + 1;
  })) << "it was not late";
}

TEST_F(TerminatorScene, AClientThatDoesNotReadHoldsBackTheCreditOfTheAnswer) {
  start();
  Client& client = connect();
  const std::uint64_t id = request(client, kGet);
  respond_head(id, 200, ipc::BodyKind::Streamed);
  client.reads = false;
  const std::string piece(ipc::kBodyPiece, 'y');
  std::size_t credit = ipc::kInitialCredit, sent = 0;
  const auto send_some = [&] {
    for (; credit >= piece.size(); credit -= piece.size(), sent += piece.size())
      answerer->send(Type::ResponseBody, id, piece);
    for (const Frame& frame : frames)
      if (frame.type == Type::ResponseCredit) credit += base::BinaryReader(frame.payload).u32();
    std::erase_if(frames, [](const Frame& f) { return f.type == Type::ResponseCredit; });
  };
  for (int i = 0; i < 2000; ++i) {
    send_some();
    loop.turn();
  }
  const std::size_t stuck = sent;
  EXPECT_LT(credit, piece.size());  // the kernel's buffers are full, and so is ours
  client.reads = true;
  ASSERT_TRUE(turn_until([&] {
    send_some();
    return sent > stuck + (1U << 20U);
  }));
}

TEST_F(TerminatorScene, AnswersInTinyPiecesToASlowClientAreNotCutOff) {
  start();
  Client& client = connect();
  const std::uint64_t id = request(client, kGet);
  respond_head(id, 200, ipc::BodyKind::Streamed);
  client.reads = false;
  const std::string piece(ipc::kBodyPiece, 'y');
  // Fills the kernel, then sends one byte a piece: the framing is five times the content.
  std::size_t credit = ipc::kInitialCredit, sent = 0;
  for (int quiet = 0; quiet < 50;) {
    ++quiet;
    for (; credit >= piece.size(); credit -= piece.size(), sent += piece.size(), quiet = 0)
      answerer->send(Type::ResponseBody, id, piece);
    loop.turn();
    for (const Frame& frame : frames)
      if (frame.type == Type::ResponseCredit) credit += base::BinaryReader(frame.payload).u32(), quiet = 0;
    std::erase_if(frames, [](const Frame& f) { return f.type == Type::ResponseCredit; });
  }
  for (; credit > 0; --credit, ++sent) answerer->send(Type::ResponseBody, id, "z");
  for (int i = 0; i < 500; ++i) loop.turn();
  respond_end(id);
  client.reads = true;
  ASSERT_TRUE(turn_until([&] { return client.got.ends_with("0\r\n\r\n") || client.reset; }));
  EXPECT_FALSE(client.reset);
  EXPECT_EQ(done().response_bytes, sent);
}

TEST_F(TerminatorScene, PassesExpectationsAndInterimAnswersOn) {
  start();
  Client& client = connect();
  const std::uint64_t id =
      request(client, "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  EXPECT_TRUE(head(*find(Type::RequestHead)).expects_continue);
  ipc::ResponseHead interim;
  interim.status = 100;
  base::BinaryWriter out;
  ipc::encode(interim, out);
  answerer->send(Type::InformationalHead, id, out.bytes());
  ASSERT_TRUE(turn_until([&] { return client.got == "HTTP/1.1 100 Continue\r\n\r\n"; })) << client.got;
  client.send("x");
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestEnd) == 1; }));
}

TEST_F(TerminatorScene, ResponsesWithoutABodyHaveNone) {
  start();
  Client& client = connect();
  std::uint64_t id = request(client, "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  respond_head(id, 200, ipc::BodyKind::Sized, 1234);
  respond_end(id);
  ASSERT_TRUE(turn_until([&] { return client.got.ends_with("\r\n\r\n"); }));
  EXPECT_TRUE(client.has("content-length: 1234\r\n"));
  for (const int status : {204, 304}) {
    client.got.clear();
    id = request(client, kGet);
    respond_head(id, status, ipc::BodyKind::None);
    respond_end(id);
    ASSERT_TRUE(turn_until([&] { return client.got.ends_with("\r\n\r\n"); }));
    EXPECT_FALSE(client.has("content-length") || client.has("transfer-encoding"));
  }
}

TEST_F(TerminatorScene, Http10GetsItsAnswerAndTheEndOfTheConnection) {
  start();
  for (const char* fields : {"", "Connection: keep-alive\r\n"}) {
    Client& client = connect();
    const std::uint64_t id = request(client, std::string("GET /a HTTP/1.0\r\nHost: h\r\n") + fields + "\r\n");
    respond_head(id, 200, ipc::BodyKind::Streamed);
    answerer->send(Type::ResponseBody, id, "plain");
    respond_end(id);
    ASSERT_TRUE(turn_until([&] { return client.ended; }));
    EXPECT_TRUE(client.got.ends_with("\r\n\r\nplain")) << client.got;
  }
}

TEST_F(TerminatorScene, AnAnswerBeforeTheEndOfTheRequestClosesTheConnection) {
  start();
  Client& client = connect();
  const std::uint64_t id = request(client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  respond(id, "no", 403);
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_TRUE(client.has("connection: close\r\n") && client.got.ends_with("no"));
  EXPECT_TRUE(done().complete);
}

TEST_F(TerminatorScene, OfAMalformedRequestOnlyTheFirstLineIsTold) {
  start();
  Client& client = connect();
  client.send(
      "GET /a HTTP/1.1\r\nHost: h\r\nCookie: secret\r\nBad Name: x\r\n\r\nGET /behind HTTP/1.1\r\nHost: "
      "h\r\n\r\n");
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestRefused) == 1; }));
  ipc::RequestRefused refused;
  ASSERT_TRUE(ipc::decode(find(Type::RequestRefused)->payload, refused));
  EXPECT_EQ(refused.refusal, base::Refusal::Malformed);
  EXPECT_EQ(refused.excerpt, "GET /a HTTP/1.1");
  respond(find(Type::RequestRefused)->id, "bad", 400);
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_TRUE(client.has("connection: close\r\n") && client.got.ends_with("bad"));
  EXPECT_EQ(count(Type::RequestHead), 0U);
}

TEST_F(TerminatorScene, ARefusedRequestIsAnsweredAlsoWhenTheClientHasSaidGoodbye) {
  start();
  Client& client = connect();
  client.send("nonsense\r\n\r\n");
  client.say_goodbye();
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestRefused) == 1; }));
  for (int i = 0; i < 20; ++i) loop.turn();
  EXPECT_EQ(count(Type::ClientGone), 0U);
  respond(find(Type::RequestRefused)->id, "bad", 400);
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_TRUE(client.got.ends_with("bad"));
}

TEST_F(TerminatorScene, WhatAClientSentBeforeItsGoodbyeIsServed) {  // RFC 8446 6.1: it closes one direction
  start();
  Client& upload = connect();
  const std::string body(ipc::kInitialCredit + 10'000, 'x');
  const std::uint64_t id = request(
      upload, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  upload.send(body);
  upload.say_goodbye();
  ASSERT_TRUE(turn_until([&] { return bodies().size() == ipc::kInitialCredit; }));
  ASSERT_FALSE(turn_until([&] { return count(Type::ClientGone) > 0; }, 50)) << "the rest waits for credit";
  give_credit(id, 20'000);
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestEnd) == 1; }));
  EXPECT_EQ(bodies(), body);
  respond(id, "taken");
  ASSERT_TRUE(turn_until([&] { return upload.ended; }));
  EXPECT_TRUE(upload.got.ends_with("taken"));
}

TEST_F(TerminatorScene, WhatAClientPipelinedBeforeItsGoodbyeIsServed) {
  start();
  Client& pipelined = connect();
  pipelined.send(std::string(kGet) + std::string(kGet) + "GET /cut");
  pipelined.say_goodbye();
  for (const std::size_t which : {0U, 1U}) {
    ASSERT_TRUE(turn_until([&] { return count(Type::RequestHead) == which + 1; }));
    respond(find(Type::RequestHead, which)->id, which == 0 ? "one" : "two");
  }
  ASSERT_TRUE(turn_until([&] { return pipelined.ended; }));
  EXPECT_TRUE(pipelined.has("one") && pipelined.got.ends_with("two")) << pipelined.got;
  EXPECT_EQ(count(Type::RequestRefused), 0U);
}

TEST_F(TerminatorScene, ABodyThatIsCutShortByItsClientsGoodbyeIsNotServed) {
  start();
  Client& client = connect();
  client.send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.say_goodbye();
  ASSERT_TRUE(turn_until([&] { return count(Type::ClientGone) == 1; }));
  EXPECT_EQ(count(Type::RequestEnd), 0U);
}

TEST_F(TerminatorScene, AWholeRequestIsAnsweredAlsoWhenTheClientHasSaidGoodbye) {
  start();
  Client& client = connect();
  client.send(kGet);
  client.say_goodbye();
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestHead) == 1; }));
  for (int i = 0; i < 20; ++i) loop.turn();
  EXPECT_EQ(count(Type::ClientGone), 0U);
  respond(find(Type::RequestHead)->id, "all of it");
  ASSERT_TRUE(turn_until([&] { return client.ended; }));
  EXPECT_TRUE(client.got.ends_with("all of it"));
}

TEST_F(TerminatorScene, WhoEndsItsSideOfTheConnectionWithoutAGoodbyeIsGone) {
  start();
  Client& client = connect();
  const std::uint64_t id = request(client, kGet);
  ::shutdown(client.socket.get(), SHUT_WR);
  ASSERT_TRUE(turn_until([&] { return count(Type::ClientGone) == 1; }));
  EXPECT_EQ(find(Type::ClientGone)->id, id);
}

// Its goodbye comes with the last bytes of its handshake, before the tickets were sent.
TEST_F(TerminatorScene, AClientThatLeavesAtOnceStillGetsItsTickets) {
  start();
  terminator->set_ticket_keys({tls::ticket_key()});
  Client& first = connect();
  first.say_goodbye();
  ASSERT_TRUE(turn_until([&] { return first.ended; }));
  EXPECT_FALSE(first.reset);
  Client& second = connect();
  ASSERT_TRUE(turn_until([&] { return second.resumed(); }));
}

TEST_F(TerminatorScene, BodiesAboveTheLimitAreRefused) {
  limits.request_body = 10;
  start();
  const auto refusal = [&](std::string_view request) {
    frames.clear();
    connect().send(request);
    EXPECT_TRUE(turn_until([&] { return count(Type::RequestRefused) == 1; }));
    ipc::RequestRefused refused;
    EXPECT_TRUE(ipc::decode(find(Type::RequestRefused)->payload, refused));
    return refused.refusal;
  };
  // Also one that announced it: whoever answers has refused it by then, with all that can be said of it.
  EXPECT_EQ(refusal("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890"),
            base::Refusal::BodyTooLarge);
  EXPECT_EQ(count(Type::RequestHead), 1U);
  EXPECT_EQ(refusal("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n"),
            base::Refusal::BodyTooLarge);
  EXPECT_EQ(count(Type::RequestHead), 1U);  // it was handed over before its size was known
  EXPECT_EQ(refusal("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            base::Refusal::Malformed);
}

TEST_F(TerminatorScene, AClientThatGoesAwayIsToldOf) {
  start();
  Client& client = connect();
  const std::uint64_t id = request(client, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(turn_until([&] { return bodies() == "abc"; }));
  client.socket.reset();
  const ipc::ExchangeDone end = done();
  EXPECT_FALSE(end.complete);
  EXPECT_EQ(end.request_bytes, 3U);
  ASSERT_NE(find(Type::ClientGone), nullptr);
  EXPECT_EQ(find(Type::ClientGone)->id, id);
  ASSERT_TRUE(turn_until([&] { return count(Type::ConnectionClosed) == 1; }));
  EXPECT_EQ(frames.back().type, Type::ConnectionClosed);
  EXPECT_EQ(terminator->connections(), 0U);
}

TEST_F(TerminatorScene, WhereAllPlacesAreTakenTheLongestAtRestMakesRoom) {
  limits.connections = 3;
  start();
  Client &silent = connect(), &busy = connect();
  const std::uint64_t runs = request(busy, kGet);
  Client& answered = connect();
  respond(request(answered, kGet), "once");
  ASSERT_TRUE(turn_until([&] { return answered.has("once"); }));
  ASSERT_TRUE(turn_until([&] { return terminator->rested() >= base::kSecond; }, 10'000'000));
  Client& late = connect();
  respond(request(late, kGet), "served");
  ASSERT_TRUE(turn_until([&] { return late.has("served"); }));
  EXPECT_TRUE(turn_until([&] { return silent.ended || silent.reset; })) << "it never asked for anything";
  EXPECT_FALSE(answered.ended);
  respond(runs, "all of it");
  EXPECT_TRUE(turn_until([&] { return busy.has("all of it"); }));
  ASSERT_TRUE(turn_until([&] { return count(Type::ConnectionsRefused) == 1; }, 10'000'000));
  ipc::ConnectionsRefused told;
  ASSERT_TRUE(ipc::decode(find(Type::ConnectionsRefused)->payload, told));
  EXPECT_FALSE(told.per_address);
  EXPECT_EQ(told.count, 1U);
}

TEST_F(TerminatorScene, NewcomersArePushedOutByNobody) {
  limits.connections = 2;
  start();
  Client &first = connect(), &second = connect();
  ASSERT_TRUE(turn_until([&] { return terminator->connections() == 2; }));
  Client& third = connect();
  ASSERT_TRUE(turn_until([&] { return third.ended || third.reset; }));
  respond(request(first, kGet), "one");
  respond(request(second, kGet), "two");
  EXPECT_TRUE(turn_until([&] { return first.has("one") && second.has("two"); }));
}

TEST_F(TerminatorScene, OfOneAddressThereAreSoMany) {
  limits.connections_per_address = 2;
  start();
  connect();
  connect();
  ASSERT_TRUE(turn_until([&] { return terminator->connections() == 2; }));
  Client& third = connect();
  ASSERT_TRUE(turn_until([&] { return third.ended || third.reset; }));
  ASSERT_TRUE(turn_until([&] { return count(Type::ConnectionsRefused) == 1; }, 10'000'000));
  ipc::ConnectionsRefused told;
  ASSERT_TRUE(ipc::decode(find(Type::ConnectionsRefused)->payload, told));
  EXPECT_TRUE(told.per_address);
  EXPECT_TRUE(told.client.starts_with("127.0.0.1:"));
}

TEST_F(TerminatorScene, AfterACutTheClientSeesAResetAndNotOneByteMore) {
  start();
  Client& client = connect();
  const std::uint64_t id = request(client, kGet);
  respond_head(id, 200, ipc::BodyKind::Streamed);
  answerer->send(Type::ResponseBody, id, "before");
  ASSERT_TRUE(turn_until([&] { return client.has("before"); }));
  answerer->send(Type::ResponseBody, id, "late");  // in the same turn: it must not leave either
  answerer->send(Type::Cut, id, std::string_view("\1", 1));
  const std::size_t had = client.got.size();
  ASSERT_TRUE(turn_until([&] { return client.reset || client.ended; }));
  EXPECT_TRUE(client.reset);
  EXPECT_EQ(client.got.size(), had);
  const ipc::ExchangeDone end = done();
  EXPECT_FALSE(end.complete);
  EXPECT_EQ(end.after_cut, 0U);
  EXPECT_LE(end.response_bytes, 6U);
  EXPECT_GT(end.ended, 0);
}

TEST_F(TerminatorScene, ARestartOfTheAnswererEndsWhatRanAndIntroducesConnectionsAnew) {
  start();
  Client& begun = connect();
  Client& waiting = connect();
  Client& idle = connect();
  respond(request(idle, kGet), "x");
  const std::uint64_t id = request(begun, kGet);
  respond_head(id, 200, ipc::BodyKind::Streamed);
  answerer->send(Type::ResponseBody, id, "some");
  ASSERT_TRUE(turn_until([&] { return begun.has("some") && idle.got.ends_with("x"); }));
  request(waiting, kGet);
  // What the old one still says is no longer heard.
  answerer->send(Type::ResponseBody, id + 100, "stale");
  join();
  ASSERT_TRUE(turn_until([&] { return begun.reset && waiting.ended; }));
  EXPECT_TRUE(waiting.got.starts_with("HTTP/1.1 502 "));
  idle.got.clear();
  const std::uint64_t again = request(idle, kGet);
  EXPECT_EQ(count(Type::ConnectionOpened), 1U);
  respond(again, "again");
  EXPECT_TRUE(turn_until([&] { return idle.got.ends_with("again"); }));
}

TEST_F(TerminatorScene, AHeadThatTakesTooLongIsRefused) {
  timeouts.head = base::kMillisecond;
  start();
  connect().send("GET /a HT");
  ASSERT_TRUE(turn_until([&] { return count(Type::RequestRefused) == 1; }, 10'000'000));
  ipc::RequestRefused refused;
  ASSERT_TRUE(ipc::decode(find(Type::RequestRefused)->payload, refused));
  EXPECT_EQ(refused.refusal, base::Refusal::RequestTimeout);
}

TEST_F(TerminatorScene, DrainsByEndingEachConnectionAfterItsExchange) {
  start();
  Client& busy = connect();
  Client& idle = connect();
  respond(request(idle, kGet), "x");
  const std::uint64_t id = request(busy, kGet);
  int drained = 0;
  terminator->drain([&] { ++drained; });
  ASSERT_TRUE(turn_until([&] { return idle.ended; }));
  idle.socket.reset();
  EXPECT_EQ(drained, 0);
  respond(id, "last");
  ASSERT_TRUE(turn_until([&] { return busy.ended; }));
  EXPECT_TRUE(busy.has("connection: close\r\n") && busy.got.ends_with("last"));
  busy.socket.reset();
  ASSERT_TRUE(turn_until([&] { return drained > 0; }));
  for (int i = 0; i < 10; ++i) loop.turn();
  EXPECT_EQ(drained, 1);
}

TEST_F(TerminatorScene, WhileItLeavesEachAnswerIsTheLastOfItsConnection) {
  start();
  Client& again = connect();
  respond(request(again, kGet), "one");
  ASSERT_TRUE(turn_until([&] { return again.has("one"); }));
  EXPECT_FALSE(again.has("connection: close"));
  Client& busy = connect();
  const std::uint64_t runs = request(busy, kGet);
  int left = 0;
  terminator->leave([&] { ++left; });
  respond(request(again, kGet), "two");
  ASSERT_TRUE(turn_until([&] { return again.ended; }));
  EXPECT_TRUE(again.has("connection: close"));
  respond(request(connect(), kGet), "it goes on accepting");
  EXPECT_EQ(left, 0) << "what began before still runs";
  respond(runs, "over");
  ASSERT_TRUE(turn_until([&] { return left == 1; }, 10'000'000));
  terminator->stay();
  Client& after = connect();
  respond(request(after, kGet), "three");
  ASSERT_TRUE(turn_until([&] { return after.has("three"); }));
  EXPECT_FALSE(after.has("connection: close"));
}

TEST_F(TerminatorScene, HandsOverWithoutSendingAwayWhoIsAboutToAsk) {
  start();
  Client& fresh = connect();
  ASSERT_TRUE(turn_until([&] { return terminator->connections() == 1; }));
  bool over = false;
  terminator->hand_over([&] { over = true; });
  Client& waits = connect();
  respond(request(fresh, kGet), "answered");
  ASSERT_TRUE(turn_until([&] { return fresh.ended; }));
  EXPECT_TRUE(fresh.has("answered") && fresh.has("connection: close"));
  fresh.socket.reset();
  ASSERT_TRUE(turn_until([&] { return over; }));
  EXPECT_FALSE(waits.ended || waits.reset) << "it is in the queue of the listener";
  EXPECT_EQ(terminator->cut(), 0U);
}

TEST_F(TerminatorScene, AHandOverCutsWhatOutlivesItsLimit) {
  timeouts.hand_over = 50 * base::kMillisecond;
  start();
  Client& busy = connect();
  request(busy, kGet);
  bool over = false;
  terminator->hand_over([&] { over = true; });
  ASSERT_TRUE(turn_until([&] { return over; }, 10'000'000));
  EXPECT_EQ(terminator->cut(), 1U);
}

TEST_F(TerminatorScene, AFrameForAnExchangeThatNeverBeganBreaksTheChannel) {
  start();
  Client& client = connect();
  const std::uint64_t id = request(client, kGet);
  respond(id, "x");
  done();
  respond(id, "again");  // crossed our ExchangeDone: normal
  for (int i = 0; i < 10; ++i) loop.turn();
  request(client, kGet);
  answerer->send(Type::ResponseEnd, id + 7, "");
  ASSERT_TRUE(turn_until([&] { return client.has("HTTP/1.1 502 "); }));
}

TEST_F(TerminatorScene, WhatIsNotTlsEndsTheConnection) {
  start();
  Client& client = connect();
  ASSERT_EQ(::send(client.socket.get(), "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
  client.socket.reset(::dup(client.socket.get()));
  ASSERT_TRUE(turn_until([&] { return client.ended || client.reset || client.failed; }));
  client.socket.reset();
  EXPECT_TRUE(turn_until([&] { return terminator->connections() == 0; }));
  EXPECT_TRUE(frames.empty());
}

TEST_F(TerminatorScene, WithoutAnAnswererTheClientIsToldToComeBack) {
  start();
  Client& client = connect();
  request(client, kGet);
  answerer->send(Type::ResponseEnd, 99, "");  // the channel breaks
  ASSERT_TRUE(turn_until([&] { return client.has("HTTP/1.1 502 "); }));
  Client& next = connect();
  next.send(kGet);
  ASSERT_TRUE(turn_until([&] { return next.has("HTTP/1.1 503 "); }));
  EXPECT_TRUE(next.has("retry-after: 1\r\n"));
}

}  // namespace
}  // namespace postern::terminator
