// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/ws_frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace postern::http {
namespace {

using From = WsDecoder::From;

// A frame as a client would write it, also such as no client would.
struct Raw {
  unsigned first = 0x81;
  std::string payload;
  bool masked = true;
  int length_bytes = -1;  // 0, 2 or 8; below 0: as many as it takes
};
std::string write(const Raw& raw) {
  constexpr std::string_view kMask = "\x37\xFA\x21\x3D";
  std::string out(1, static_cast<char>(raw.first));
  const std::size_t size = raw.payload.size();
  const int bytes = raw.length_bytes >= 0 ? raw.length_bytes : size < 126 ? 0 : size < 65536 ? 2 : 8;
  const unsigned form = bytes == 0 ? static_cast<unsigned>(size) : bytes == 2 ? 126 : 127;
  out += static_cast<char>((raw.masked ? 0x80U : 0U) | form);
  for (int i = bytes; i-- > 0;) out += static_cast<char>(size >> (8 * i) & 255U);
  if (!raw.masked) return out + raw.payload;
  out += kMask;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(raw.payload[i] ^ kMask[i % 4]);
  return out;
}
Raw text(std::string payload) { return {0x81, std::move(payload)}; }

// What a decoder makes of bytes that come in pieces of that size: frames that go on are put together again.
std::string decode(From from, std::string_view bytes, std::size_t piece) {
  WsDecoder decoder(from);
  std::string told, buffer;
  while (true) {
    const WsStep step = decoder.take(buffer);
    buffer.erase(0, step.consumed);
    if (step.state == WsStep::State::Refused) return told + "|" + std::string(step.verdict.sentence);
    if (step.state == WsStep::State::NeedMore) {
      if (bytes.empty()) return told + (decoder.between_frames() ? "" : "|more");
      buffer += bytes.substr(0, piece);
      bytes.remove_prefix(std::min(piece, bytes.size()));
      continue;
    }
    EXPECT_LE(step.frame.payload.size(), kWsPiece);
    if (step.frame.opcode != WsOpcode::Continuation)
      told += "|" + std::to_string(static_cast<int>(step.frame.opcode)) + (step.frame.compressed ? "c" : "") +
              " ";
    told += step.frame.payload;
    if (step.frame.fin) told += ".";
  }
}

TEST(WsDecoder, ReadsTheExamplesOfTheRfc) {
  EXPECT_EQ(decode(From::Client, base::from_hex("818537fa213d7f9f4d5158").value(), 100), "|1 Hello.");
  EXPECT_EQ(decode(From::Server, base::from_hex("810548656c6c6f").value(), 100), "|1 Hello.");
  EXPECT_EQ(decode(From::Server, base::from_hex("010348656c80026c6f").value(), 100), "|1 Hello.");
  EXPECT_EQ(decode(From::Server, base::from_hex("890548656c6c6f").value(), 100), "|9 Hello.");
  EXPECT_EQ(decode(From::Client, base::from_hex("8a8537fa213d7f9f4d5158").value(), 100), "|10 Hello.");
}

TEST(WsDecoder, GivesTheSameWhereverTheBytesAreCut) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 200U, 65'535U, 65'536U, 70'000U}) {
    const std::string payload(size, 'x');
    const std::string bytes =
        write({0x01, payload}) + write({0x89, "ping"}) + write({0x80, "end"}) + write(text("t"));
    const std::string whole = decode(From::Client, bytes, bytes.size());
    EXPECT_EQ(whole, "|1 " + payload + "|9 ping.end.|1 t.");
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 4096U}) {
      if (size < 1000 || piece > 3) {
        EXPECT_EQ(decode(From::Client, bytes, piece), whole) << size << " in " << piece;
      }
    }
  }
}

TEST(WsDecoder, CutsLongFramesAndKeepsTheirMeaning) {
  WsDecoder decoder(From::Client);
  const std::string bytes = write({0xC2, std::string(3 * kWsPiece, 'b')});
  std::string rest = bytes;
  for (int i = 0; i < 3; ++i) {
    const WsStep step = decoder.take(rest);
    ASSERT_EQ(step.state, WsStep::State::Frame);
    EXPECT_EQ(step.frame.opcode, i == 0 ? WsOpcode::Binary : WsOpcode::Continuation);
    EXPECT_EQ(step.frame.compressed, i == 0);
    EXPECT_EQ(step.frame.fin, i == 2);
    EXPECT_EQ(step.frame.payload, std::string(kWsPiece, 'b'));
    rest.erase(0, step.consumed);
  }
}

// Each pair of first bytes, for either side, against the rules written down a second time.
TEST(WsDecoder, JudgesEveryBeginningOfAFrame) {
  for (const From from : {From::Client, From::Server}) {
    for (unsigned first = 0; first < 256; ++first) {
      for (unsigned second = 0; second < 256; ++second) {
        const unsigned opcode = first % 16, length = second % 128;
        const bool control = opcode >= 8;
        const bool good = (first & 0x30U) == 0 && (opcode < 3 || (opcode > 7 && opcode < 11)) &&
                          (second >= 128) == (from == From::Client) &&
                          (!control || (first >= 128 && (first & 0x40U) == 0 && length < 126));
        const std::string bytes{static_cast<char>(first), static_cast<char>(second)};
        WsDecoder decoder(from);
        EXPECT_EQ(decoder.take(bytes).state != WsStep::State::Refused, good) << first << " " << second;
        if (!good) {
          EXPECT_EQ(decoder.take("\x81").state, WsStep::State::Refused) << "nothing follows what was refused";
        }
      }
    }
  }
}

TEST(WsDecoder, WantsLengthsInTheirShortestForm) {
  for (const int bytes : {2, 8})
    EXPECT_NE(decode(From::Client, write({0x81, "x", true, bytes}), 1).find("shortest"), std::string::npos);
  EXPECT_NE(decode(From::Client, write({0x81, std::string(65'535, 'x'), true, 8}), 9000).find("shortest"),
            std::string::npos);
  EXPECT_EQ(decode(From::Client, write({0x82, std::string(126, 'x'), true, 2}), 9000),
            "|2 " + std::string(126, 'x') + ".");
  // 2^63 and more.
  EXPECT_NE(decode(From::Server, std::string("\x82\x7F\x80\0\0\0\0\0\0\0", 10), 10).find("shortest"),
            std::string::npos);
  EXPECT_EQ(decode(From::Server, std::string("\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10), 10), "|more");
}

TEST(WsFrame, TravelsBetweenTheDoorsAsOneByteAndItsPayload) {
  std::string wire;
  to_wire({false, true, WsOpcode::Text, "abc"}, wire);
  EXPECT_EQ(wire, std::string("\x41") + "abc");
  const auto read = from_wire(wire);
  ASSERT_TRUE(read);
  EXPECT_TRUE(!read->fin && read->compressed && read->opcode == WsOpcode::Text && read->payload == "abc");
  std::size_t good = 0;
  for (unsigned first = 0; first < 256; ++first) {
    for (const std::size_t size : {0UL, kWsControl, kWsControl + 1, kWsPiece, kWsPiece + 1}) {
      const std::string bytes = std::string(1, static_cast<char>(first)) + std::string(size, 'x');
      const auto frame = from_wire(bytes);
      good += frame ? 1 : 0;
      if (!frame) continue;
      to_wire(*frame, wire);
      EXPECT_EQ(static_cast<unsigned char>(wire[0]), first);
    }
  }
  // Three opcodes of data with FIN and RSV1 either way in four sizes, three of control whole in two.
  EXPECT_EQ(good, 3U * 4 * 4 + 3U * 2);
  EXPECT_FALSE(from_wire(""));
}

TEST(WsFrame, IsWrittenInTheShortestFormAndReadBackByTheOtherSide) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U}) {
    const std::string payload(size, 'p');
    std::string plain, masked;
    write_ws_frame(plain, {true, false, WsOpcode::Binary, payload});
    write_ws_frame(masked, {true, false, WsOpcode::Binary, payload}, WsMask{1, 2, 3, 4});
    EXPECT_EQ(plain, write({0x82, payload, false}));
    EXPECT_EQ(decode(From::Server, plain, 5000), "|2 " + payload + ".");
    EXPECT_EQ(decode(From::Client, masked, 5000), "|2 " + payload + ".");
  }
}

bool is_text(const std::vector<std::string_view>& pieces) {
  Utf8Pieces utf8;
  for (const std::string_view piece : pieces)
    if (!utf8.take(piece)) return false;
  return utf8.complete();
}

TEST(Utf8Pieces, AgreesWithTheWholeTextOnEverySequenceOfThreeBytesAndEveryCut) {
  for (unsigned value = 0; value < 1U << 24U; value += value < 0x30000 ? 1 : 61) {
    const std::string bytes{static_cast<char>(value >> 16U), static_cast<char>(value >> 8U & 255U),
                            static_cast<char>(value & 255U)};
    const std::string_view all(bytes);
    const bool good = base::is_utf8(all);
    ASSERT_EQ(is_text({all}), good) << value;
    ASSERT_EQ(is_text({all.substr(0, 1), all.substr(1)}), good) << value;
    ASSERT_EQ(is_text({all.substr(0, 2), all.substr(2)}), good) << value;
  }
  for (const char* four : {"\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_text({four}));
  for (const char* four : {"\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xED\xA0\x80"})
    EXPECT_FALSE(is_text({four}));
}

class WsJudgeTest : public ::testing::Test {
 protected:
  WsVerdict take(bool fin, WsOpcode opcode, std::string_view payload = {}, bool compressed = false) {
    return judge.judge({fin, compressed, opcode, payload}, now);
  }
  WsClose code(bool fin, WsOpcode opcode, std::string_view payload = {}, bool compressed = false) {
    return take(fin, opcode, payload, compressed).close;
  }
  base::Nanos now = base::kSecond;
  WsJudge judge{100, false};
};
constexpr auto kText = WsOpcode::Text, kMore = WsOpcode::Continuation, kPing = WsOpcode::Ping,
               kBye = WsOpcode::Close;

TEST_F(WsJudgeTest, CountsMessagesOfFramesWithControlFramesBetweenThem) {
  EXPECT_TRUE(take(false, kText, "ab").ok() && take(true, kPing, "p").ok() && take(false, kMore, "").ok());
  EXPECT_TRUE(take(true, kMore, "cd").ok() && take(true, WsOpcode::Binary, "\xFF").ok());
  EXPECT_EQ(judge.messages(), 2U);
  EXPECT_EQ(judge.bytes(), 5U);
}

TEST_F(WsJudgeTest, RefusesFragmentsInAnotherOrder) {
  EXPECT_EQ(code(true, kMore, "x"), WsClose::ProtocolError);
  WsJudge other{100, false};
  EXPECT_TRUE(other.judge({false, false, kText, "a"}, now).ok());
  EXPECT_EQ(other.judge({true, false, kText, "b"}, now).close, WsClose::ProtocolError);
}

TEST_F(WsJudgeTest, WantsTextToBeUtf8OverItsFragments) {
  EXPECT_TRUE(take(false, kText, "\xE2\x82").ok() && take(true, kMore, "\xAC").ok());
  EXPECT_TRUE(take(false, kText, "\xE2").ok());
  EXPECT_EQ(code(true, kMore, ""), WsClose::InvalidData);
  WsJudge early{100, false};
  EXPECT_EQ(early.judge({false, false, kText, "\xC0"}, now).close, WsClose::InvalidData)
      << "at once, not at the end";
}

TEST_F(WsJudgeTest, TakesCompressedMessagesOnlyWhereThatWasAgreedOn) {
  EXPECT_EQ(code(true, kText, "\xFF", true), WsClose::ProtocolError);
  WsJudge deflate{100, true};
  EXPECT_TRUE(deflate.judge({false, true, kText, "\xFF"}, now).ok());
  EXPECT_TRUE(deflate.message_compressed());
  EXPECT_EQ(deflate.judge({true, true, kMore, "\xFF"}, now).close, WsClose::ProtocolError)
      << "the first one alone says so";
}

TEST_F(WsJudgeTest, EndsAMessageThatIsTooLong) {
  EXPECT_TRUE(take(true, kText, std::string(100, 'x')).ok());
  EXPECT_TRUE(take(false, kText, std::string(60, 'x')).ok());
  EXPECT_EQ(code(false, kMore, std::string(41, 'x')), WsClose::TooBig);
}

TEST_F(WsJudgeTest, KnowsWhichCodesAreSent) {
  for (unsigned value = 0; value < 65'536; ++value) {
    const std::string payload{static_cast<char>(value >> 8U), static_cast<char>(value & 255U)};
    const bool good =
        (value > 999 && value < 1004) || (value > 1006 && value < 1015) || (value > 2999 && value < 5000);
    WsJudge one{100, false};
    EXPECT_EQ(one.judge({true, false, kBye, payload}, now).ok(), good) << value;
    EXPECT_TRUE(one.closed());
    if (good) {
      EXPECT_EQ(one.close_code(), value);
    }
  }
}

TEST_F(WsJudgeTest, TakesNothingBehindAClose) {
  EXPECT_TRUE(take(true, kBye).ok());
  EXPECT_EQ(judge.close_code(), 1005);
  EXPECT_EQ(code(true, kText, "x"), WsClose::ProtocolError);
  WsJudge half{100, false}, reason{100, false};
  EXPECT_EQ(half.judge({true, false, kBye, "\x03"}, now).close, WsClose::ProtocolError);
  EXPECT_EQ(reason.judge({true, false, kBye, "\x03\xE8\xFF"}, now).close, WsClose::InvalidData);
}

TEST_F(WsJudgeTest, EndsAFloodAndNotAHeartbeat) {
  for (int i = 0; i < 1000; ++i, now += base::kSecond / 2) ASSERT_TRUE(take(true, kPing).ok());
  int passed = 0;
  while (passed < 1000 && take(true, kPing).ok()) ++passed;
  EXPECT_EQ(passed, 100);
  WsJudge empty{100, false};
  EXPECT_TRUE(empty.judge({false, false, kText, ""}, now).ok());
  passed = 0;
  while (passed < 1000 && empty.judge({false, false, kMore, ""}, now).ok()) ++passed;
  EXPECT_EQ(passed, 99);
}

}  // namespace
}  // namespace postern::http
