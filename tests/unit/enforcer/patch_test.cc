// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/patch.h"

#include <gtest/gtest.h>

#include "audit/event.h"

namespace postern::enforcer {
namespace {

using base::Json;

Json parsed(std::string_view text) { return *base::parse_json(text); }
Json patch(std::string_view before, std::string_view after) {
  const Patch made = make_patch(parsed(before), parsed(after));
  EXPECT_FALSE(made.text.empty());
  return parsed(made.text);
}

TEST(Patch, SaysWhatBecameOfWhat) {
  EXPECT_EQ(patch(R"({"a":1,"b":[1,2,3],"c":"x"})", R"({"a":2,"b":[1],"d":{"e":null}})"),
            parsed(R"([{"op":"replace","path":"/a","value":2,"old":1},
                     {"op":"remove","path":"/b/2","old":3},{"op":"remove","path":"/b/1","old":2},
                     {"op":"remove","path":"/c","old":"x"},{"op":"add","path":"/d","value":{"e":null}}])"));
  EXPECT_EQ(make_patch(parsed("{}"), parsed("{}")).text, "[]");
  EXPECT_EQ(patch("[1]", "{}"), parsed(R"([{"op":"replace","path":"","value":{},"old":[1]}])"));
}

TEST(Patch, AppliedToWhatWasGivesWhatIs) {
  const std::string_view documents[] = {R"({"a/b":{"~":1},"l":[{"x":1},{"y":2}]})",
                                        R"([])",
                                        R"([[],{},"a\nb"])",
                                        R"({"l":[{"y":2}]})",
                                        R"("text")",
                                        R"({"l":[{"y":2},{"x":1},3]})"};
  for (const std::string_view before : documents) {
    for (const std::string_view after : documents) {
      const Json made = patch(before, after);
      EXPECT_EQ(parsed(before).patch(made), parsed(after)) << made;
      // And the old values, put back, give what was.
      for (const Json& one : made) {
        if (one["op"] != "add") {
          EXPECT_TRUE(one.contains("old")) << made;
        }
      }
    }
  }
}

TEST(Patch, StandsInAnEventWhateverIsInIt) {
  const Patch made = make_patch(parsed("{}"), parsed(R"({"k":"\n\t\"\\\u0001\u007f\u00e4\/ \u2028"})"));
  std::string line;
  audit::EventHead head;
  head.id = "01HZX3T9GQ6W5JX0V4M2K8N7PD";
  head.type = audit::EventType::ExchangeChanged;
  head.actor = "gateway";
  audit::write_event(line, head, "{\"patch\":" + made.text + "}");
  const auto read = audit::read_event_head(line);
  ASSERT_TRUE(read.ok()) << line << read.error().message;
  EXPECT_EQ(parsed(line)["detail"]["patch"][0]["value"], "\n\t\"\\\x01\x7f\u00e4/ \u2028");
}

TEST(Patch, IsLeftOutPastItsBounds) {
  Json many = Json::array(), deep = Json(1);
  for (int i = 0; i < 5000; ++i) many.push_back(i);
  Patch made = make_patch(Json::array(), many);
  EXPECT_EQ(made.text, "");
  EXPECT_EQ(made.operations, 5000);
  for (int i = 0; i < kPatchDepth; ++i) deep = Json::array({deep});
  EXPECT_EQ(make_patch(Json::object(), {{"k", deep}}).text, "");
}

}  // namespace
}  // namespace postern::enforcer
