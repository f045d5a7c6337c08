// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What RFC 9113 sections 4 to 6 demand of a server beyond h2_session_test.cc: what must be taken, and what our own frames must be.
// tests/unit/http/CLAUSES.md lists every MUST with its test.
#include "gateway/http/h2_session.h"
#include "tests/unit/http/h2_scene.h"

namespace postern::http::h2 {
namespace {

class Http2Clause : public Http2Scene {
 protected:
  void expect_served(std::uint32_t stream) {
    send(get(stream));
    EXPECT_TRUE(session->fault().ok()) << session->fault().sentence;
    EXPECT_NE(told.log.find("request " + std::to_string(stream) + " GET /a\n"), std::string::npos)
        << told.log;
  }
  std::uint32_t last_stream() const {
    const Sent* goaway = find(kGoaway);
    if (goaway == nullptr) return ~0U;
    std::uint32_t value = 0;
    for (const char c : std::string_view(goaway->payload).substr(0, 4))
      value = value * 256 + static_cast<unsigned char>(c);
    return value;
  }
};

TEST_F(Http2Clause, TheReservedBitIsPassedOver) {  // 4.1, 5.1.1, 6.9
  send(headers(0x80000001U, request(), kEndStream) + window(0x80000001U, 0x80000005U));
  EXPECT_EQ(told.log, "request 1 GET /a\n");
  EXPECT_TRUE(session->fault().ok());
}

TEST_F(Http2Clause, FlagsWithoutAMeaningArePassedOver) {  // 4.1
  send(headers(1, request(), kEndStream | 0xd2U) + frame(kPing, 0xfe, 0, "12345678") +
       frame(kSettings, 0xfe, 0, ""));
  EXPECT_EQ(told.log, "request 1 GET /a\n");
  EXPECT_TRUE(session->fault().ok());
}

TEST_F(Http2Clause, NoFrameIsLargerThanWasAllowed) {  // 4.2
  const std::string large(16385, 'x');
  for (const std::string& bytes : {frame(kHeaders, kEndHeaders, 1, large),
                                   frame(kSettings, 0, 0, large + "xxxxx"), frame(0x77, 0, 0, large)}) {
    SCOPED_TRACE(static_cast<int>(bytes[3]));
    start({});
    send(bytes);
    expect_broken(NGHTTP2_FRAME_SIZE_ERROR);
  }
  start({});
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}}) + window(0, 1 << 20) + get(1));
  respond(1, 200, std::string(100'000, 'x'));
  produce();
  std::size_t bytes = 0;
  for (const Sent& sent : frames) {
    EXPECT_LE(sent.payload.size(), 16384U);
    bytes += sent.type == kData ? sent.payload.size() : 0;
  }
  EXPECT_EQ(bytes, 100'000U);
}

TEST_F(Http2Clause, ATableLargerThanWasAllowedEndsTheConnection) {                        // 4.3.1
  send(frame(kHeaders, kEndHeaders | kEndStream, 1, "\x3f\xe2\x1f" + block(request())));  // 4,097 bytes
  expect_broken(NGHTTP2_COMPRESSION_ERROR);
  start({});
  send(frame(kHeaders, kEndHeaders | kEndStream, 1, "\x3f\xe1\x1f" + block(request())));  // 4,096
  EXPECT_EQ(told.log, "request 1 GET /a\n");
}

TEST_F(Http2Clause, AHeadOnARefusedStreamIsUnpackedAllTheSame) {  // 4.3: the table is the connection's
  Http2Limits limits;
  limits.streams = 1;
  start(limits, "");
  send(post(1));
  // Of the second, which is refused, one field goes into the table; the third one uses it.
  const std::string kept = "\x40" + text("x-kept") + text("1");
  send(frame(kHeaders, kEndHeaders | kEndStream, 3, block(request()) + kept));
  EXPECT_EQ(find(kReset, 3)->code(), std::uint32_t{NGHTTP2_REFUSED_STREAM});
  respond(1, 200, "");
  send(data(1, "", kEndStream));
  send(frame(kHeaders, kEndHeaders | kEndStream, 5, block(request()) + "\xbe"));
  EXPECT_EQ(told.last.fields.find("x-kept"), "1");
}

TEST_F(Http2Clause, WhatComesBehindARefusedHeadIsPassedOver) {  // 5.1, 5.1.2: it was sent before our reset
  Http2Limits limits;
  limits.streams = 1;
  start(limits, "");
  send(post(1) + post(3) + data(3, "x") + headers(3, {{"x-t", "v"}}, kEndStream) + data(1, "y", kEndStream));
  ASSERT_TRUE(session->fault().ok()) << session->fault().sentence;
  EXPECT_EQ(find(kReset, 3)->code(), std::uint32_t{NGHTTP2_REFUSED_STREAM});
  EXPECT_EQ(told.log, "request 1 POST /a\nbody 1\nend 1\n");
}

TEST_F(Http2Clause,
       AStreamHalfClosedByItsRequestTakesWindowsPrioritiesAndAReset) {  // 5.1 half-closed (remote)
  send(get(1) + window(1, 100) + frame(kPriority, 0, 1, number(0, 4) + "x") + reset(1));
  EXPECT_EQ(told.log, "request 1 GET /a\ngone 1\n");
  expect_served(3);
}

TEST_F(Http2Clause, AClosedStreamTakesWindowsPrioritiesAndAReset) {  // 5.1 closed
  send(get(1));
  respond(1, 200, "");
  produce();
  send(window(1, 100) + frame(kPriority, 0, 1, number(0, 4) + "x") + reset(1));
  expect_served(3);
}

TEST_F(Http2Clause, AResetIsNotAnsweredWithAReset) {  // 5.4.2
  send(post(1) + reset(1));
  EXPECT_EQ(find(kReset, 1), nullptr);
  send(post(3));
  session->reset(3, Http2Session::Reset::Cancel);
  produce();
  ASSERT_NE(find(kReset, 3), nullptr);
  send(reset(3));
  EXPECT_EQ(find(kReset, 3), nullptr);
  expect_served(5);
}

TEST_F(Http2Clause, AHigherStreamClosesTheIdleOnesBelow) {  // 5.1.1
  for (const std::string& late : {get(3), data(3, "x")}) {
    start({});
    send(get(5) + late);
    EXPECT_FALSE(session->fault().ok());
  }
  start({});
  send(get(5) + frame(kPriority, 0, 3, number(0, 4) + "x"));
  EXPECT_TRUE(session->fault().ok());
}

TEST_F(Http2Clause, HeadsDoNotWaitForAWindow) {  // 5.2.1
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) + get(1));
  respond(1, 200, "body");
  produce();
  EXPECT_EQ(find(kHeaders, 1)->value(":status"), "200");
  EXPECT_EQ(find(kData, 1), nullptr);
  send(get(3));
  respond(3, 204, "");
  produce();
  EXPECT_EQ(find(kHeaders, 3)->flags & kEndStream, kEndStream);
}

TEST_F(Http2Clause, AnErrorOfTheConnectionNamesTheLastStreamThatWasServed) {  // 5.4.1
  send(get(1) + get(7) + frame(kPing, 0, 1, "12345678"));
  expect_broken();
  EXPECT_EQ(last_stream(), 7U);
  told.log.clear();
  send(get(9));  // and nothing is read behind it
  EXPECT_EQ(told.log.find("request"), std::string::npos);
}

TEST_F(Http2Clause, PaddingCountsAgainstTheWindow) {  // 6.1, 6.9.1
  send(post(1));
  const std::string padded = std::string(1, '\xff') + std::string(100, 'x') + std::string(255, '\0');
  std::size_t frames_sent = 0;
  while (find(kReset, 1) == nullptr && frames_sent < 1000) {
    send(frame(kData, kPadded, 1, padded));
    ++frames_sent;
  }
  // 128 KiB in frames of 356 bytes; nghttp2 gives the padding back as it comes, so at most that many are bytes of the body.
  ASSERT_NE(find(kReset, 1), nullptr);
  EXPECT_EQ(find(kReset, 1)->code(), std::uint32_t{NGHTTP2_FLOW_CONTROL_ERROR});
  EXPECT_LE(told.body.size(), 128U << 10U);
}

TEST_F(Http2Clause, APaddedFrameHasRoomForItsPadding) {  // 6.1, 6.2
  for (const std::string& bytes :
       {post(1) + frame(kData, kPadded, 1, ""), frame(kHeaders, kPadded | kEndHeaders, 1, ""),
        frame(kHeaders, kEndHeaders | 0x20U, 1, "1234")}) {
    start({});
    send(bytes);
    EXPECT_FALSE(session->fault().ok());
    ASSERT_NE(find(kGoaway), nullptr);
  }
}

TEST_F(Http2Clause, AHeadMayCarryAPriorityAndPadding) {  // 6.2
  send(frame(kHeaders, kEndHeaders | kEndStream | kPadded | 0x20U, 1,
             "\x02" + number(0, 4) + "x" + block(request()) + std::string(2, '\0')));
  EXPECT_EQ(told.log, "request 1 GET /a\n");
}

TEST_F(Http2Clause, APriorityHasFiveBytes) {  // 6.3, 5.4.2
  send(get(1) + frame(kPriority, 0, 1, "1234"));
  expect_broken(NGHTTP2_FRAME_SIZE_ERROR);
}

TEST_F(Http2Clause, OfASettingThatStandsTwiceTheLastOneCounts) {  // 6.5.3
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 2}}) +
       get(1));
  respond(1, 200, "abcd");
  produce();
  EXPECT_EQ(find(kData, 1)->payload, "ab");
}

TEST_F(Http2Clause, EverySettingsFrameIsAcknowledgedOnceAndAcknowledgementsAreNot) {  // 6.5.3
  send(settings({{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}) + settings() + settings());
  EXPECT_EQ(std::count_if(frames.begin(), frames.end(), [](const Sent& s) { return s.type == kSettings; }),
            3);
  for (const Sent& sent : frames) EXPECT_TRUE(sent.type != kSettings || (sent.flags & kAck) == kAck);
  start({}, "");
  send(frame(kSettings, kAck, 0, ""));
  EXPECT_TRUE(frames.empty());
}

TEST_F(Http2Clause, OurSettingsOfferNoPush) {  // 6.5.2: a server says 0 or nothing
  session = std::make_unique<Http2Session>(Http2Limits{}, told);
  produce();
  const std::string& payload = frames.at(0).payload;
  for (std::size_t at = 0; at + 6 <= payload.size(); at += 6)
    EXPECT_FALSE(payload.substr(at, 2) == number(NGHTTP2_SETTINGS_ENABLE_PUSH, 2) &&
                 payload.substr(at + 2, 4) != number(0, 4));
}

TEST_F(Http2Clause, TheClientsTableIsNotOverrun) {  // 6.5.2, RFC 7541 4.2
  send(settings({{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0}}) + get(1));
  respond(1, 200, "");
  produce();
  const Sent* sent = find(kHeaders, 1);
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(static_cast<unsigned char>(sent->payload[0]) & 0xe0U, 0x20U)
      << "begins with the new size of the table";
  EXPECT_EQ(static_cast<unsigned char>(sent->payload[0]) & 0x1fU, 0U);
}

TEST_F(Http2Clause, SettingsOfExtensionsHaveTheirValues) {  // RFC 8441 3, RFC 9218 2.1
  for (const auto& wrong : std::vector<std::pair<int, std::uint32_t>>{
           {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 2}, {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 2}}) {
    start({});
    send(settings({wrong}));
    expect_broken();
  }
  start({});
  send(settings({{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}}));
  expect_broken();  // the first SETTINGS said otherwise
}

TEST_F(Http2Clause, AnEvenStreamIsIdle) {  // 5.1, 5.1.1
  for (const std::string& bytes : {data(2, "x"), reset(2), window(2, 1)}) {
    start({});
    send(get(5) + bytes);
    expect_broken();
  }
}

TEST_F(Http2Clause, AnswersToPingsAreNotAnswered) {  // 6.7
  send(ping("12345678", kAck));
  EXPECT_TRUE(frames.empty());
  EXPECT_TRUE(session->fault().ok());
}

TEST_F(Http2Clause, AClientsGoawayEndsNothingThatRuns) {  // 6.8
  send(post(1) + frame(kGoaway, 0, 0, number(0, 8) + "why"));
  EXPECT_TRUE(session->fault().ok());
  send(data(1, "x", kEndStream));
  EXPECT_NE(told.log.find("end 1\n"), std::string::npos);
  respond(1, 200, "still");
  produce();
  EXPECT_EQ(find(kData, 1)->payload, "still");
  start({});
  send(frame(kGoaway, 0, 0, "1234567"));
  expect_broken(NGHTTP2_FRAME_SIZE_ERROR);
}

TEST_F(Http2Clause, AWindowIsNotGrownTooFarBySettings) {  // 6.9.2
  send(get(1) + window(1, 0x7FFFFFFF - 65535));
  EXPECT_TRUE(session->fault().ok());
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65536}}));
  expect_broken(NGHTTP2_FLOW_CONTROL_ERROR);
}

TEST_F(Http2Clause, AContinuationFollowsAHeadThatIsNotComplete) {  // 6.10
  for (const std::string& before : {get(1), post(1), std::string()}) {
    start({});
    send(before + frame(kContinuation, kEndHeaders, 1, block({{"x-a", "b"}})));
    EXPECT_FALSE(session->fault().ok());
    ASSERT_NE(find(kGoaway), nullptr);
  }
}

TEST_F(Http2Clause, AGoawayOfOursIsFollowedByNoNewStream) {  // 6.8
  send(get(1));
  session->shut_down();
  produce();
  EXPECT_EQ(last_stream(), 0x7FFFFFFFU);
  EXPECT_EQ(find(kGoaway)->code(), std::uint32_t{NGHTTP2_NO_ERROR});
  ASSERT_NE(find(kPing), nullptr);
  send(get(3) + frame(kPing, kAck, 0, find(kPing)->payload));  // what was under way is served
  EXPECT_EQ(last_stream(), 3U);
  told.log.clear();
  send(get(5));
  EXPECT_EQ(told.log.find("request"), std::string::npos);
  respond(1, 200, "one");
  respond(3, 200, "three");
  produce();
  EXPECT_EQ(find(kData, 1)->payload, "one");
  EXPECT_EQ(find(kData, 3)->payload, "three");
}

TEST_F(Http2Clause, WhatWasUnderWayBeforeOurGoawayIsPassedOver) {  // 6.8
  send(post(1));
  session->shut_down_now();
  produce();
  send(post(3) + data(3, "x") + data(3, "x"));
  send(data(3, "x") + headers(3, {{"x-t", "v"}}, kEndStream) + data(1, "y", kEndStream));
  ASSERT_TRUE(session->fault().ok()) << session->fault().sentence;
  EXPECT_EQ(told.log, "request 1 POST /a\nbody 1\nend 1\n");
  // But not without end.
  std::string heads;
  for (std::uint32_t stream = 5; stream < 3005; stream += 2) heads += get(stream);
  send(heads);
  expect_flood();
}

}  // namespace
}  // namespace postern::http::h2
