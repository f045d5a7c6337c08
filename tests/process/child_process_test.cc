// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A child as a real process, by itself.
#include <gtest/gtest.h>
#include <signal.h>

#include "gateway/supervisor/child.h"

namespace postern::supervisor {
namespace {

struct Life : testing::Test {
  loop::Loop loop;
  Child* child = nullptr;
  std::vector<std::string> reasons;
  Child::Listener listener;
  loop::Signal ended{loop, SIGCHLD, [this] { child->look(); }};

  Life() {
    listener.before_start = [](Child&) { return Child::Beginning{base::Json::object(), {}, {}}; };
    listener.on_started = [](Child&) {};
    listener.on_violated = [](Child&, const std::string&) {};
    listener.on_ended = [this](Child&, pid_t, const std::string& reason) {
      reasons.push_back(reason);
      if (reasons.size() == 2) loop.stop();
    };
  }
  void live_twice(const char* program) {
    Child own(loop, program, {"keeper", 0}, base::kMillisecond, listener);
    child = &own;
    own.start();
    loop.run();
    EXPECT_EQ(own.status()["state"], "backing_off");
    EXPECT_EQ(own.status()["reason"], reasons.back());
  }
};

TEST_F(Life, ARoleThatHangsBeforeItIsReadyIsKilledAndStartedAgain) {
  live_twice(TEST_HANG);
  for (const std::string& reason : reasons)
    EXPECT_EQ(reason, "signal 9 (Killed): it was not ready within 1ms");
}

TEST_F(Life, AProgramThatIsNotThereIsTriedAgain) {
  live_twice("/nowhere/keeper");
  for (const std::string& reason : reasons)
    EXPECT_EQ(reason, "status 127: cannot start /nowhere/keeper: No such file or directory");
}

}  // namespace
}  // namespace postern::supervisor
