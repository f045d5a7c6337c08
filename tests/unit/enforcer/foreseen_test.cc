// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/foreseen.h"

#include <gtest/gtest.h>

namespace postern::enforcer {
namespace {

using base::Json;

Json json(std::string_view text) { return *base::parse_json(text); }
const Json kOrder = json(R"({"state":"open","lines":[1]})");

std::optional<Patch> seen(std::string_view method, std::string_view body,
                          std::string_view type = "application/json", std::string_view target = "/orders/7") {
  return foresee({method, target, type, body}, "/orders/7", kOrder);
}

TEST(Foreseen, WhatIsPutTakesTheDocumentsPlace) {
  const auto patch = seen("PUT", R"({"state":"closed","lines":[1]})");
  ASSERT_TRUE(patch);
  EXPECT_EQ(json(patch->text), json(R"([{"op":"replace","path":"/state","value":"closed","old":"open"}])"));
  EXPECT_EQ(seen("PUT", base::dump_json(kOrder))->operations, 0);
}

TEST(Foreseen, WhatIsDeletedIsGoneAsAWhole) {
  const auto patch = seen("DELETE", "");
  ASSERT_TRUE(patch);
  EXPECT_EQ(json(patch->text)[0]["op"], "remove");
  EXPECT_EQ(json(patch->text)[0]["old"], kOrder);
}

TEST(Foreseen, AMergePatchIsMerged) {
  const auto patch = seen("PATCH", R"({"lines":null,"note":"x"})", "application/merge-patch+json");
  ASSERT_TRUE(patch);
  EXPECT_EQ(json(patch->text), json(R"([{"op":"remove","path":"/lines","old":[1]},
                                        {"op":"add","path":"/note","value":"x"}])"));
}

TEST(Foreseen, WhatOnlyTheComponentKnowsIsNotGuessed) {
  EXPECT_FALSE(seen("POST", "{}"));
  EXPECT_FALSE(seen("PATCH", "{}")) << "a body of that type may mean anything";
  EXPECT_FALSE(seen("PATCH", R"([{"op":"copy","from":"","path":"/a"}])", "application/json-patch+json"));
  EXPECT_FALSE(seen("PUT", "{}", "application/json", "/orders/7?part=note"));
  EXPECT_FALSE(seen("PUT", "{", "application/json")) << "it is not JSON";
  EXPECT_FALSE(seen("PUT", "state=closed", "application/x-www-form-urlencoded"));
}

TEST(Foreseen, ADifferenceThatIsTooLongIsCounted) {
  Json body = Json::object();
  for (int i = 0; i < 3'000; ++i) body["key" + std::to_string(i)] = i;
  const auto patch = seen("PUT", base::dump_json(body));
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->text, "");
  EXPECT_EQ(patch->operations, 3'002);
}

}  // namespace
}  // namespace postern::enforcer
