// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// RFC 9113 sections 3 to 6, clause by clause, as far as a server meets them.
#include "gateway/http/h2_session.h"

#include "tests/unit/http/h2_scene.h"

namespace postern::http::h2 {
namespace {

using Http2SessionScene = Http2Scene;

// --- ordinary exchanges

TEST_F(Http2SessionScene, BeginsWithItsSettings) {  // 3.4, 6.5
  session = std::make_unique<Http2Session>(Http2Limits{}, told);
  produce();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].type, kSettings);
  EXPECT_NE(frames[0].payload.find(number(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2) + number(100, 4)),
            std::string::npos);
}

TEST_F(Http2SessionScene, ARequestIsTheHeadThatHttp11WouldHaveSent) {
  send(headers(1, request("GET", "/a?b=c", {{"accept", "text/html"}, {"cookie", "a=1"}, {"cookie", "b=2"}}),
               kEndStream));
  EXPECT_EQ(told.log, "request 1 GET /a?b=c\n");
  EXPECT_EQ(told.last.fields.find("host"), "h");
  EXPECT_EQ(told.last.fields.find("cookie"), "a=1; b=2");
  EXPECT_EQ(told.last.body, Framing{});
  EXPECT_EQ(told.last.version, Version::Http11);
}

TEST_F(Http2SessionScene, BodiesAreSizedOrChunked) {
  send(post(1, {{"content-length", "5"}}) + data(1, "he") + data(1, "llo", kEndStream));
  EXPECT_EQ(told.last.body, (Framing{BodyKind::Sized, 5}));
  EXPECT_EQ(told.log, "request 1 POST /a\nbody 1\nbody 1\nend 1\n");
  send(post(3) + data(3, "x") + headers(3, {{"x-t", "v"}}, kEndStream));
  EXPECT_EQ(told.last.body.kind, BodyKind::Chunked);
  EXPECT_EQ(told.last.fields.find("transfer-encoding"), "chunked");
  EXPECT_EQ(told.last_trailers.find("x-t"), "v");
  send(post(5) + data(5, "y", kEndStream));
  EXPECT_TRUE(told.last_trailers.empty());
  EXPECT_EQ(told.body, "helloxy");
}

TEST_F(Http2SessionScene, AnswersManyStreamsInAnyOrder) {
  send(get(1) + get(3) + get(5));
  respond(5, 200, "five");
  respond(1, 204, "");
  produce();
  EXPECT_EQ(find(kHeaders, 5)->value(":status"), "200");
  EXPECT_EQ(find(kHeaders, 5)->value("x-from"), "us");
  EXPECT_EQ(find(kData, 5)->payload, "five");
  EXPECT_EQ(find(kHeaders, 1)->flags & kEndStream, kEndStream);
  EXPECT_EQ(told.log.substr(told.log.find("finished")), "finished 5\nfinished 1\n");
  respond(3, 200, "three");
  produce();
  EXPECT_EQ(find(kData, 3)->flags & kEndStream, kEndStream);
}

TEST_F(Http2SessionScene, InterimAnswersAndTrailersGoOut) {
  send(get(1));
  session->interim(1, 103, {});
  Fields fields, trailers;
  session->respond(1, 200, std::move(fields), false);
  session->body(1, "x");
  trailers.put("x-end", "1");
  session->end(1, trailers);
  produce();
  std::vector<std::string> order;
  for (const Sent& sent : frames)
    if (sent.stream == 1) order.push_back(sent.type == kData ? "data" : sent.fields[0].second);
  EXPECT_EQ(order, (std::vector<std::string>{"103", "200", "data", "1"}));
  EXPECT_EQ(frames.back().flags & kEndStream, kEndStream);
}

TEST_F(Http2SessionScene, FieldsOfAnHttp11ConnectionDoNotGoOut) {  // 8.2.2
  send(get(1));
  Fields fields;
  for (const char* name : {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"})
    fields.put(name, "x");
  fields.put("x-kept", "1");
  session->respond(1, 200, std::move(fields), true);
  produce();
  EXPECT_EQ(find(kHeaders, 1)->fields, (List{{":status", "200"}, {"x-kept", "1"}}));
}

TEST_F(Http2SessionScene, AnAnswerBeforeTheEndOfTheRequestResetsWithNoError) {  // 8.1
  send(post(1) + data(1, "x"));
  respond(1, 403, "no");
  produce();
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), std::uint32_t{NGHTTP2_NO_ERROR});
  send(data(1, "still under way", kEndStream));  // it had not seen the reset
  EXPECT_TRUE(session->fault().ok());
}

TEST_F(Http2SessionScene, HowBytesAreCutMakesNoDifference) {
  const std::string bytes = std::string(kPreface) + settings() + frame(kSettings, kAck, 0, "") +
                            post(1, {{"content-length", "5"}}) + data(1, "hello", kEndStream) + ping() +
                            post(3) + data(3, "x") + headers(3, {{"x-t", "v"}}, kEndStream) + get(5) +
                            reset(5) + data(1, "x");
  std::string whole;
  for (const std::size_t piece :
       {bytes.size(), std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{10}}) {
    told = {};
    session = std::make_unique<Http2Session>(Http2Limits{}, told);
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      session->take(std::string_view(bytes).substr(at, piece), now);
    std::string out;
    session->produce(out, 1U << 20U);
    for (std::size_t line = 0; (line = told.log.find("body ")) != std::string::npos;)
      told.log.erase(line, told.log.find('\n', line) + 1 - line);  // a piece is what came together
    const std::string all = told.log + told.body + out;
    if (whole.empty()) whole = all;
    EXPECT_EQ(all, whole) << piece;
    EXPECT_EQ(session->fault().refusal, base::Refusal::Http2ProtocolError);
  }
}

// --- section 5.1, 5.1.1, 5.1.2: streams

TEST_F(Http2SessionScene, DataAfterTheEndOfTheRequestEndsTheConnection) {  // 5.1 half-closed (remote)
  send(get(1) + data(1, "x"));
  expect_broken(NGHTTP2_STREAM_CLOSED);
}

TEST_F(Http2SessionScene, AHeadAfterTheEndOfTheRequestEndsTheConnection) {  // 5.1 half-closed (remote)
  send(get(1) + get(1));
  expect_broken(NGHTTP2_STREAM_CLOSED);
}

TEST_F(Http2SessionScene, DataOnAClosedStreamEndsTheConnection) {  // 5.1 closed
  send(get(1));
  respond(1, 200, "");
  produce();
  send(data(1, "x"));
  expect_broken(NGHTTP2_STREAM_CLOSED);
}

TEST_F(Http2SessionScene, AHeadOnAClosedStreamEndsTheConnection) {  // 5.1 closed
  send(get(1));
  respond(1, 200, "");
  produce();
  send(get(1));
  expect_broken(NGHTTP2_STREAM_CLOSED);
}

TEST_F(Http2SessionScene, DataAfterTheClientsOwnResetEndsTheConnection) {  // 5.1 closed
  send(post(1) + reset(1) + data(1, "x"));
  EXPECT_EQ(told.log, "request 1 POST /a\ngone 1\n");
  expect_broken(NGHTTP2_STREAM_CLOSED);
}

TEST_F(Http2SessionScene, AHeadAfterTheClientsOwnResetEndsTheConnection) {  // 5.1 closed
  send(get(1) + reset(1) + get(1));
  expect_broken(NGHTTP2_STREAM_CLOSED);
}

TEST_F(Http2SessionScene, WhatComesOnAStreamThatWeHaveResetIsPassedOver) {  // 5.1 closed, 5.4.2
  send(post(1));
  session->reset(1, Http2Session::Reset::Cancel);
  produce();
  EXPECT_EQ(find(kReset, 1)->code(), std::uint32_t{NGHTTP2_CANCEL});
  send(data(1, "x") + headers(1, {{"x-t", "v"}}, kEndStream) + window(1, 5) + get(3));
  EXPECT_TRUE(session->fault().ok());
  EXPECT_EQ(told.log, "request 1 POST /a\nrequest 3 GET /a\n");
}

TEST_F(Http2SessionScene, BehindAResetThatHasNotLeftNothingIsRefused) {
  send(post(1));
  session->reset(1, Http2Session::Reset::Cancel);
  session->take(headers(1, {{"x-t", "v"}}, 0), now);  // trailers that do not end the stream
  EXPECT_EQ(told.log, "request 1 POST /a\n");
}

TEST_F(Http2SessionScene, StreamNumbersOnlyRise) {  // 5.1.1
  send(get(5) + get(3));
  expect_broken();
}

TEST_F(Http2SessionScene, ClientsOpenOddStreamsOnly) {  // 5.1.1
  send(get(2));
  expect_broken();
}

TEST_F(Http2SessionScene, FramesOnIdleStreamsEndTheConnection) {  // 5.1 idle
  for (const std::string& bytes : {data(7, "x"), reset(7), window(7, 1)}) {
    SCOPED_TRACE(static_cast<int>(bytes[3]));
    start({});
    send(bytes);
    expect_broken();
  }
}

TEST_F(Http2SessionScene, StreamsBeyondTheLimitAreRefused) {  // 5.1.2
  Http2Limits limits;
  limits.streams = 2;
  start(limits, "");  // before it has seen the limit
  send(get(1) + get(3) + get(5));
  ASSERT_NE(find(kReset, 5), nullptr);
  EXPECT_EQ(find(kReset, 5)->code(), std::uint32_t{NGHTTP2_REFUSED_STREAM});
  EXPECT_EQ(told.log, "request 1 GET /a\nrequest 3 GET /a\n");
  send(data(5, "x"));
  EXPECT_TRUE(session->fault().ok());
  send(frame(kSettings, kAck, 0, "") + get(7));
  expect_broken();
}

// --- section 4 and 6: frames

TEST_F(Http2SessionScene, WhatDoesNotBeginAsHttp2IsEnded) {  // 3.4
  session = std::make_unique<Http2Session>(Http2Limits{}, told);
  send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  expect_broken();
}

TEST_F(Http2SessionScene, TheFirstFrameIsSettings) {  // 3.4
  session = std::make_unique<Http2Session>(Http2Limits{}, told);
  send(std::string(kPreface) + ping());
  expect_broken();
}

TEST_F(Http2SessionScene, FramesOnTheWrongKindOfStreamEndTheConnection) {  // 6.1 to 6.9
  const std::string five(5, 0);
  for (const std::string& bytes :
       {data(0, "x"), headers(0, request(), kEndStream), frame(kPriority, 0, 0, five), reset(0),
        frame(kSettings, 0, 1, ""), frame(kPing, 0, 1, "12345678"), frame(kGoaway, 0, 1, number(0, 8)),
        frame(kContinuation, kEndHeaders, 1, ""), frame(kPush, kEndHeaders, 1, number(2, 4))}) {
    SCOPED_TRACE(static_cast<int>(bytes[3]));
    start({});
    send(bytes);
    expect_broken();
  }
}

TEST_F(Http2SessionScene, FramesOfAWrongSizeEndTheConnection) {  // 4.2, 6.4, 6.5, 6.7, 6.9
  const std::string open = post(1);
  for (const std::string& bytes :
       {open + frame(kReset, 0, 1, "123"), frame(kSettings, 0, 0, "12345"),
        frame(kSettings, kAck, 0, "123456"), frame(kPing, 0, 0, "1234567"),
        open + frame(kWindow, 0, 1, "123"), open + number(16385, 3) + std::string{kData, 0} + number(1, 4)}) {
    SCOPED_TRACE(static_cast<int>(bytes[3]));
    start({});
    send(bytes);
    expect_broken(NGHTTP2_FRAME_SIZE_ERROR);
  }
}

TEST_F(Http2SessionScene, PaddingLongerThanItsFrameEndsTheConnection) {  // 6.1, 6.2
  for (const std::string& bytes : {post(1) + frame(kData, kPadded, 1, "\x05xx"),
                                   frame(kHeaders, kPadded | kEndHeaders, 1, "\xff" + block(request()))}) {
    SCOPED_TRACE(static_cast<int>(bytes[3]));
    start({});
    send(bytes);
    expect_broken();
  }
}

TEST_F(Http2SessionScene, PaddingIsNotPartOfTheBody) {  // 6.1
  send(post(1, {{"content-length", "2"}}) +
       frame(kData, kPadded | kEndStream, 1, std::string("\x03xy\0\0\0", 6)));
  EXPECT_EQ(told.body, "xy");
  EXPECT_NE(told.log.find("end 1"), std::string::npos);
}

TEST_F(Http2SessionScene, SettingsAreAnsweredAndWrongValuesEndTheConnection) {  // 6.5.2, 6.5.3
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100}}));
  EXPECT_EQ(find(kSettings)->flags & kAck, kAck);
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000U}}));
  expect_broken(NGHTTP2_FLOW_CONTROL_ERROR);
  for (const auto& wrong :
       std::vector<std::pair<int, std::uint32_t>>{{NGHTTP2_SETTINGS_ENABLE_PUSH, 2},
                                                  {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16383},
                                                  {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16777216}}) {
    start({});
    send(settings({wrong}));
    expect_broken();
  }
  start({});
  send(settings({{0x77, 5}}));  // unknown: passed over
  EXPECT_TRUE(session->fault().ok());
}

TEST_F(Http2SessionScene, APingIsAnswered) {  // 6.7
  send(ping("abcdefgh"));
  ASSERT_NE(find(kPing), nullptr);
  EXPECT_EQ(find(kPing)->payload, "abcdefgh");
  EXPECT_EQ(find(kPing)->flags & kAck, kAck);
}

TEST_F(Http2SessionScene, AHeadIsNotInterrupted) {  // 6.2, 6.10
  const std::string begun = frame(kHeaders, kEndStream, 1, block(request()));
  EXPECT_FALSE(session->in_head());
  send(begun);
  EXPECT_TRUE(session->in_head());
  send(frame(kContinuation, kEndHeaders, 1, block({{"x-a", "b"}})));
  EXPECT_FALSE(session->in_head());
  EXPECT_EQ(told.last.fields.find("x-a"), "b");
  for (const std::string& bytes :
       {ping(), data(1, "x"), get(3), frame(kContinuation, 0, 3, ""), frame(0x77, 0, 1, "")}) {
    start({});
    send(begun + bytes);
    expect_broken();
  }
}

TEST_F(Http2SessionScene, AWindowThatGrowsTooFarOrByNothingIsAnError) {  // 6.9, 6.9.1
  send(get(1) + window(1, 0));
  EXPECT_TRUE(find(kGoaway) != nullptr || find(kReset, 1) != nullptr);
  start({});
  send(window(0, 0));
  expect_broken();
  start({});
  send(window(0, 0x7FFFFFFF));
  expect_broken(NGHTTP2_FLOW_CONTROL_ERROR);
  start({});
  send(get(1) + window(1, 0x7FFFFFFF));
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), std::uint32_t{NGHTTP2_FLOW_CONTROL_ERROR});
  EXPECT_NE(told.log.find("gone 1"), std::string::npos);
}

TEST_F(Http2SessionScene, FramesOfUnknownTypesArePassedOver) {  // 4.1, 5.5
  send(frame(0x77, 0xff, 0, "anything") + frame(0x78, 0, 9, "else") + get(1));
  EXPECT_EQ(told.log, "request 1 GET /a\n");
}

TEST_F(Http2SessionScene, AHeadThatCannotBeUnpackedEndsTheConnection) {  // 4.3
  send(frame(kHeaders, kEndHeaders | kEndStream, 1, "\xff\xff\xff\xff\xff\xff\xff"));
  expect_broken(NGHTTP2_COMPRESSION_ERROR);
}

TEST_F(Http2SessionScene, AStreamThatDependsOnItselfHarmsNobody) {  // 5.3: priorities are not used any more
  send(get(1) + frame(kPriority, 0, 3, number(3, 4) + "x") + get(3));
  EXPECT_TRUE(session->fault().ok());
}

// --- section 5.2, 6.9: flow control

TEST_F(Http2SessionScene, WaitsForTheClientsWindow) {
  start({});
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 3}}) + get(1) + get(3));
  respond(1, 200, "abcdef");
  produce();
  EXPECT_EQ(find(kData, 1)->payload, "abc");
  EXPECT_EQ(session->pending(1), 3U);
  respond(3, 200, "xy");  // another stream goes on
  produce();
  EXPECT_EQ(find(kData, 3)->payload, "xy");
  send(window(1, 10));
  EXPECT_EQ(find(kData, 1)->payload, "def");
  EXPECT_EQ(told.framed, 8U);
}

TEST_F(Http2SessionScene, ASmallerInitialWindowMayMakeAWindowNegative) {  // 6.9.2
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4}}) + get(1));
  session->respond(1, 200, Fields(), false);
  session->body(1, "abcd");
  produce();
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1}}));
  session->body(1, "ef");
  send(window(1, 3));
  EXPECT_EQ(find(kData, 1), nullptr);  // the window is 0
  send(window(1, 1));
  EXPECT_EQ(find(kData, 1)->payload, "e");
}

TEST_F(Http2SessionScene, AStreamThatIsNotReadHoldsUpNoOther) {
  std::string bytes = post(1) + post(3);
  const std::string piece(16384, 'x');
  for (std::size_t sent = 0; sent < (128U << 10U); sent += piece.size()) bytes += data(1, piece);
  send(bytes);
  EXPECT_TRUE(session->fault().ok());
  EXPECT_EQ(find(kWindow, 1), nullptr);  // nothing was consumed
  std::size_t passed = told.body.size();
  for (int i = 0; i < 100; ++i) {
    send(data(3, piece));
    session->consumed(3, piece.size());
  }
  EXPECT_TRUE(session->fault().ok()) << session->fault().sentence;
  EXPECT_EQ(told.body.size() - passed, 100 * piece.size());
  session->consumed(1, 128U << 10U);
  produce();
  EXPECT_NE(find(kWindow, 1), nullptr);
}

TEST_F(Http2SessionScene, ABodyBeyondTheWindowEndsItsStream) {  // 6.9.1
  const std::string piece(16384, 'x');
  send(post(1));
  for (int i = 0; i < 8; ++i) send(data(1, piece));
  EXPECT_EQ(told.body.size(), 128U << 10U);
  send(data(1, "x"));
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), std::uint32_t{NGHTTP2_FLOW_CONTROL_ERROR});
  EXPECT_EQ(told.body.size(), 128U << 10U);
  EXPECT_TRUE(told.log.ends_with("gone 1\n"));
}

TEST_F(Http2SessionScene, NoMoreIsMadeReadyThanIsAskedFor) {
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}}) + window(0, 1 << 20) + get(1));
  session->respond(1, 200, Fields(), false);
  session->body(1, std::string(100'000, 'x'));
  produce(20'000);
  EXPECT_GE(told.framed, 16'384U);
  EXPECT_LE(told.framed, 20'000U + 16'384U);
  session->reset(1, Http2Session::Reset::Cancel);
  const std::size_t framed = told.framed;
  produce();
  EXPECT_EQ(told.framed, framed);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].type, kReset);
}

TEST_F(Http2SessionScene, AfterAResetNotEvenAHeadThatWasGivenLeaves) {
  send(get(1));
  respond(1, 200, "secret");
  session->reset(1, Http2Session::Reset::Cancel);
  produce();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].type, kReset);
  EXPECT_EQ(told.log, "request 1 GET /a\n");
}

TEST_F(Http2SessionScene, MoreUrgentStreamsGoFirst) {  // RFC 9218
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}}) + window(0, 1 << 20) +
       headers(1, request("GET", "/a", {{"priority", "u=7"}}), kEndStream) +
       headers(3, request("GET", "/a", {{"priority", "u=0, i"}}), kEndStream));
  respond(1, 200, std::string(50'000, 'x'));
  respond(3, 200, std::string(50'000, 'y'));
  produce(1);
  produce();
  std::uint32_t last = 0;
  for (const Sent& sent : frames)
    if (sent.type == kData) last = sent.stream;
  EXPECT_EQ(last, 1U);
}

}  // namespace
}  // namespace postern::http::h2
