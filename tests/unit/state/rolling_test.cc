// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/rolling.h"

#include <gtest/gtest.h>

#include "gateway/state/state.h"

namespace postern::state {
namespace {

constexpr const char* kOne = "http://127.0.0.1:1";
constexpr const char* kTwo = "http://127.0.0.1:2";

class RollingState : public ::testing::Test {
 protected:
  void tell(const char* what, base::Json detail = base::Json::object(), const char* id = "01A") {
    EXPECT_TRUE(state.apply({{"type", std::string("update.") + what},
                             {"time", "2026-11-28T12:00:00.000000Z"},
                             {"actor", "admin:root"},
                             {"subject", id},
                             {"detail", std::move(detail)}}));
  }
  void begin() {
    tell("started", {{"service", "prometheus"}, {"version", "2"}, {"before", "1"}, {"nodes", {kOne, kTwo}}});
  }
  const Rolling& now() const { return *state.rolling(); }

  State state;
};

TEST_F(RollingState, KnowsWhichNodeIsOutAndHowFarItIs) {
  begin();
  EXPECT_TRUE(now().under_way());
  EXPECT_EQ(now().by, "admin:root");
  EXPECT_FALSE(now().is_out("prometheus", kOne));
  tell("node_draining", {{"node", kOne}});
  EXPECT_TRUE(now().is_out("prometheus", kOne));
  EXPECT_FALSE(now().is_out("other", kOne));
  tell("node_drained", {{"node", kOne}, {"step", 1}});
  tell("step_begun", {{"node", kOne}, {"step", 2}});
  EXPECT_TRUE(now().nodes[0].under_way);
  EXPECT_EQ(now().nodes[0].steps, 1);
  tell("step_run", {{"node", kOne}, {"step", 2}, {"outcome", "done"}});
  EXPECT_FALSE(now().nodes[0].under_way);
  EXPECT_EQ(now().nodes[0].steps, 2);
  tell("node_updated", {{"node", kOne}});
  EXPECT_FALSE(now().is_out("prometheus", kOne));
  EXPECT_EQ(now().nodes[0].phase, NodePhase::Updated);
  EXPECT_EQ(now().nodes[1].phase, NodePhase::Waiting);
}

TEST_F(RollingState, GoesBackThroughTheSameNodes) {
  begin();
  tell("node_draining", {{"node", kOne}});
  tell("step_begun", {{"node", kOne}, {"step", 1}});
  tell("step_run", {{"node", kOne}, {"step", 1}, {"outcome", "failed"}});
  EXPECT_EQ(now().nodes[0].steps, 0);
  tell("node_failed", {{"node", kOne}, {"why", "status 3"}});
  tell("rolling_back", {{"why", "status 3"}});
  EXPECT_EQ(now().phase, RollingPhase::Back);
  EXPECT_TRUE(now().is_out("prometheus", kOne)) << "a node that failed gets nothing";
  tell("node_draining", {{"node", kOne}});
  EXPECT_EQ(now().nodes[0].phase, NodePhase::RollingBack);
  tell("node_rolled_back", {{"node", kOne}});
  tell("rolled_back", {{"why", "status 3"}});
  EXPECT_FALSE(now().under_way());
  EXPECT_FALSE(now().is_out("prometheus", kOne));
  EXPECT_EQ(view(now())["state"], "rolled_back");
}

TEST_F(RollingState, ConcernsTheLastUpdateAndNoOther) {
  tell("node_draining", {{"node", kOne}});
  EXPECT_FALSE(state.rolling());
  begin();
  tell("done", {}, "01B");
  EXPECT_TRUE(now().under_way());
  tell("stop_asked");
  EXPECT_TRUE(now().stop_asked);
  tell("stopped", {{"why", "an admin stopped it"}});
  EXPECT_EQ(now().phase, RollingPhase::Stopped);
}

TEST_F(RollingState, TravelsAsJson) {
  EXPECT_EQ(*State::from_json(state.to_json()), state);
  begin();
  tell("node_draining", {{"node", kTwo}});
  tell("step_begun", {{"node", kTwo}, {"step", 1}});
  EXPECT_EQ(*State::from_json(state.to_json()), state);
  EXPECT_FALSE(rolling_from_json({{"id", "x"}, {"phase", 9}, {"nodes", base::Json::array()}}));
}

}  // namespace
}  // namespace postern::state
