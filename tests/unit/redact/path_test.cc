// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/path.h"

#include <gtest/gtest.h>

#include "redact/rules.h"

namespace postern::redact {
namespace {

TEST(Path, StepsAreReadAsTheyAreWritten) {
  const auto path = parse_path("$.data..items[*]['x-key'][3].*.pass_word");
  ASSERT_TRUE(path.ok());
  ASSERT_EQ(path->steps.size(), 7U);
  EXPECT_EQ(path->steps[0], (Step{Step::What::Name, false, "data", 0}));
  EXPECT_EQ(path->steps[1], (Step{Step::What::Name, true, "items", 0}));
  EXPECT_EQ(path->steps[2].what, Step::What::Any);
  EXPECT_EQ(path->steps[3].name, "x-key");
  EXPECT_EQ(path->steps[4], (Step{Step::What::Index, false, "", 3}));
  EXPECT_EQ(path->steps[5].what, Step::What::Any);
  EXPECT_EQ(path->last_name(), "pass_word");
  EXPECT_EQ(parse_path("$.keys[*]")->last_name(), "");
}

TEST(Path, WhatIsNotKnownIsRefusedWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"password", "at character 1: a path begins with $"},
      {"$", "would be everything"},
      {"$..*", "would be everything"},
      {"$.a[?(@.b)]", "at character 5: in brackets stand"},
      {"$.a[1:2]", "at character 6: ] is missing"},
      {"$.a['b", "the quote is not closed"},
      {"$.a.", "at character 5: a name or * is missing"},
      {"$a", "at character 2: a step begins with . or ["},
      {"$[-1]", "in brackets stand"},
      {"$['']", "the name is empty"},
  };
  for (const auto& [text, why] : cases) {
    const auto path = parse_path(text);
    ASSERT_FALSE(path.ok()) << text;
    EXPECT_NE(path.error().message.find(why), std::string::npos) << text << ": " << path.error().message;
  }
}

TEST(Path, WhatIsTooLongIsRefused) {
  EXPECT_TRUE(parse_path("$." + std::string(kNameLength, 'a')).ok());
  EXPECT_FALSE(parse_path("$." + std::string(kNameLength + 1, 'a')).ok());
  std::string steps = "$";
  for (std::size_t i = 0; i < kPathSteps; ++i) steps += ".a";
  EXPECT_TRUE(parse_path(steps).ok());
  EXPECT_FALSE(parse_path(steps + ".a").ok());
  EXPECT_FALSE(parse_path("$" + std::string(kPathLength, '.')).ok());
}

TEST(Rules, PathsThatAreTooManyTogetherAreRefused) {
  const std::vector<Path> paths(kMostStates / 4, *parse_path("$.a.b.c"));
  EXPECT_NE(Rules::make(paths), nullptr);
  std::vector<Path> more = paths;
  more.push_back(*parse_path("$.d"));
  EXPECT_EQ(Rules::make(more), nullptr);
  more.back() = *parse_path("$..d");  // found by its name alone: costs no state
  EXPECT_NE(Rules::make(more), nullptr);
}

}  // namespace
}  // namespace postern::redact
