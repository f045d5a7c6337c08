// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/recent_ids.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace postern::ledger {
namespace {

std::string id_of(int number) {
  std::string digits = std::to_string(number);
  return "01HZX3T9GQ" + std::string(16 - digits.size(), '0') + digits;
}

TEST(RecentIds, KnowTheNewestAndForgetTheOldest) {
  RecentIds ids(2);
  for (const int number : {1, 2, 3}) ids.add(id_of(number));
  EXPECT_FALSE(ids.contains(id_of(1)));
  EXPECT_TRUE(ids.contains(id_of(2)));
  EXPECT_TRUE(ids.contains(id_of(3)));
  EXPECT_FALSE(ids.contains(id_of(4)));
}

// Against a plain set, which forgets its lowest too. Rising rows in turns, as roles write them, and no order at all.
void expect_as_a_set(int makers, bool shuffled) {
  constexpr std::size_t kMost = 500;
  std::mt19937 random(7);
  std::vector<int> next(static_cast<std::size_t>(makers), 0);
  RecentIds ids(kMost);
  std::set<std::string> plain;
  for (int i = 0; i < 5000; ++i) {
    const auto maker = random() % next.size();
    next[maker] += 1 + static_cast<int>(random() % 50);
    const int number =
        shuffled ? static_cast<int>(random() % 1'000'000) : next[maker] * makers + static_cast<int>(maker);
    const std::string id = id_of(number);
    ASSERT_EQ(ids.contains(id), plain.count(id) > 0);
    if (plain.count(id) > 0) continue;
    ids.add(id);
    plain.insert(id);
    if (plain.size() > kMost) plain.erase(plain.begin());
    const std::string other = id_of(number + static_cast<int>(random() % 3) - 1);
    ASSERT_EQ(ids.contains(other), plain.count(other) > 0);
  }
  for (const std::string& id : plain) ASSERT_TRUE(ids.contains(id));
}

TEST(RecentIds, HoldWhatSeveralRolesMakeInTurns) {
  for (const int makers : {1, 2, 5, 70}) expect_as_a_set(makers, false);
}

TEST(RecentIds, HoldIdsInNoOrder) { expect_as_a_set(1, true); }

}  // namespace
}  // namespace postern::ledger
