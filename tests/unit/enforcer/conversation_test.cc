// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/conversation.h"

#include <gtest/gtest.h>

#include "redact/rules.h"

namespace postern::enforcer {
namespace {

using http::WsClose;
using http::WsFrame;
using http::WsOpcode;

class ConversationTest : public ::testing::Test {
 protected:
  ConversationTest() { start({}); }
  void start(policy::WebSocketRule rule, bool compressed = false) {
    std::vector<redact::Path> paths;
    auto parsed = redact::parse_path("$..password");
    if (parsed.ok()) paths.push_back(*parsed);
    talk.emplace(
        Conversation::Terms{std::move(rule), compressed, redact::Rules::make(paths), std::string(32, 'k')});
  }
  // Of the client, as the terminator hands it over.
  void client(bool fin, WsOpcode opcode, std::string_view payload, bool compressed = false) {
    std::string wire;
    http::to_wire({fin, compressed, opcode, payload}, wire);
    EXPECT_TRUE(talk->take_from_client(wire, base::kSecond));
  }
  void component(bool fin, WsOpcode opcode, std::string_view payload, bool compressed = false) {
    std::string bytes;
    http::write_ws_frame(bytes, {fin, compressed, opcode, payload});
    talk->take_from_component(bytes, base::kSecond);
  }
  void close(bool of_client, unsigned code) {
    const std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 255U)};
    of_client ? client(true, WsOpcode::Close, payload) : component(true, WsOpcode::Close, payload);
  }
  static std::string tell(const WsFrame& frame) {
    std::string out = std::to_string(static_cast<int>(frame.opcode)) + (frame.compressed ? "c" : "") + ":";
    if (frame.opcode == WsOpcode::Close && frame.payload.size() >= 2)
      return out +
             std::to_string(static_cast<unsigned char>(frame.payload[0]) * 256 +
                            static_cast<unsigned char>(frame.payload[1])) +
             " ";
    return out + std::string(frame.payload) + (frame.fin ? ". " : " ");
  }
  // What the client is given, and what the component is sent.
  std::string given() {
    std::string out;
    while (!talk->next_for_client().empty()) {
      out += tell(*http::from_wire(talk->next_for_client()));
      talk->sent_to_client();
    }
    return out;
  }
  std::string sent() {
    http::WsDecoder decoder(http::WsDecoder::From::Client);
    std::string bytes = talk->take_for_component(), out;
    while (true) {
      const http::WsStep step = decoder.take(bytes);
      bytes.erase(0, step.consumed);
      if (step.state != http::WsStep::State::Frame)
        return out + (step.state == http::WsStep::State::Refused ? "REFUSED" : "") + bytes;
      out += tell(step.frame);
    }
  }
  std::optional<Conversation> talk;
};
constexpr auto kText = WsOpcode::Text, kMore = WsOpcode::Continuation, kBinary = WsOpcode::Binary;

TEST_F(ConversationTest, PassesMessagesAndPingsOfBothSides) {
  client(false, kText, "hel");
  client(true, WsOpcode::Ping, "p");
  client(true, kMore, "lo");
  EXPECT_EQ(sent(), "1:hel 9:p. 0:lo. ");
  component(true, WsOpcode::Pong, "p");
  component(true, kText, "hello");
  component(true, kText, "");
  EXPECT_EQ(given(), "10:p. 1:hello. 1:. ");
  EXPECT_EQ(talk->of_client().messages(), 1U);
  EXPECT_EQ(talk->of_component().messages(), 2U);
  EXPECT_FALSE(talk->over());
}

TEST_F(ConversationTest, MasksEachFrameForTheComponentWithAKeyOfItsOwn) {
  client(true, kText, "same text");
  const std::string first = talk->take_for_component();
  client(true, kText, "same text");
  EXPECT_NE(first, talk->take_for_component());
  EXPECT_EQ(first.find("same text"), std::string::npos);
}

TEST_F(ConversationTest, EndsWithACloseOfBothSides) {
  close(true, 1000);
  EXPECT_EQ(sent(), "8:1000 ");
  EXPECT_FALSE(talk->over());
  close(false, 1000);
  EXPECT_TRUE(talk->over());
  EXPECT_EQ(given(), "8:1000 ");
  EXPECT_EQ(talk->closed_by(), "client");
  EXPECT_EQ(talk->last_words(), "");
  start({});
  close(false, 1001);
  close(true, 1001);
  EXPECT_TRUE(talk->over());
  EXPECT_EQ(talk->closed_by(), "component");
}

TEST_F(ConversationTest, TellsWhoeverBrokeARuleWhichAndTheOtherThatItIsOver) {
  client(true, kMore, "goes on");
  EXPECT_TRUE(talk->over());
  EXPECT_EQ(given(), "8:1002 ");
  EXPECT_EQ(sent(), "8:1001 ");
  EXPECT_FALSE(talk->client_fault().ok());
  client(true, kText, "nothing more is taken");
  EXPECT_EQ(sent(), "");
  start({});
  talk->take_from_component("\x81\x80mask", base::kSecond);
  EXPECT_EQ(given(), "8:1011 ");
  EXPECT_EQ(sent(), "8:1002 ");
  EXPECT_FALSE(talk->component_fault().ok());
}

TEST_F(ConversationTest, HoldsBothSidesToTheLengthOfAMessage) {
  policy::WebSocketRule rule;
  rule.max_message = 4;
  start(rule);
  client(true, kText, "12345");
  EXPECT_EQ(given(), "8:1009 ");
  start(rule);
  component(true, kText, "12345");
  EXPECT_EQ(sent(), "8:1009 ");
}

TEST_F(ConversationTest, AFrameThatIsNoneIsTheTerminatorsFault) {
  EXPECT_FALSE(talk->take_from_client("", 0));
  EXPECT_FALSE(talk->take_from_client(std::string("\xB1x"), 0));
}

TEST_F(ConversationTest, TakesSecretsOutOfTheComponentsMessages) {
  component(true, kText, R"({"user":"bob","password":"hunter2"})");
  const std::string json = given();
  EXPECT_EQ(json.find("hunter2"), std::string::npos);
  EXPECT_TRUE(json.starts_with(R"(1:{"user":"bob","password":"[redacted:)")) << json;
  component(true, kText, "password: hunter2");
  EXPECT_EQ(given().find("hunter2"), std::string::npos);
  // Over fragments, in a message that is binary by name only.
  component(false, kBinary, R"({"passw)");
  component(false, kMore, R"(ord":"hun)");
  component(true, kMore, R"(ter2"})");
  const std::string binary = given();
  EXPECT_EQ(binary.find("hun"), std::string::npos);
  EXPECT_TRUE(binary.starts_with("2:") && binary.ends_with(". ")) << binary;
  EXPECT_EQ(talk->redacted().total, 3U);
}

TEST_F(ConversationTest, LeavesOtherBinaryMessagesAsTheyAre) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  component(true, kBinary, bytes);
  EXPECT_EQ(given(), "2:" + bytes + ". ");
}

TEST_F(ConversationTest, CutsWhatGrowsAndGivesOneMessage) {
  std::string list = "[";
  for (int i = 0; i < 2000; ++i) list += R"({"password":1},)";
  list += "{}]";
  component(true, kText, list);
  int frames = 0, last = 0;
  for (; !talk->next_for_client().empty(); ++frames) {
    const auto frame = http::from_wire(talk->next_for_client());
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->opcode, frames == 0 ? kText : kMore);
    last += frame->fin ? 1 : 0;
    talk->sent_to_client();
  }
  EXPECT_GT(frames, 2);
  EXPECT_EQ(last, 1);
}

TEST_F(ConversationTest, PassesCompressedMessagesUnseenWhereThatWasAgreedOn) {
  start({}, true);
  component(false, kText, "\xFF\xFE", true);
  component(true, kMore, R"({"password":"x"})");
  EXPECT_EQ(given(), std::string("1c:\xFF\xFE 0:") + R"({"password":"x"}. )");
  component(true, kText, R"({"password":"hunter2"})");
  EXPECT_EQ(given().find("hunter2"), std::string::npos);
}

TEST_F(ConversationTest, GivesTheSameWhereverTheComponentsBytesAreCut) {
  std::string bytes;
  http::write_ws_frame(bytes, {false, false, kText, "token=ghp_0123456789abcdefghijABCDEFGHIJ012345 "});
  http::write_ws_frame(bytes, {true, false, WsOpcode::Ping, "p"});
  http::write_ws_frame(bytes, {true, false, kMore, "done"});
  const auto run = [&](std::size_t piece) {
    start({});
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      talk->take_from_component(std::string_view(bytes).substr(at, piece), base::kSecond);
    for (; !talk->next_for_client().empty(); talk->sent_to_client()) {
      const auto frame = http::from_wire(talk->next_for_client());
      if (!http::is_control(frame->opcode)) out += frame->payload;
    }
    return out;
  };
  const std::string whole = run(bytes.size());
  EXPECT_EQ(whole.find("ghp_"), std::string::npos);
  EXPECT_TRUE(whole.ends_with("done"));
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) EXPECT_EQ(run(piece), whole) << piece;
}

TEST_F(ConversationTest, SaysGoodbyeToTheComponentOnce) {
  talk->end(WsClose::GoingAway, "over");
  EXPECT_EQ(given(), "8:1001 ");
  EXPECT_EQ(sent(), "8:1001 ");
  EXPECT_EQ(talk->last_words(), "");
  EXPECT_EQ(talk->closed_by(), "gateway");
  start({});
  EXPECT_FALSE(talk->last_words().empty());
}

}  // namespace
}  // namespace postern::enforcer
