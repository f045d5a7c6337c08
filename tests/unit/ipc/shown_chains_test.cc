// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/shown_chains.h"

#include <gtest/gtest.h>

namespace postern::ipc {
namespace {

TEST(ShownChains, OneThatManyShowIsKeptOnceAndForgottenWithTheLastOfThem) {
  ShownChains chains;
  const std::string leaf(2000, 'l'), authority(1000, 'a');
  auto first = chains.keep({leaf, authority});
  EXPECT_EQ(*first, (std::vector<std::string>{leaf, authority}));
  const std::size_t once = chains.bytes();
  auto second = chains.keep({leaf, authority});
  EXPECT_EQ(first, second);
  EXPECT_EQ(chains.bytes(), once);
  EXPECT_NE(chains.keep({leaf + authority}), first) << "where one ends and the next begins counts";
  first.reset();
  EXPECT_EQ(chains.bytes(), once);
  second.reset();
  EXPECT_EQ(chains.bytes(), 0U);
}

TEST(ShownChains, OfVeryManyDifferentOnesNoMoreAreKept) {
  std::vector<ShownChains::Chain> kept;
  {
    ShownChains chains;
    const std::size_t size = 64U << 10U;
    for (std::size_t i = 0; i < 2 * ShownChains::kMostBytes / size; ++i)
      kept.push_back(chains.keep({std::to_string(i) + std::string(size, 'x')}));
    EXPECT_LE(chains.bytes(), ShownChains::kMostBytes);
    EXPECT_FALSE(kept.front()->empty());
    EXPECT_TRUE(kept.back()->empty());
    kept.erase(kept.begin());
    EXPECT_FALSE(chains.keep({std::string(size, 'y')})->empty()) << "there is room again";
  }
  kept.clear();  // connections may end after whoever kept them
}

TEST(ShownChains, NoneIsNeverNull) {
  ShownChains chains;
  EXPECT_TRUE(chains.keep({})->empty());
}

}  // namespace
}  // namespace postern::ipc
