// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "gateway/http/h1_body.h"

namespace postern::http {
namespace {

struct Decoded {
  BodyState state = BodyState::More;
  std::string content;
  std::size_t consumed = 0;
  std::string trailers;

  bool operator==(const Decoded&) const = default;
};

// The bytes arrive in pieces that end at the multiples of step.
Decoded decode(Framing framing, std::string_view bytes, std::size_t step, BodySide side = BodySide::Request) {
  BodyDecoder decoder(framing, side);
  Decoded out;
  for (std::size_t arrived = 0; out.state == BodyState::More;
       arrived = std::min(arrived + step, bytes.size())) {
    const bool last = arrived == bytes.size();
    while (true) {
      const BodyStep one = decoder.feed(bytes.substr(out.consumed, arrived - out.consumed));
      out.consumed += one.consumed;
      out.content += one.piece;
      out.state = one.state;
      if (one.state != BodyState::More || one.consumed == 0) break;
    }
    if (last) break;
  }
  if (out.state == BodyState::Refused) {
    EXPECT_FALSE(decoder.verdict().ok());
    out.consumed = 0;  // how far it got depends on the cuts
  }
  decoder.trailers().for_each(
      [&](const Field& f) { out.trailers.append(f.name).append("=").append(f.value).append(";"); });
  return out;
}

constexpr Framing kChunked{BodyKind::Chunked, 0};
constexpr std::string_view kWire =
    "5\r\nhello\r\n1\r\n \r\n00A\r\n0123456789\r\n0\r\nX-Sum: 7\r\nX-Two: \r\n\r\nGET /next";

TEST(BodyDecoder, ChunkedGivesTheSameForEverySizeOfPieces) {
  const Decoded whole = decode(kChunked, kWire, kWire.size());
  EXPECT_EQ(whole.state, BodyState::Done);
  EXPECT_EQ(whole.content, "hello 0123456789");
  EXPECT_EQ(whole.trailers, "x-sum=7;x-two=;");
  EXPECT_EQ(kWire.substr(whole.consumed), "GET /next");
  for (std::size_t step = 1; step < kWire.size(); ++step)
    EXPECT_EQ(decode(kChunked, kWire, step), whole) << step;
}

TEST(BodyDecoder, DamageGivesTheSameForEverySizeOfPieces) {
  std::mt19937 random(7);
  const std::string_view bytes("\r\n\t ;0aG:", 9);
  for (int round = 0; round < 20000; ++round) {
    std::string wire(kWire);
    wire[random() % wire.size()] = bytes[random() % bytes.size()];
    if (random() % 2 == 0) wire.erase(random() % wire.size(), 1);
    const Decoded whole = decode(kChunked, wire, wire.size());
    ASSERT_EQ(decode(kChunked, wire, 1), whole) << wire;
    ASSERT_EQ(decode(kChunked, wire, 1 + random() % wire.size()), whole) << wire;
    const Decoded answer = decode(kChunked, wire, wire.size(), BodySide::Response);
    ASSERT_EQ(decode(kChunked, wire, 1 + random() % wire.size(), BodySide::Response), answer) << wire;
  }
}

TEST(BodyDecoder, ChunkExtensionsAreRefusedFromClientsAndPassedOverFromTheComponent) {
  const std::string long_one(BodyDecoder::kMaxExtensionBytes, 'x');
  for (const std::string& extension :
       {std::string(";a"), std::string(";a=b;c"), std::string(" ;\ta = \"b;c \\\" d\""), std::string("  "),
        ";" + long_one}) {
    const std::string wire = "2" + extension + "\r\nab\r\n0" + extension + "\r\nX-Sum: 7\r\n\r\nHTTP/1.1";
    EXPECT_EQ(decode(kChunked, wire, wire.size()).state, BodyState::Refused) << extension;
    for (std::size_t step = 1; step < wire.size(); ++step) {
      const Decoded out = decode(kChunked, wire, step, BodySide::Response);
      EXPECT_EQ(out.state, BodyState::Done) << extension;
      EXPECT_EQ(out.content, "ab");
      EXPECT_EQ(out.trailers, "x-sum=7;");
      EXPECT_EQ(wire.substr(out.consumed), "HTTP/1.1");
    }
  }
  for (const std::string& extension : {std::string(";a\nb"), std::string(";a\x7f"), std::string(";a\xe9"),
                                       std::string(1, '\0'), ";" + long_one + "y"})
    EXPECT_EQ(decode(kChunked, "2" + extension + "\r\nab\r\n0\r\n\r\n", 3, BodySide::Response).state,
              BodyState::Refused)
        << extension;
}

TEST(BodyDecoder, SizedEndsAtItsSize) {
  for (std::size_t step = 1; step < 8; ++step) {
    const Decoded out = decode({BodyKind::Sized, 5}, "helloGET", step);
    EXPECT_EQ(out.state, BodyState::Done);
    EXPECT_EQ(out.content, "hello");
    EXPECT_EQ(out.consumed, 5U);
  }
  EXPECT_EQ(decode({BodyKind::Sized, 5}, "hell", 2).state, BodyState::More);
  EXPECT_EQ(decode({BodyKind::Sized, 0}, "x", 1).state, BodyState::Done);
  EXPECT_EQ(decode({BodyKind::None, 0}, "x", 1).consumed, 0U);
}

TEST(BodyDecoder, OnlyUntilCloseMayEndWithTheConnection) {
  BodyDecoder stream({BodyKind::UntilClose, 0}, BodySide::Response);
  EXPECT_EQ(stream.feed("abc").piece, "abc");
  EXPECT_EQ(stream.content(), 3U);
  EXPECT_TRUE(stream.close());
  EXPECT_TRUE(stream.done());
  BodyDecoder sized({BodyKind::Sized, 5}, BodySide::Response);
  sized.feed("abc");
  EXPECT_FALSE(sized.close());
  BodyDecoder chunked(kChunked, BodySide::Response);
  chunked.feed("1\r\na\r\n0\r\n");
  EXPECT_FALSE(chunked.close());
}

TEST(BodyDecoder, TrailersThatMayNotBeAreRefusedFromClientsAndDroppedFromTheComponent) {
  const std::string_view wire = "0\r\nSet-Cookie: a=b\r\nX-Sum: caf\xe9\r\n\r\n";
  EXPECT_EQ(decode(kChunked, wire, 3, BodySide::Request).state, BodyState::Refused);
  const Decoded out = decode(kChunked, wire, 3, BodySide::Response);
  EXPECT_EQ(out.state, BodyState::Done);
  EXPECT_EQ(out.trailers, "x-sum=caf\xe9;");
}

TEST(BodyDecoder, TheComponentsBrokenFramingIsTheComponentsFault) {
  BodyDecoder decoder(kChunked, BodySide::Response);
  EXPECT_EQ(decoder.feed("x").state, BodyState::Refused);
  EXPECT_EQ(decoder.verdict().refusal, base::Refusal::ComponentMalformed);
  EXPECT_EQ(decoder.feed("1\r\na").state, BodyState::Refused) << "a refusal lasts";
}

TEST(BodyDecoder, TrailersAreBounded) {
  std::string many = "0\r\n";
  for (std::size_t i = 0; i <= BodyDecoder::kMaxTrailers; ++i) many += "X: a\r\n";
  EXPECT_EQ(decode(kChunked, many + "\r\n", 7).state, BodyState::Refused);
  const std::string endless = "0\r\nX: " + std::string(BodyDecoder::kMaxTrailerBytes, 'a');
  EXPECT_EQ(decode(kChunked, endless, 100).state, BodyState::Refused);
}

TEST(BodyEncoder, WritesWhatTheDecoderReads) {
  std::string wire;
  BodyEncoder encoder(kChunked);
  Fields trailers;
  trailers.put("x-sum", "7");
  EXPECT_TRUE(encoder.write("hello ", wire));
  EXPECT_TRUE(encoder.write("", wire));
  EXPECT_TRUE(encoder.write(std::string(300, 'x'), wire));
  EXPECT_TRUE(encoder.finish(trailers, wire));
  const Decoded out = decode(kChunked, wire, 10);
  EXPECT_EQ(out.content, "hello " + std::string(300, 'x'));
  EXPECT_EQ(out.trailers, "x-sum=7;");
  EXPECT_EQ(ChunkHead(300).text(), "12c\r\n");
  EXPECT_EQ(ChunkHead(0xffffffffffffffffU).text(), "ffffffffffffffff\r\n");
}

TEST(BodyEncoder, NeverWritesMoreOrLessThanWasAnnounced) {
  std::string wire;
  BodyEncoder encoder({BodyKind::Sized, 3});
  EXPECT_FALSE(encoder.write("four", wire));
  EXPECT_TRUE(encoder.write("ab", wire));
  EXPECT_FALSE(encoder.finish({}, wire));
  EXPECT_FALSE(encoder.write("cd", wire));
  EXPECT_TRUE(encoder.write("c", wire));
  EXPECT_TRUE(encoder.finish({}, wire));
  EXPECT_EQ(wire, "abc");
  EXPECT_FALSE(BodyEncoder({BodyKind::None, 0}).write("a", wire));
}

}  // namespace
}  // namespace postern::http
