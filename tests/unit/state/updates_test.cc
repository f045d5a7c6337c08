// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/updates.h"

#include <gtest/gtest.h>

#include "gateway/state/state.h"

namespace postern::state {
namespace {

constexpr const char* kTarget = "prometheus-2.tar";
constexpr const char* kStart = "2026-11-30T01:00:00.000000Z";
constexpr const char* kUntil = "2026-11-30T04:00:00.000000Z";

class UpdatesState : public ::testing::Test {
 protected:
  void tell(const std::string& what, base::Json detail = base::Json::object(),
            const std::string& subject = kTarget, const std::string& outcome = {}) {
    base::Json event{{"type", "update." + what},
                     {"time", "2026-11-28T12:00:00.000000Z"},
                     {"actor", "admin:root"},
                     {"subject", subject},
                     {"detail", std::move(detail)}};
    if (!outcome.empty()) event["outcome"] = outcome;
    EXPECT_TRUE(State::concerns("update." + what));
    EXPECT_TRUE(state.apply(event));
  }
  void announce() {
    tell("announced", {{"target", kTarget},
                       {"service", "prometheus"},
                       {"version", "2"},
                       {"from", {"1"}},
                       {"severity", "important"},
                       {"bytes", 7},
                       {"sha256", "ab"},
                       {"start", kStart},
                       {"until", kUntil},
                       {"latest", kStart},
                       {"notes", "Faster.\n"}});
  }
  void run(const char* id = "01A") {
    tell("started", {{"target", kTarget}, {"service", "prometheus"}, {"version", "2"}, {"before", "1"}}, id);
  }
  const VendorUpdate& now() const { return *state.updates().find(kTarget); }
  std::string text() const { return std::string(state_text(now())); }

  State state;
};

TEST_F(UpdatesState, FollowsOneFromItsAnnouncementToItsEnd) {
  announce();
  EXPECT_EQ(text(), "scheduled");
  EXPECT_EQ(base::format_time(now().start), kStart);
  EXPECT_EQ(now().notes, "Faster.\n");
  tell("postponed", {{"start", kUntil}, {"until", "2026-11-30T05:00:00.000000Z"}});
  EXPECT_TRUE(now().chosen);
  EXPECT_EQ(base::format_time(now().start), kUntil);
  tell("downloaded");
  EXPECT_TRUE(now().downloaded);
  tell("run_now_asked");
  EXPECT_EQ(text(), "waiting");
  EXPECT_EQ(now().asked_by, "admin:root");
  run();
  EXPECT_EQ(text(), "running");
  EXPECT_EQ(now().asked, 0);
  EXPECT_FALSE(now().begun_told);
  tell("begun", {{"run", "01A"}});
  EXPECT_TRUE(now().begun_told);
  tell("done", {{"service", "prometheus"}, {"version", "2"}}, "01A");
  EXPECT_EQ(text(), "done");
  EXPECT_FALSE(now().ended_told);
  tell("ended", {{"run", "01A"}}, kTarget, "done");
  EXPECT_TRUE(now().ended_told);
  EXPECT_EQ(state.updates().installed.at("prometheus"), "2");
  EXPECT_EQ(now().history.back().what, "ended: done");
}

TEST_F(UpdatesState, OneThatIsRolledBackLaterHasEndedTwice) {
  announce();
  run();
  tell("done", {{"service", "prometheus"}, {"version", "2"}}, "01A");
  tell("ended", {}, kTarget, "done");
  tell("rolling_back", {{"service", "prometheus"}, {"why", "an admin wants it"}}, "01A");
  EXPECT_EQ(text(), "running");
  EXPECT_FALSE(state.updates().installed.contains("prometheus"));
  tell("rolled_back", {{"service", "prometheus"}, {"version", "2"}, {"why", "an admin wants it"}}, "01A");
  EXPECT_EQ(text(), "rolled_back");
  EXPECT_FALSE(now().ended_told);
  EXPECT_EQ(now().why, "an admin wants it");
}

TEST_F(UpdatesState, ARefusalLeavesWhatWasPlanned) {
  announce();
  tell("run_now_asked");
  tell("ended", {{"why", "b is not healthy"}}, kTarget, "refused");
  EXPECT_EQ(text(), "scheduled");
  EXPECT_EQ(now().why, "b is not healthy");
}

TEST_F(UpdatesState, ACancellationIsTakenBack) {
  announce();
  tell("run_now_asked");
  tell("cancelled");
  EXPECT_EQ(text(), "cancelled");
  EXPECT_EQ(now().asked, 0);
  EXPECT_FALSE(view(now(), false).contains("start"));
  tell("scheduled", {{"start", kUntil}, {"until", kUntil}});
  EXPECT_EQ(text(), "scheduled");
  EXPECT_EQ(base::format_time(now().latest), kStart) << "the latest stays";
  tell("scheduled", {{"why", "there is no maintenance window any more"}});
  EXPECT_EQ(text(), "announced");
}

TEST_F(UpdatesState, ASuspensionTakesBackThatItIsToRunNow) {
  announce();
  tell("run_now_asked");
  tell("suspended", {{"why", "it fails"}});
  EXPECT_EQ(text(), "suspended");
  EXPECT_EQ(now().asked, 0);
  tell("suspension_ended", {{"start", kUntil}, {"until", kUntil}});
  EXPECT_EQ(text(), "scheduled");
  EXPECT_EQ(base::format_time(now().start), kUntil);
}

TEST_F(UpdatesState, WhyOneFailedOutlivesItsSuspension) {
  announce();
  run();
  tell("rolled_back", {{"service", "prometheus"}, {"version", "2"}, {"why", "b: exit status 1"}}, "01A");
  tell("suspended", {{"why", "1 of 2 installations reported that it failed"}});
  EXPECT_EQ(text(), "rolled_back");
  EXPECT_TRUE(now().suspended);
  EXPECT_EQ(now().why, "b: exit status 1");
  tell("suspension_ended");
  EXPECT_FALSE(now().suspended);
  EXPECT_EQ(now().why, "b: exit status 1");
}

TEST_F(UpdatesState, AMissedWindowIsFollowedByTheNext) {
  announce();
  tell("missed",
       {{"why", "the gateway did not run"}, {"start", kStart}, {"next", kUntil}, {"until", kUntil}});
  EXPECT_EQ(base::format_time(now().start), kUntil);
  EXPECT_EQ(now().why, "the gateway did not run");
}

TEST_F(UpdatesState, WhatRunsIsNotWithdrawn) {
  announce();
  run();
  tell("withdrawn", {{"why", "it is not offered"}});
  EXPECT_EQ(text(), "running");
  tell("stopped", {{"service", "prometheus"}, {"why", "an admin stopped it"}}, "01A");
  EXPECT_EQ(text(), "stopped");
}

TEST_F(UpdatesState, AnotherAnnouncementBeginsAnewAndKeepsTheHistory) {
  announce();
  tell("withdrawn", {{"why", "it is not offered"}});
  EXPECT_EQ(text(), "withdrawn");
  announce();
  EXPECT_EQ(text(), "scheduled");
  EXPECT_EQ(now().history.size(), 3U);
}

TEST_F(UpdatesState, WhatWasNotAnnouncedIsPassedOver) {
  tell("postponed", {{"start", kStart}}, "nothing");
  tell("ended", {}, "nothing", "done");
  run();
  EXPECT_TRUE(state.updates().targets.empty());
  announce();
  tell("done", {{"service", "prometheus"}, {"version", "9"}}, "01Z");
  EXPECT_EQ(text(), "scheduled") << "of another update";
}

TEST_F(UpdatesState, IsBounded) {
  for (int i = 0; i < 450; ++i)
    tell("announced", {{"service", "x"}, {"version", "1"}}, "target-" + std::to_string(1000 + i));
  EXPECT_EQ(state.updates().targets.size(), kUpdatesKept);
  announce();
  for (int i = 0; i < 100; ++i) tell("postponed", {{"start", kStart}, {"until", kUntil}});
  EXPECT_EQ(now().history.size(), kUpdateMomentsKept);
}

TEST_F(UpdatesState, TravelsAsJson) {
  announce();
  tell("postponed", {{"start", kUntil}, {"until", kUntil}});
  run();
  tell("done", {{"service", "prometheus"}, {"version", "2"}}, "01A");
  const auto again = State::from_json(state.to_json());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->updates(), state.updates());
  EXPECT_TRUE(updates_from_json({{"targets", {{{"target", "x"}, {"phase", 99}}, 7}}}).targets.empty());
}

TEST_F(UpdatesState, IsShown) {
  announce();
  const base::Json shown = view(now(), true);
  EXPECT_EQ(shown["state"], "scheduled");
  EXPECT_EQ(shown["start"], kStart);
  EXPECT_EQ(shown["history"][0]["what"], "announced");
  EXPECT_FALSE(view(now(), false).contains("notes"));
}

}  // namespace
}  // namespace postern::state
