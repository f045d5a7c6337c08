// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "intake/batch.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::intake {
namespace {

constexpr base::Micros kBatchNoon = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z

std::string event_with(const std::string& more, const std::string& id = "e1") {
  return "{\"id\":\"" + id + "\",\"time\":\"2026-03-01T11:59:00Z\"" + more + "}";
}
std::string batch_of(const std::string& events) { return "{\"events\":[" + events + "]}"; }
std::string joined_node(const std::string& more = {}, const std::string& id = "e1") {
  return event_with(",\"type\":\"component.node_joined\",\"node\":\"n1\"" + more, id);
}

base::Result<Batch> parsed(const std::string& text) { return parse_batch(text, kBatchNoon); }

TEST(IntakeBatch, IsReadAsItIsWritten) {
  const auto batch =
      parsed("{\"sent\":\"2026-03-01T12:00:01Z\",\"events\":[" +
             joined_node(",\"service\":\"tsdb\",\"detail\":{\"peers\":3,\"why\":\"start\"}") + "," +
             event_with(",\"type\":\"remote_gateway.registered\",\"gateway\":\"g\"", "e2") + "]}");
  ASSERT_TRUE(batch.ok()) << batch.error().message;
  ASSERT_EQ(batch->events.size(), 2U);
  EXPECT_EQ(batch->sent, kBatchNoon + base::kWallSecond);
  EXPECT_EQ(batch->events[0].node, "n1");
  EXPECT_EQ(batch->events[0].service, "tsdb");
  EXPECT_EQ(batch->events[0].said["peers"], 3);
  EXPECT_EQ(batch->events[1].gateway, "g");
}

TEST(IntakeBatch, IsTheSameAfterItWasWrittenAgain) {
  const auto once = parsed(batch_of(joined_node(",\"detail\":{\"a\":1.5,\"b\":\"x\"}")));
  ASSERT_TRUE(once.ok());
  const auto twice = read_batch(to_json(*once), kBatchNoon);
  ASSERT_TRUE(twice.ok()) << twice.error().message;
  EXPECT_EQ(to_json(*once), to_json(*twice));
}

TEST(IntakeBatch, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "not JSON"},
      {"[]", "must be an object"},
      {"{}", "1 to 100"},
      {batch_of(""), "1 to 100"},
      {"{\"events\":[],\"severity\":\"info\"}", "unknown field \"severity\""},
      {"{\"sent\":1,\"events\":[" + joined_node() + "]}", "sent must be"},
      {batch_of("1"), "event 1 must be an object"},
      {batch_of(joined_node(",\"severity\":\"severe\"")), "a severity follows from the type"},
      {batch_of(joined_node("", "")), "id must be"},
      {batch_of(joined_node("", "a b")), "id must be"},
      {batch_of(joined_node("", std::string(65, 'a'))), "id must be"},
      {batch_of(joined_node() + "," + joined_node()), "another event of this batch has that id"},
      {batch_of("{\"id\":\"e\",\"time\":\"yesterday\",\"type\":\"component.node_left\",\"node\":\"n\"}"),
       "RFC 3339"},
      {batch_of("{\"id\":\"e\",\"time\":\"2026-03-03T12:00:00Z\",\"type\":\"component.node_left\",\"node\":"
                "\"n\"}"),
       "ahead of the gateway's clock"},
      {batch_of(event_with(",\"type\":\"session.opened\",\"node\":\"n\"")),
       "type must be one of component.server_started"},
      {batch_of(event_with(",\"type\":\"component.node_left\"")), "needs node"},
      {batch_of(event_with(",\"type\":\"remote_gateway.heartbeat\"")), "needs gateway"},
      {batch_of(joined_node(",\"gateway\":\"g\"")), "remote_gateway.* alone"},
      {batch_of(event_with(",\"type\":\"component.node_left\",\"node\":\"a\\nb\"")),
       "without control characters"},
      {batch_of(event_with(",\"type\":\"component.node_left\",\"node\":\"" + std::string(129, 'n') + "\"")),
       "1 to 128"},
      {batch_of(joined_node(",\"detail\":[]")), "detail must be an object"},
      {batch_of(joined_node(",\"detail\":{\"A\":1}")), "no field name"},
      {batch_of(joined_node(",\"detail\":{\"a\":true}")), "detail.a must be"},
      {batch_of(joined_node(",\"detail\":{\"a\":{\"b\":1}}")), "detail.a must be"},
      {batch_of(joined_node(",\"detail\":{\"a\":1e17}")), "detail.a must be"},
      {batch_of(joined_node(",\"detail\":{\"a\":\"" + std::string(257, 'x') + "\"}")), "detail.a must be"},
      {batch_of(joined_node(",\"id\":\"twice\"")), "not JSON as it must be"},
  };
  for (const auto& [text, why] : cases) {
    const auto batch = parsed(text);
    ASSERT_FALSE(batch.ok()) << text;
    EXPECT_NE(batch.error().message.find(why), std::string::npos) << text << ": " << batch.error().message;
  }
}

TEST(IntakeBatch, HasBounds) {
  std::string events;
  for (int i = 0; i < 101; ++i) events += (i == 0 ? "" : ",") + joined_node("", "e" + std::to_string(i));
  EXPECT_FALSE(parsed(batch_of(events)).ok());
  EXPECT_TRUE(parsed(batch_of(events.substr(0, events.rfind(",{")))).ok());
  EXPECT_FALSE(parsed(std::string(kMostBytes + 1, ' ')).ok());
  std::string many;
  for (int i = 0; i < 17; ++i) many += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  EXPECT_FALSE(parsed(batch_of(joined_node(",\"detail\":{" + many + "}"))).ok());
}

// schema.json is what others go by.
TEST(IntakeBatch, HasTheTypesAndBoundsOfItsSchema) {
  const auto schema = base::parse_json(schema_document());
  ASSERT_TRUE(schema.ok()) << schema.error().message;
  const auto& list = schema->at("properties").at("events");
  EXPECT_EQ(list.at("maxItems"), kMostEvents);
  const auto& of = list.at("items").at("properties");
  std::vector<std::string> names;
  for (const Type& type : types()) names.emplace_back(type.name);
  EXPECT_EQ(of.at("type").at("enum").get<std::vector<std::string>>(), names);
  EXPECT_EQ(of.at("node").at("maxLength"), kLongestName);
  EXPECT_EQ(of.at("detail").at("maxProperties"), kMostDetails);
  EXPECT_EQ(of.at("detail").at("additionalProperties").at("anyOf").at(0).at("maxLength"), kLongestText);
}

}  // namespace
}  // namespace postern::intake
