// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/asks.h"

#include <gtest/gtest.h>

namespace postern::line {
namespace {

using base::Json;

const char* const kAskId = "01JD7Z3V5T4Q2N8M6K0H1F9C3B";

Json request() {
  return {{"id", kAskId},      {"kind", "request"},   {"by", "jane"},     {"reason", "disk alert"},
          {"ticket", "SUP-7"}, {"engineer", "alice"}, {"role", "viewer"}, {"duration", "4h"}};
}
Json proposal() {
  return {{"id", kAskId},
          {"kind", "proposal"},
          {"by", "jane"},
          {"reason", "quiet the alert"},
          {"call",
           {{"method", "POST"},
            {"target", "/a/api/v2/silences"},
            {"content_type", "application/json"},
            {"body", "{}"}}},
          {"undo", {{"method", "DELETE"}, {"target", "/a/api/v2/silence/1"}}},
          {"watch_us", 60'000'000}};
}

TEST(AnAsk, IsReadAndWrittenTheSame) {
  for (const Json& json : {request(), proposal()}) {
    const auto ask = parse_ask(json);
    ASSERT_TRUE(ask.ok()) << ask.error().message;
    EXPECT_EQ(to_json(*ask), json);
    const auto again = parse_ask(to_json(*ask));
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(*again == *ask);
  }
}

TEST(AnAsk, OfAWrongFormIsRefusedWithASentence) {
  const auto refused = [](Json json, const char* key, Json value) {
    if (value.is_null()) {
      json.erase(key);
    } else {
      json[key] = std::move(value);
    }
    return !parse_ask(json).ok();
  };
  for (const char* key : {"id", "kind", "by", "reason", "engineer", "role"})
    EXPECT_TRUE(refused(request(), key, nullptr)) << key;
  EXPECT_TRUE(refused(request(), "capabilities", {"a"})) << "a role and capabilities";
  EXPECT_TRUE(refused(request(), "by", "two\nlines"));
  EXPECT_TRUE(refused(request(), "stands", "somewhere"));
  EXPECT_TRUE(refused(request(), "reason", std::string(kAskText + 1, 'x')));
  EXPECT_TRUE(refused(proposal(), "call", nullptr));
  EXPECT_TRUE(refused(proposal(), "undo", nullptr)) << "watched, and nothing to roll back with";
  EXPECT_TRUE(refused(proposal(), "watch_us", kLongestWatch + 1));
  EXPECT_TRUE(refused(proposal(), "call",
                      {{"method", "POST"}, {"target", "/"}, {"body", std::string(kAskBody + 1, 'x')}}));
}

TEST(Asks, AreJudgedEachAlone) {
  Json faulty = request();
  faulty["engineer"] = 7;
  const Asks asks = parse_asks({{"asks", {request(), faulty, "nothing", proposal()}}});
  EXPECT_EQ(asks.good.size(), 2U);
  ASSERT_EQ(asks.faulty.size(), 2U);
  EXPECT_EQ(asks.faulty[0].id, kAskId);
  EXPECT_EQ(asks.faulty[0].by, "jane");
  EXPECT_EQ(asks.faulty[1].id, "");
  EXPECT_EQ(parse_asks(Json::object()).faulty.size(), 0U);
  EXPECT_EQ(parse_asks({{"asks", 1}}).faulty.size(), 1U);
}

TEST(Asks, AreSoManyAtMost) {
  Json list = Json::array();
  for (int i = 0; i < 1000; ++i) list.push_back(request());
  const Asks asks = parse_asks({{"asks", list}});
  EXPECT_EQ(asks.good.size(), kMostAsks);
  EXPECT_EQ(asks.faulty.size(), 1U);
}

TEST(AStanding, IsReadAndWrittenTheSame) {
  const Standing one{kAskId, "approved", "as asked", 1'772'366'400'000'000};
  const auto again = parse_standing(to_json(one));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(*again == one);
  EXPECT_FALSE(parse_standing({{"ask", kAskId}, {"state", "elsewhere"}}).ok());
  EXPECT_FALSE(parse_standing({{"ask", kAskId}, {"state", "pending"}, {"until", "soon"}}).ok());
  for (const char* state : {"", "pending", "approved", "applied"}) EXPECT_FALSE(is_over(state)) << state;
  for (const char* state : {"not_taken", "refused", "ended", "undone", "rolled_back"})
    EXPECT_TRUE(is_over(state)) << state;
}

}  // namespace
}  // namespace postern::line
