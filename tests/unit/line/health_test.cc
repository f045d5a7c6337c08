// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/health.h"

#include <gmock/gmock.h>

#include "line/protocol.h"

namespace postern::line {
namespace {

using base::Json;
using ::testing::ElementsAre;

TEST(Verdict, IsReadAsItIsWritten) {
  const Verdict verdict{HealthStatus::Critical, {"a node is down"}, 3, 8, std::int64_t{16} << 30};
  const auto again = parse_verdict(to_json(verdict));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->status, HealthStatus::Critical);
  EXPECT_THAT(again->reasons, ElementsAre("a node is down"));
  EXPECT_EQ(again->nodes, 3);
  EXPECT_EQ(again->memory, std::int64_t{16} << 30);
}

TEST(Verdict, OfAStrangerIsBoundedAndPrintable) {
  EXPECT_FALSE(parse_verdict(Json::array()).ok());
  EXPECT_FALSE(parse_verdict({{"status", "splendid"}}).ok());
  const auto odd = parse_verdict({{"status", "ok"},
                                  {"reasons", {std::string(1000, 'a'), "b\nc"}},
                                  {"minimum", {{"nodes", -4}, {"cores", 1e9}}}});
  ASSERT_TRUE(odd.ok());
  EXPECT_LT(odd->reasons[0].size(), 300U);
  EXPECT_EQ(odd->reasons[1].find('\n'), std::string::npos);
  EXPECT_EQ(odd->nodes, 0);
}

TEST(Fields, ThatAreKeptBackStandNowhere) {
  const Json body = Json::parse(R"({"gateway":{"cpu":5,"load":1,"version":"1","memory":{"used":1}},
    "nodes":[{"cpu":1,"memory":2,"memory_limit":3,"state":"up"}],"availability":{"percent":99},
    "warnings":[{"of":"gateway","resource":"cpu","value":99},{"of":"gateway","resource":"disk 1","value":90}]})");
  const Json less = without_fields(body, {"cpu", "memory", "availability", "storage"});
  EXPECT_EQ(less, Json::parse(R"({"gateway":{"version":"1"},"nodes":[{"state":"up"}],"warnings":[]})"));
  EXPECT_EQ(without_fields(body, {}), body);
}

TEST(Answers, ComeWithWhatWasTaken) {
  const std::string id = "01HZX3T9GQ6W5JX0V4M2K8N7PD";
  Taken taken{{id}};
  taken.answers[id] = to_json(Verdict{});
  const auto again = parse_taken(format(taken));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->answers.at(id)["status"], "ok");
  EXPECT_TRUE(parse_taken(R"({"taken":[]})")->answers.empty());
  for (const char* wrong : {R"({"taken":[],"answers":[]})", R"({"taken":[],"answers":{"x":{}}})",
                            R"({"taken":[],"answers":{"01HZX3T9GQ6W5JX0V4M2K8N7PD":1}})"})
    EXPECT_FALSE(parse_taken(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace postern::line
