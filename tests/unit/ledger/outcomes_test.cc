// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/outcomes.h"

#include <gtest/gtest.h>

namespace postern::ledger {
namespace {

Outcome closing(std::uint64_t durable_at) {
  Outcome outcome;
  outcome.durable_at = durable_at;
  outcome.measured = true;
  outcome.first_version = 5;
  outcome.last_version = 6;
  outcome.awaited = {{1, 2}, {2, 2}};
  outcome.deadline = 100;
  return outcome;
}

TEST(Outcomes, WaitForEveryEnforcerAndForTheDisk) {
  Outcomes outcomes;
  outcomes.add(closing(3));
  outcomes.applied(1, {5, 4, 700});
  outcomes.applied(1, {6, 0, 0});
  outcomes.applied(2, {5, 1, 900});
  EXPECT_TRUE(outcomes.settle(1).empty());
  outcomes.applied(2, {6, 0, 0});
  EXPECT_EQ(outcomes.settle(1).size(), 1u);
  EXPECT_TRUE(outcomes.settle(1).empty()) << "each once";
  EXPECT_TRUE(outcomes.take_ready(2, 2, true, 1).empty());
  const auto ready = outcomes.take_ready(3, 3, true, 1);
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_EQ(ready[0].exchanges_cut, 5);
  EXPECT_EQ(ready[0].slowest_ns, 900u);
}

TEST(Outcomes, AnswersOfOtherVersionsDoNotCount) {
  Outcomes outcomes;
  outcomes.add(closing(0));
  outcomes.applied(1, {4, 4, 1});
  outcomes.applied(1, {7, 4, 1});
  outcomes.applied(3, {5, 4, 1});
  EXPECT_TRUE(outcomes.settle(1).empty());
}

TEST(Outcomes, GiveUpOnAnEnforcerThatHangs) {
  Outcomes outcomes;
  outcomes.add(closing(0));
  outcomes.enforcer_gone(1);
  EXPECT_TRUE(outcomes.settle(99).empty());
  EXPECT_EQ(outcomes.settle(100).size(), 1u);
  EXPECT_EQ(cut_of(outcomes.take_ready(0, 0, true, 1).at(0))["enforcers_missing"], 1);
}

TEST(Outcomes, DoNotWaitForADiskThatFails) {
  Outcomes outcomes;
  Outcome giving;
  giving.durable_at = 9;
  outcomes.add(std::move(giving));
  EXPECT_TRUE(outcomes.take_ready(0, 0, true, 1).empty());
  EXPECT_EQ(outcomes.take_ready(0, 0, false, 1).size(), 1u);
}

TEST(Outcomes, WhatGivesIsAnsweredWhenEveryEnforcerHasHeard) {
  Outcomes outcomes;
  Outcome giving;
  giving.gives_from = 7;
  giving.gives_below = 9;
  giving.durable_at = 9;
  giving.deadline = 100;
  outcomes.add(std::move(giving));
  EXPECT_EQ(outcomes.giving(6), nullptr);
  EXPECT_EQ(outcomes.giving(9), nullptr);
  EXPECT_TRUE(outcomes.settle(1).empty()) << "nothing is closed, nothing is to be measured";
  EXPECT_TRUE(outcomes.take_ready(9, 7, true, 1).empty()) << "durable, and nobody told";
  Outcome* const told = outcomes.giving(8);
  ASSERT_NE(told, nullptr);
  told->first_version = told->last_version = 5;
  told->awaited = {{1, 1}, {2, 1}};
  outcomes.applied(1, {5, 0, 0});
  outcomes.applied(2, {4, 0, 0});
  EXPECT_TRUE(outcomes.take_ready(9, 9, true, 1).empty()) << "one has not heard of it";
  outcomes.applied(2, {5, 0, 0});
  EXPECT_EQ(outcomes.take_ready(9, 9, true, 1).size(), 1u);
}

TEST(Outcomes, AnEnforcerThatHangsDoesNotKeepWhatGivesWaiting) {
  Outcomes outcomes;
  Outcome giving;
  giving.gives_from = 7;
  giving.gives_below = 8;
  giving.durable_at = 8;
  giving.deadline = 100;
  giving.awaited = {{1, 1}};
  outcomes.add(std::move(giving));
  EXPECT_TRUE(outcomes.take_ready(8, 8, true, 99).empty());
  EXPECT_EQ(outcomes.take_ready(8, 8, true, 100).size(), 1u);
}

}  // namespace
}  // namespace postern::ledger
