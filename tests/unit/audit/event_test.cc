// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/event.h"

#include <gtest/gtest.h>

#include "audit/detail.h"
#include "base/json.h"

namespace postern::audit {
namespace {

EventHead full_head() {
  EventHead head;
  head.id = "01HZX3T9GQ6W5JX0V4M2K8N7PD";
  head.time = 1'772'352'550'123'456;
  head.type = EventType::ExchangeRefused;
  head.severity = Severity::Warning;
  head.actor = "engineer:alice";
  head.session = "01HZX3T9GQ6W5JX0V4M2K8N7PE";
  head.subject = "silences.write";
  head.outcome = "refused";
  head.policy = "sha256:ab";
  return head;
}

const std::string kFull =
    R"({"v":1,"id":"01HZX3T9GQ6W5JX0V4M2K8N7PD","time":"2026-03-01T08:09:10.123456Z","type":"exchange.refused",)"
    R"("severity":"warning","actor":"engineer:alice","session":"01HZX3T9GQ6W5JX0V4M2K8N7PE","subject":"silences.write",)"
    R"("outcome":"refused","detail":{"status":403},"policy":"sha256:ab"})";

TEST(Event, IsWrittenAsOneLineWithItsKeysInOrder) {
  std::string line;
  write_event(line, full_head(), R"({"status":403})");
  EXPECT_EQ(line, kFull);
}

TEST(Event, LeavesOutWhatIsEmptyButNeverTheDetail) {
  EventHead head;
  head.id = "01HZX3T9GQ6W5JX0V4M2K8N7PD";
  head.type = EventType::GatewayStarted;
  std::string line;
  write_event(line, head, "");
  EXPECT_EQ(line, R"({"v":1,"id":"01HZX3T9GQ6W5JX0V4M2K8N7PD","time":"1970-01-01T00:00:00.000000Z",)"
                  R"("type":"gateway.started","severity":"info","detail":{}})");
}

TEST(Event, IsReadBackAsItWasWritten) {
  const auto event = read_event_head(kFull);
  ASSERT_TRUE(event.ok()) << event.error().message;
  const EventHead head = full_head();
  EXPECT_EQ(event->id, head.id);
  EXPECT_EQ(event->time, head.time);
  EXPECT_EQ(event->type, head.type);
  EXPECT_EQ(event->severity, head.severity);
  EXPECT_EQ(event->actor, head.actor);
  EXPECT_EQ(event->session, head.session);
  EXPECT_EQ(event->subject, head.subject);
  EXPECT_EQ(event->outcome, head.outcome);
  EXPECT_EQ(event->detail, R"({"status":403})");
  EXPECT_EQ(event->policy, head.policy);
}

TEST(Event, SurvivesAnyBytesInItsTexts) {
  std::string hostile = "a\"b\\c\n\x01\x7f";
  hostile += '\0';
  EventHead head = full_head();
  head.actor = hostile;
  std::string line;
  write_event(line, head, "");
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto event = read_event_head(line);
  ASSERT_TRUE(event.ok()) << event.error().message;
  EXPECT_EQ(unescape(event->actor), hostile);
  const auto json = base::parse_json(line);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(base::json_text_or(*json, "actor", ""), hostile);
}

TEST(Event, ReplacesBytesThatAreNotUtf8) {
  EventHead head = full_head();
  head.subject = "\xC0\xAF";
  std::string line;
  write_event(line, head, "");
  EXPECT_TRUE(base::parse_json(line).ok());
  EXPECT_EQ(read_event_head(line)->subject, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Event, OfEveryTypeIsReadBack) {
  for (const EventText& text : all_events()) {
    EventHead head = full_head();
    head.type = text.type;
    head.severity = text.severity;
    std::string line;
    write_event(line, head, "");
    const auto event = read_event_head(line);
    ASSERT_TRUE(event.ok()) << text.name;
    EXPECT_EQ(event->type, text.type);
    EXPECT_EQ(event->severity, text.severity);
  }
}

std::string with(std::string_view from, std::string_view to) {
  std::string line = kFull;
  const auto at = line.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return line.replace(at, from.size(), to);
}

TEST(Event, IsRefusedInAnyOtherForm) {
  const std::string cases[] = {
      "",
      "{}",
      kFull + " ",
      kFull + kFull,
      with("\"v\":1", "\"v\":2"),
      with("{\"v\"", "{ \"v\""),
      with("01HZX3T9GQ6W5JX0V4M2K8N7PD", "01HZX3T9GQ6W5JX0V4M2K8N7P"),
      with("01HZX3T9GQ6W5JX0V4M2K8N7PD", "01hzx3t9gq6w5jx0v4m2k8n7pd"),
      with("01HZX3T9GQ6W5JX0V4M2K8N7PD", "81HZX3T9GQ6W5JX0V4M2K8N7PD"),
      with("2026-03-01T08:09:10.123456Z", "2026-02-30T08:09:10.123456Z"),
      with("2026-03-01T08:09:10.123456Z", "2026-03-01T08:09:10.1+00:00"),
      with("2026-03-01T08:09:10.123456Z", "2026-03-01t08:09:10.123456z"),
      with("exchange.refused", "exchange.unknown"),
      with("\"warning\"", "\"fatal\""),
      with("engineer:alice", ""),
      with("engineer:alice", "a\nb"),
      with("engineer:alice", "a\\nb"),
      with("engineer:alice", "a\\u0041b\\u12"),
      with("engineer:alice", "a\\"),
      with("\"subject\"", "\"object\""),
      with(R"("subject":"silences.write","outcome":"refused")",
           R"("outcome":"refused","subject":"silences.write")"),
      with(R"({"status":403})", R"([403])"),
      with(R"({"status":403})", R"({"status":403}})"),
      with(R"({"status":403})", R"({"status":[403})"),
      with(R"({"status":403})", R"({"status": 403})"),
      with(R"({"status":403})", R"({"status":"403})"),
      with(R"({"status":403})",
           "{" + std::string(kDetailDepthLimit, '[') + std::string(kDetailDepthLimit, ']') + "}"),
      with(R"(,"detail":{"status":403})", ""),
      with("sha256:ab", std::string(kEventLimit, 'a')),
  };
  for (const std::string& line : cases) EXPECT_FALSE(read_event_head(line).ok()) << line.substr(0, 400);
}

TEST(Event, IsRefusedWhereverItIsCut) {
  for (std::size_t size = 0; size < kFull.size(); ++size) {
    EXPECT_FALSE(read_event_head(std::string_view(kFull).substr(0, size)).ok()) << size;
  }
}

TEST(Unescape, ToleratesWhatItNeverMeets) {
  EXPECT_EQ(unescape("a\\"), "a\\");
  EXPECT_EQ(unescape("a\\u00"), "a");
  EXPECT_EQ(unescape("\\u00zz!"), "!");
}

// A file's name may hold any of these; the supervisor writes such names into events.
TEST(Event, TakesADocumentWithAnyTextAsItsDetail) {
  base::Json detail = {{"nested", {{"list", {1, true, nullptr}}}}};
  for (int c = 1; c < 256; ++c)
    detail["every"] =
        base::json_text_or(detail, "every", "") + (c < 128 ? std::string(1, static_cast<char>(c)) : "\u00fc");
  std::string line;
  write_event(line, full_head(), as_detail(detail));
  const auto read = read_event_head(line);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*base::parse_json(read->detail), detail);
  EXPECT_EQ(depth_of(detail), 3);
}

}  // namespace
}  // namespace postern::audit
