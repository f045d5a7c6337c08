// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/loop/loop.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "gateway/loop/deadlines.h"
#include "gateway/loop/dispose_later.h"

namespace postern::loop {
namespace {

// Turns the loop until the condition holds. The kernel and the pool's threads need real time: poll() gives it
// to them, and the number of turns bounds it.
template <typename Condition>
bool turn_until(Loop& loop, Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    loop.turn();
    ::poll(nullptr, 0, i < 100 ? 0 : 1);
  }
  return condition();
}

struct Sockets {
  base::UniqueFd a, b;
  Sockets() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    a.reset(fds[0]);
    b.reset(fds[1]);
  }
};

// A loop turns only while it has something to wait for.
struct Waiting {
  explicit Waiting(Loop& loop) : poller(loop, pair.a.get(), [](unsigned) {}) { poller.want(kReadable); }
  Sockets pair;
  Poller poller;
};

TEST(Loop, RunsTheHooksOfATurnInTheOrderOfTheirStages) {
  Loop loop;
  const Waiting waiting(loop);
  std::string order;
  const auto once = [&order](char letter) {
    return [&order, letter] {
      if (order.find(letter) != std::string::npos) return false;
      order += letter;
      return true;
    };
  };
  const auto send = loop.at_turn_end(Stage::Send, once('s'));
  const auto record = loop.at_turn_end(Stage::Record, once('r'));
  const auto receive = loop.at_turn_end(Stage::Receive, once('e'));
  loop.turn();
  EXPECT_EQ(order, "ers");
}

TEST(Loop, AHookMayEndOthersAndAddOthersWhileHooksRun) {
  Loop loop;
  const Waiting waiting(loop);
  int seen = 0;
  std::vector<std::unique_ptr<Loop::Hook>> hooks(3);
  hooks[0] = loop.at_turn_end(Stage::Receive, [&] {
    hooks[1].reset();  // the very next one
    if (!hooks[2]) hooks[2] = loop.at_turn_end(Stage::Receive, [&] { return seen += 100, false; });
    return false;
  });
  hooks[1] = loop.at_turn_end(Stage::Receive, [&] { return ++seen, false; });
  loop.turn();
  EXPECT_EQ(seen % 100, 0);
  EXPECT_GE(seen, 100);
}

TEST(Loop, AHookThatIsAlwaysBusyDoesNotKeepSocketsWaiting) {
  Loop loop;
  Sockets pair;
  int rounds = 0;
  const auto busy = loop.at_turn_end(Stage::Record, [&] { return ++rounds, true; });
  bool heard = false;
  Poller poller(loop, pair.a.get(), [&](unsigned) {
    heard = true;
    loop.stop();
  });
  poller.want(kReadable);
  ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  loop.run();
  EXPECT_TRUE(heard);
  EXPECT_GT(rounds, 0);
  EXPECT_LE(rounds, 8 * Loop::kHookRounds);
}

TEST(Loop, ABusyHookIsComeBackToWithoutWaiting) {
  Loop loop;
  int rounds = 0;
  // More rounds than one turn gives; nothing else would wake the loop.
  const auto busy = loop.at_turn_end(Stage::Record, [&] {
    if (++rounds < 10 * Loop::kHookRounds) return true;
    loop.stop();
    return false;
  });
  const Waiting waiting(loop);
  loop.run();
  EXPECT_GE(rounds, 10 * Loop::kHookRounds);
}

struct Watched : Disposable {
  explicit Watched(std::function<void()> gone) : gone_(std::move(gone)) {}
  ~Watched() override { gone_(); }
  std::function<void()> gone_;
};

TEST(Loop, DestroysWhatWasDisposedOfAfterTheHooks) {
  Loop loop;
  const Waiting waiting(loop);
  std::string order;
  bool done = false;
  const auto hook = loop.at_turn_end(Stage::Send, [&] {
    if (done) return false;
    done = true;
    loop.dispose(std::make_unique<Watched>([&] {
      order += "first ";
      loop.dispose(std::make_unique<Watched>([&] { order += "second"; }));
    }));
    order += "hook ";
    return true;
  });
  loop.turn();
  EXPECT_EQ(order, "hook first second");
}

TEST(Loop, WhatIsDisposedOfLaterOutlivesTheTurnsHooksWhateverItIs) {
  Loop loop;
  const Waiting waiting(loop);
  const auto ordinary = std::make_shared<int>(1);
  auto owner = std::make_unique<std::shared_ptr<int>>(ordinary);
  long during = 0;
  const auto hook = loop.at_turn_end(Stage::Send, [&] {
    if (owner == nullptr) return false;
    dispose_later(loop, std::move(owner));
    during = ordinary.use_count();
    return true;
  });
  dispose_later(loop, std::unique_ptr<int>());
  loop.turn();
  EXPECT_EQ(during, 2);
  EXPECT_EQ(ordinary.use_count(), 1);
}

TEST(Loop, WorkThatADestructorLeavesIsDoneBeforeTheLoopWaits) {
  Loop loop;
  bool left = false;
  const auto hook = loop.at_turn_end(Stage::Send, [&] {
    if (left) loop.stop();
    return false;
  });
  const Waiting waiting(loop);
  loop.dispose(std::make_unique<Watched>([&] { left = true; }));
  loop.run();  // would wait for ever
  EXPECT_TRUE(left);
}

TEST(Loop, CanBeDestroyedAfterAStopThatNobodyWaitedFor) {
  Loop loop;
  loop.stop();
}

TEST(Loop, DestroysWhatIsStillCondemnedWithIt) {
  int gone = 0;
  {
    Loop loop;
    loop.dispose(std::make_unique<Watched>([&] {
      ++gone;
      loop.dispose(std::make_unique<Watched>([&] { ++gone; }));
    }));
  }
  EXPECT_EQ(gone, 2);
}

TEST(Loop, RunsWorkElsewhereAndTellsHere) {
  Loop loop;
  const pthread_t here = ::pthread_self();
  bool elsewhere = false, told_here = false;
  loop.run_elsewhere([&] { elsewhere = ::pthread_equal(here, ::pthread_self()) == 0; },
                     [&] { told_here = ::pthread_equal(here, ::pthread_self()) != 0; });
  EXPECT_TRUE(turn_until(loop, [&] { return told_here; }));
  EXPECT_TRUE(elsewhere);
}

TEST(Loop, GivesWayOnceOfManyTimesInARowAndAgainLater) {
  Loop loop;
  const base::Nanos begun = loop.now();
  EXPECT_TRUE(loop.give_way());
  while (!loop.give_way()) {
  }
  EXPECT_GE(loop.now() - begun, Loop::kGivesWayEvery);
}

TEST(Poller, MayBeDestroyedInItsOwnCallback) {
  Loop loop;
  Sockets pair;
  ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  std::unique_ptr<Poller> poller;
  int called = 0;
  const std::string witness(100, 'w');
  poller = std::make_unique<Poller>(loop, pair.a.get(), [&, witness](unsigned) {
    poller.reset();
    called += witness.size() == 100 ? 1 : 100;  // what the callback captured is still there
  });
  poller->want(kReadable);
  loop.turn();
  loop.turn();
  EXPECT_EQ(called, 1);
}

TEST(Poller, SaysWhatIsReadyAndStopsWhenNothingIsWanted) {
  Loop loop;
  Sockets pair;
  unsigned seen = 0;
  Poller poller(loop, pair.a.get(), [&](unsigned ready) { seen |= ready; });
  poller.want(kReadable | kWritable);
  loop.turn();
  EXPECT_EQ(seen, kWritable);
  ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  loop.turn();
  EXPECT_EQ(seen, kReadable | kWritable);
  seen = 0;
  poller.want(0);
  loop.turn();
  EXPECT_EQ(seen, 0U);
  EXPECT_EQ(poller.wanted(), 0U);
}

// A peer that closes with unread bytes of ours makes the socket report an error, behind which its last bytes
// lie.
TEST(Poller, GoesOnAfterAnErrorUntilAllThatCameBeforeItIsRead) {
  Loop loop;
  Sockets pair;
  ASSERT_EQ(::write(pair.a.get(), "unread", 6), 6);
  const std::string last(3000, 'z');
  ASSERT_EQ(::write(pair.b.get(), last.data(), last.size()), 3000);
  pair.b.reset();
  std::size_t got = 0;
  bool ended = false;
  Poller poller(loop, pair.a.get(), [&](unsigned ready) {
    EXPECT_NE(ready & kReadable, 0U);
    std::array<char, 1000> piece{};
    const ssize_t n = ::read(pair.a.get(), piece.data(), piece.size());
    if (n > 0) got += static_cast<std::size_t>(n);
    if (n <= 0) {
      ended = true;
      poller.want(0);
    }
  });
  poller.want(kReadable);
  EXPECT_TRUE(turn_until(loop, [&] { return ended; }));
  EXPECT_EQ(got, last.size());
}

TEST(Timer, FiresOnceOrAgainAndAgainAndMayDestroyItself) {
  Loop loop;
  int once = 0, often = 0;
  Timer single(loop, [&] { ++once; });
  Timer repeating(loop, [&] { ++often; });
  std::unique_ptr<Timer> own;
  own = std::make_unique<Timer>(loop, [&] { own.reset(); });
  single.start(0);
  repeating.start(0, base::kMillisecond);
  own->start(0);
  EXPECT_TRUE(repeating.running());
  EXPECT_TRUE(turn_until(loop, [&] { return often >= 3; }));
  EXPECT_EQ(once, 1);
  EXPECT_EQ(own, nullptr);
  EXPECT_FALSE(single.running());
  repeating.stop();
  EXPECT_FALSE(repeating.running());
}

class DeadlineWheel : public ::testing::Test {
 protected:
  Loop loop;
  Deadlines wheel{loop};
};

TEST_F(DeadlineWheel, ADeadlineFiresInTimeAndNeverEarly) {
  base::Nanos fired = 0;
  Deadline deadline(wheel, [&] { fired = loop.now(); });
  const base::Nanos set = loop.now();
  deadline.set(30 * base::kMillisecond);
  EXPECT_TRUE(turn_until(loop, [&] { return fired != 0; }));
  EXPECT_GE(fired - set, 30 * base::kMillisecond);
  EXPECT_FALSE(deadline.running());
}

TEST_F(DeadlineWheel, DeadlinesFireInTheOrderOfTheirTimesAndEachOfASlotFires) {
  std::string order;
  Deadline late(wheel, [&] { order += 'c'; });
  Deadline early(wheel, [&] { order += 'a'; });
  Deadline same(wheel, [&] { order += 'a'; });
  late.set(250 * base::kMillisecond);
  early.set(1);
  same.set(1);
  EXPECT_TRUE(turn_until(loop, [&] { return order.size() == 3; }));
  EXPECT_EQ(order, "aac");
}

TEST_F(DeadlineWheel, MovedClearedAndDestroyedDeadlinesDoNotFire) {
  std::string order;
  Deadline moved(wheel, [&] { order += 'm'; });
  Deadline cleared(wheel, [&] { order += 'c'; });
  auto destroyed = std::make_unique<Deadline>(wheel, [&] { order += 'd'; });
  Deadline last(wheel, [&] { order += 'l'; });
  moved.set(0);
  cleared.set(0);
  destroyed->set(0);
  moved.set(3600 * base::kSecond);  // longer than one round of the wheel
  cleared.clear();
  destroyed.reset();
  last.set(150 * base::kMillisecond);
  EXPECT_TRUE(turn_until(loop, [&] { return !order.empty(); }));
  EXPECT_EQ(order, "l");
  EXPECT_TRUE(moved.running());
}

TEST_F(DeadlineWheel, ACallbackMayClearItsNeighboursAndSetItselfAgain) {
  int again = 0;
  std::optional<Deadline> first, second;
  // Whichever of the two comes first silences the other.
  int fired = 0;
  first.emplace(wheel, [&] { ++fired, second->clear(); });
  second.emplace(wheel, [&] { ++fired, first->clear(); });
  Deadline repeating(wheel, [&] {
    if (++again < 3) repeating.set(0);
  });
  first->set(0);
  second->set(0);
  repeating.set(0);
  EXPECT_TRUE(turn_until(loop, [&] { return again == 3; }));
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(repeating.running());
}

// A round of the wheel is 102.4 s: the slot of this one comes by at once.
TEST_F(DeadlineWheel, ADeadlineOfTheSlotThatComesNextButARoundLaterGoesRound) {
  int fired = 0;
  const base::Nanos round = Deadlines::kSlot * static_cast<base::Nanos>(Deadlines::kSlots);
  Deadline far(wheel, [&] { fired += 100; });
  Deadline near(wheel, [&] { ++fired; });
  far.set(round + 50 * base::kMillisecond);
  near.set(200 * base::kMillisecond);
  EXPECT_TRUE(turn_until(loop, [&] { return fired != 0; }));
  EXPECT_EQ(fired, 1);
  EXPECT_TRUE(far.running());
}

}  // namespace
}  // namespace postern::loop
