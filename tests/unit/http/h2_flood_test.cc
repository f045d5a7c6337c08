// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// RFC 9113 section 10.5: what is valid frame by frame and only costs. Each kind ends the connection with
// ENHANCE_YOUR_CALM; what a client does that uses its connection ends none.
#include "tests/unit/http/h2_scene.h"

namespace postern::http::h2 {
namespace {

class Http2Flood : public Http2Scene {
 protected:
  // How often next() was sent before the connection was ended; most: it was not.
  template <typename Next>
  std::size_t until_ended(Next next, std::size_t most = 5'000) {
    std::size_t sent = 0;
    while (sent < most && session->fault().ok()) {
      send(next(sent));
      ++sent;
    }
    return sent;
  }
};

std::uint32_t nth_stream(std::size_t index) { return static_cast<std::uint32_t>(2 * index + 1); }

TEST_F(Http2Flood, OfFramesThatBringNothingOn) {
  for (const std::string& bytes :
       {ping(), settings(), frame(kPriority, 0, 1, number(0, 4) + "x"), window(0, 1), data(1, ""),
        frame(0x77, 0, 0, ""), frame(kData, kPadded, 1, std::string("\x02\0\0", 3))}) {
    start({});
    send(post(1));
    EXPECT_LT(until_ended([&](std::size_t) { return bytes; }), 1'200U) << static_cast<int>(bytes[3]);
    expect_flood();
  }
}

TEST_F(Http2Flood, OfResets) {  // CVE-2023-44487
  EXPECT_LE(until_ended([](std::size_t i) { return get(nth_stream(i)) + reset(nth_stream(i)); }), 201U);
  expect_flood();
}

TEST_F(Http2Flood, OfStreamsThatWeMustReset) {  // the same, by frames that break a stream
  EXPECT_LE(until_ended([](std::size_t i) { return get(nth_stream(i)) + window(nth_stream(i), 0x7FFFFFFF); }),
            201U);
  EXPECT_NE(session->fault().refusal, base::Refusal::None);
}

TEST_F(Http2Flood, OfStreamsBeyondTheLimit) {
  start({}, "");
  std::string all;
  for (std::size_t i = 0; i < 100; ++i) all += get(nth_stream(i));
  send(all);
  EXPECT_LE(until_ended([](std::size_t i) { return get(nth_stream(100 + i)); }), 201U);
  expect_flood();
}

TEST_F(Http2Flood, OfRequestsThatAreNotValid) {
  EXPECT_LE(until_ended([&](std::size_t i) {
              const std::uint32_t stream = nth_stream(i);
              const std::string bytes = headers(stream, {{"Bad", "x"}}, kEndStream);
              if (i > 0) respond(nth_stream(i - 1), 400, "no");
              return bytes;
            }),
            5'000U);
  start({});
  EXPECT_LE(until_ended([](std::size_t i) {
              return headers(nth_stream(i), {{"Bad", "x"}}, kEndStream);
            }),
            51U);
  expect_flood();
}

TEST_F(Http2Flood, OfContinuations) {  // CVE-2024-27316 and its kin
  send(frame(kHeaders, kEndStream, 1, block(request())));
  EXPECT_LE(until_ended([](std::size_t) { return frame(kContinuation, 0, 1, ""); }), 9U);
  expect_flood();
  EXPECT_TRUE(told.log.empty());
}

TEST_F(Http2Flood, OfFieldsThatUnpackToMuch) {  // an HPACK bomb: each byte stands for 4 KiB
  std::string bomb = block(request());
  bomb += '\x40' + text("x") + text(std::string(3'000, 'x'));
  bomb.append(10'000, '\xbe');
  send(frame(kHeaders, kEndHeaders | kEndStream, 1, bomb));
  expect_flood();
  EXPECT_TRUE(told.log.empty());
}

TEST_F(Http2Flood, OfWindowsOfOneByte) {  // CVE-2019-9511
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}}) + get(1));
  session->respond(1, 200, Fields(), false);
  session->body(1, std::string(100'000, 'x'));
  EXPECT_LT(until_ended([](std::size_t) { return window(1, 1); }), 1'200U);
  expect_flood();
}

TEST_F(Http2Flood, IsNotAClientThatReads) {
  send(settings({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65'535}}) + get(1));
  session->respond(1, 200, Fields(), false);
  for (int i = 0; i < 20'000; ++i) {
    session->body(1, std::string(16'384, 'x'));
    produce();
    send(window(1, 16'384) + window(0, 16'384));
  }
  EXPECT_TRUE(session->fault().ok());
}

TEST_F(Http2Flood, IsNotAClientThatKeepsItsConnectionAlive) {
  for (int i = 0; i < 20'000; ++i) {
    now += base::kSecond;
    send(ping());
  }
  EXPECT_TRUE(session->fault().ok());
}

TEST_F(Http2Flood, IsNotAClientThatAsksMuchAndLeavesSome) {
  for (std::size_t i = 0; i < 10'000; ++i) {
    send(get(nth_stream(i)));
    i % 5 == 0 ? send(reset(nth_stream(i))) : respond(nth_stream(i), 200, "x");
    produce();
  }
  EXPECT_TRUE(session->fault().ok());
}

// --- the end in good order: section 6.8

TEST_F(Http2Flood, IsNoneOfThisWhenWeShutDown) {
  send(get(1));
  session->shut_down();
  produce();
  ASSERT_NE(find(kGoaway), nullptr);
  EXPECT_EQ(find(kGoaway)->payload, number(0x7FFFFFFF, 4) + number(0, 4));
  const std::string mark = find(kPing)->payload;
  send(get(3));  // it had not seen it
  EXPECT_NE(told.log.find("request 3"), std::string::npos);
  send(ping(mark, kAck));
  ASSERT_NE(find(kGoaway), nullptr);
  EXPECT_EQ(find(kGoaway)->payload, number(3, 4) + number(0, 4));
  send(get(5));
  EXPECT_EQ(told.log.find("request 5"), std::string::npos);
  EXPECT_FALSE(session->done());
  respond(1, 200, "");
  respond(3, 200, "");
  produce();
  EXPECT_TRUE(session->done());
  EXPECT_TRUE(session->fault().ok());
}

}  // namespace
}  // namespace postern::http::h2
