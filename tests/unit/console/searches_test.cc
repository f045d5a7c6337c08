// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/searches.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace postern::console {
namespace {

// Looks that end when the test says so.
class SearchesTest : public ::testing::Test {
 protected:
  bool ask(int number) { return ask(number, gate_); }
  bool ask(int number, const std::shared_future<void>& gate) {
    return searches->ask([gate](LogReader& /*log*/) { gate.wait(); },
                         [this, number] { answered.push_back(number); });
  }
  void let_go() { open_.set_value(); }
  void turn_until_idle() {
    while (loop.turn()) {
    }
  }

  loop::Loop loop;
  std::unique_ptr<Searches> searches = std::make_unique<Searches>(loop, "/nonexistent");
  std::vector<int> answered;

 private:
  std::promise<void> open_;
  std::shared_future<void> gate_ = open_.get_future().share();
};

TEST_F(SearchesTest, LeaveTheLoopFree) {
  ASSERT_TRUE(ask(1));
  bool fired = false;
  loop::Timer timer(loop, [&] {
    fired = true;
    let_go();  // only a loop that is not held up gets here
  });
  timer.start(base::kMillisecond);
  turn_until_idle();
  EXPECT_TRUE(fired);
  EXPECT_EQ(answered, std::vector<int>{1});
}

TEST_F(SearchesTest, TakeFurtherOnesInTheirOrder) {
  static_assert(Searches::kAtOnce == 2);
  std::promise<void> last;
  // One desk is taken to the end: who waits sits down at the other.
  ASSERT_TRUE(ask(1, last.get_future().share()));
  for (int i = 2; i <= 6; ++i) ASSERT_TRUE(ask(i));
  EXPECT_EQ(searches->under_way(), 6U);
  let_go();
  while (answered.size() < 5) loop.turn();
  last.set_value();
  turn_until_idle();
  EXPECT_EQ(answered, (std::vector{2, 3, 4, 5, 6, 1}));
  EXPECT_EQ(searches->under_way(), 0U);
}

TEST_F(SearchesTest, TakeNoMoreThanMayWait) {
  for (std::size_t i = 0; i < Searches::kAtOnce + Searches::kWaiting; ++i)
    ASSERT_TRUE(ask(static_cast<int>(i)));
  EXPECT_FALSE(ask(-1));
  let_go();
  turn_until_idle();
  EXPECT_EQ(answered.size(), Searches::kAtOnce + Searches::kWaiting);
}

TEST_F(SearchesTest, TellNobodyOnceTheyAreGone) {
  ASSERT_TRUE(ask(1));
  searches.reset();
  let_go();
  turn_until_idle();
  EXPECT_TRUE(answered.empty());
}

}  // namespace
}  // namespace postern::console
