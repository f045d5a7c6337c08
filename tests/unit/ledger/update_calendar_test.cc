// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/update_calendar.h"

#include <gtest/gtest.h>

#include <set>

#include "gateway/state/state.h"

namespace postern::ledger {
namespace {

using base::Json;
using base::Micros;

constexpr base::Nanos kHourMonotonic = 3600 * base::kSecond;
constexpr const char* kName = "prometheus-2.tar";

class Shelf final : public VendorShelf {
 public:
  const std::vector<VendorOffer>& offers() const override { return all; }
  bool gone(const std::string& target) const override {
    return knows &&
           std::none_of(all.begin(), all.end(), [&](const auto& one) { return one.target.name == target; });
  }
  void want(const std::string& target) override { wanted.insert(target); }
  void forget(const std::string& target) override { wanted.erase(target); }
  std::optional<std::string> refuse(const std::string&) const override { return why; }

  std::vector<VendorOffer> all;
  std::set<std::string> wanted;
  bool knows = true;
  std::optional<std::string> why;
};

class CalendarClock final : public base::Clock {
 public:
  base::Nanos monotonic() const override { return at; }
  Micros wall() const override { return base::parse_time("2026-11-28T10:00:00Z").value() + at / 1000 + jump; }
  base::Nanos at = 0;
  Micros jump = 0;
};

// A log that is folded at once, a shelf, and somebody who runs what is to begin.
class Calendar : public ::testing::Test {
 protected:
  void SetUp() override {
    terms.windows = {{MaintenanceWindow::kDaily, 120, 3 * 3600 * base::kWallSecond, {{0, 0}}}};
    renew();
  }
  // A ledger that comes anew knows what the log says, and nothing else.
  void renew() {
    UpdateCalendar::Calls calls;
    calls.record = [this](const Draft& draft) {
      if (full) return false;
      append(draft);
      return true;
    };
    calls.updates = [this]() -> const state::Updates& { return state.updates(); };
    calls.rolling = [this]() -> const std::optional<state::Rolling>& { return state.rolling(); };
    calls.updatable = [this](const std::string& service) { return updatable.contains(service); };
    calls.version = [this](const std::string&) { return version; };
    calls.begin = [this](const RollingOrder& order, Rolling::OnBegun begun) {
      orders.push_back(order);
      answer = std::move(begun);
      if (refuses) answer({refuses, Json()});
    };
    calls.make_id = [this] { return "RUN" + std::to_string(++last_run); };
    calendar = std::make_unique<UpdateCalendar>(clock, std::move(calls));
    calendar->configure(terms);
    calendar->set_shelf(&shelf);
  }
  void append(const Draft& draft) {
    const std::string type(audit::text_of(draft.type).name);
    record(type.substr(7), draft.subject, base::parse_json(draft.detail).value(), draft.outcome, draft.actor);
  }
  void record(const std::string& type, const std::string& subject, Json detail,
              const std::string& outcome = {}, const std::string& actor = "gateway") {
    types.push_back(type);
    details.push_back(detail);
    outcomes.push_back(outcome);
    Json event{{"type", "update." + type},
               {"time", base::format_time(clock.wall())},
               {"actor", actor},
               {"subject", subject},
               {"detail", std::move(detail)}};
    if (!outcome.empty()) event["outcome"] = outcome;
    state.apply(event);
  }
  VendorOffer& offer(const char* name = kName, const char* of = "prometheus", const char* to = "2",
                     std::vector<std::string> from = {"1"}) {
    VendorOffer out;
    out.target.name = name;
    out.target.of = of;
    out.target.version = to;
    out.target.from = std::move(from);
    out.target.length = 7;
    out.target.sha256 = std::string(64, 'a');
    out.target.postpone_hours = 72;
    out.whole = true;
    out.have = 7;
    out.artefact = "/var/lib/postern/updates/a";
    shelf.all.push_back(std::move(out));
    return shelf.all.back();
  }
  void wait(base::Nanos by, base::Nanos step = 10 * 60 * base::kSecond) {
    for (const base::Nanos end = clock.at + by; clock.at < end;) {
      clock.at = std::min(end, clock.at + step);
      calendar->look();
    }
  }
  void look() { wait(2 * base::kSecond, base::kSecond); }
  // What the rolling update says.
  void started() {
    const RollingOrder& order = orders.back();
    record("started", order.id,
           {{"target", order.target},
            {"service", order.service},
            {"version", order.version},
            {"before", "1"},
            {"nodes", {"a"}}});
    if (answer) answer({std::nullopt, Json::object()});
    answer = {};
  }
  void run_ends(const char* how, const char* why = "") {
    const RollingOrder& order = orders.back();
    record(how, order.id, {{"service", order.service}, {"version", order.version}, {"why", why}});
    if (std::string(how) == "done") version = version.empty() ? "" : order.version;
  }
  Decision decide(const std::string& command, Json more = Json::object(), const char* target = kName) {
    more.update(
        {{"command", "update." + command}, {"target", target}, {"actor", "admin:root"}, {"from", "uid 0"}});
    Decision out = calendar->decide(more);
    for (const Draft& draft : out.events) append(draft);
    return out;
  }
  std::string refusal(const std::string& command, Json more = Json::object(), const char* target = kName) {
    const Decision out = decide(command, std::move(more), target);
    return out.refused ? out.refused->message : "";
  }
  std::size_t count(const std::string& type) const {
    return static_cast<std::size_t>(std::count(types.begin(), types.end(), type));
  }
  const state::VendorUpdate& now(const char* target = kName) const { return *state.updates().find(target); }
  std::string text(const char* target = kName) const { return std::string(state_text(now(target))); }
  std::string start(const char* target = kName) const {
    return base::format_time(now(target).start).substr(0, 16);
  }

  CalendarClock clock;
  CalendarTerms terms;
  Shelf shelf;
  state::State state;
  std::set<std::string> updatable{"prometheus", "alerts"};
  std::string version;
  bool full = false;
  std::optional<std::string> refuses;
  std::vector<std::string> types, outcomes;
  std::vector<Json> details;
  std::vector<RollingOrder> orders;
  Rolling::OnBegun answer;
  int last_run = 0;
  std::unique_ptr<UpdateCalendar> calendar;
};

TEST_F(Calendar, AnnouncesADayAheadAndStartsInTheWindow) {
  offer();
  look();
  EXPECT_EQ(types, (std::vector<std::string>{"announced"}));
  EXPECT_EQ(details[0]["service"], "prometheus");
  EXPECT_EQ(details[0]["latest"], "2026-12-03T02:00:00.000000Z") << "72 hours after the start";
  EXPECT_EQ(start(), "2026-11-30T02:00") << "that of the 29th is less than a day away";
  wait(39 * kHourMonotonic);
  EXPECT_TRUE(orders.empty());
  wait(2 * kHourMonotonic);
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].service, "prometheus");
  EXPECT_EQ(orders[0].target, kName);
  EXPECT_EQ(orders[0].sha256, std::string(64, 'a'));
  EXPECT_EQ(orders[0].replaces, std::vector<std::string>{"1"});
  EXPECT_EQ(orders[0].actor, "gateway");
  started();
  look();
  EXPECT_EQ(types.back(), "begun");
  EXPECT_EQ(details.back()["run"], "RUN1");
  run_ends("done");
  look();
  EXPECT_EQ(types.back(), "ended");
  EXPECT_EQ(outcomes.back(), "done");
  wait(200 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
  EXPECT_EQ(count("announced") + count("ended") + count("begun"), 3U);
}

TEST_F(Calendar, WithoutAWindowNothingStartsByItself) {
  terms.windows.clear();
  renew();
  offer();
  wait(300 * kHourMonotonic);
  EXPECT_EQ(text(), "announced");
  EXPECT_TRUE(orders.empty());
  EXPECT_EQ(refusal("postpone", {{"to", "next-window"}}), "nothing is planned for it that could be put off");
  EXPECT_EQ(refusal("run_now"), "");
  look();
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].actor, "admin:root");
}

TEST_F(Calendar, NotBeforeIsKept) {
  offer().target.not_before = base::parse_time("2026-12-05T03:00:00Z").value();
  look();
  EXPECT_EQ(start(), "2026-12-06T02:00");
}

TEST_F(Calendar, AClockThatIsPutForwardBringsNothingForward) {
  offer();
  look();
  clock.jump = 40 * 3600 * base::kWallSecond;  // the 30th, 02:00
  wait(kHourMonotonic);
  EXPECT_TRUE(orders.empty()) << "it was announced an hour ago";
  wait(2 * kHourMonotonic);
  EXPECT_EQ(types.back(), "missed");
  EXPECT_EQ(details.back()["why"], "it was announced less than 1d before");
  wait(30 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Calendar, AClockThatIsPutBackWaitsLonger) {
  offer();
  look();
  clock.jump = -48 * 3600 * base::kWallSecond;
  wait(60 * kHourMonotonic);
  EXPECT_TRUE(orders.empty());
  wait(40 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Calendar, IsPutOffToLaterTimesAndNoFurtherThanTheVendorAllows) {
  offer();
  look();
  EXPECT_EQ(refusal("postpone", {{"to", "next-window"}}), "");
  EXPECT_EQ(start(), "2026-12-01T02:00");
  EXPECT_EQ(refusal("postpone", {{"to", "2026-12-02T15:00:00+01:00"}}), "");
  EXPECT_EQ(start(), "2026-12-02T14:00");
  EXPECT_EQ(base::format_time(now().until).substr(0, 16), "2026-12-02T15:00")
      << "an hour outside of any window";
  EXPECT_EQ(refusal("postpone", {{"to", "2026-12-03T01:30:00Z"}}), "");
  EXPECT_EQ(
      refusal("postpone", {{"to", "2026-12-03T02:00:01Z"}}),
      "the vendor lets it be put off until 2026-12-03T02:00:00.000000Z and no longer; it can be cancelled");
  EXPECT_EQ(refusal("postpone", {{"to", "2026-12-02T15:00:00Z"}}),
            "it is planned for 2026-12-03T01:30:00.000000Z, and is put off to a later time only");
  EXPECT_EQ(refusal("postpone", {{"to", "2026-12-03T02:00:00Z"}}), "") << "the latest itself";
  EXPECT_EQ(base::format_time(now().until).substr(0, 16), "2026-12-03T05:00") << "in a window: until it ends";
  EXPECT_NE(refusal("postpone", {{"to", "next-window"}}), "");
  EXPECT_NE(refusal("postpone", {{"to", "tomorrow"}}), "");
  EXPECT_NE(refusal("postpone", {{"to", "2020-01-01T00:00:00Z"}}), "");
  EXPECT_EQ(refusal("postpone", {{"to", "1d"}}, "other"),
            "no update of that name was announced: see postern update list");
  wait(113 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
  EXPECT_EQ(count("missed") + count("scheduled"), 0U);
}

TEST_F(Calendar, OneThatTheVendorDoesNotLetWaitCanBeCancelled) {
  offer().target.postpone_hours = 0;
  look();
  EXPECT_NE(refusal("postpone", {{"to", "next-window"}}), "");
  EXPECT_EQ(refusal("cancel"), "");
  wait(200 * kHourMonotonic);
  EXPECT_TRUE(orders.empty());
  EXPECT_FALSE(shelf.wanted.contains(kName));
  EXPECT_FALSE(decide("cancel").reply["changed"]) << "again";
  EXPECT_EQ(refusal("schedule"), "");
  EXPECT_EQ(text(), "scheduled");
  EXPECT_EQ(start(), "2026-12-07T02:00");
  wait(40 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Calendar, OneThatIsCancelledMayStillBeRun) {
  offer();
  look();
  decide("cancel");
  look();
  EXPECT_FALSE(shelf.wanted.contains(kName));
  decide("schedule");
  look();
  EXPECT_TRUE(shelf.wanted.contains(kName)) << "at once";
  decide("cancel");
  EXPECT_EQ(refusal("run_now"), "");
  look();
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(refusal("cancel"), "it is beginning at this moment: once it runs, postern update stop stops it");
  started();
  look();
  EXPECT_EQ(text(), "running");
}

TEST_F(Calendar, RunNowWaitsForTheFileAndForNothingElse) {
  offer().whole = false;
  look();
  EXPECT_TRUE(shelf.wanted.contains(kName));
  EXPECT_FALSE(decide("run_now").reply["whole"]);
  wait(2 * kHourMonotonic);
  EXPECT_TRUE(orders.empty());
  EXPECT_EQ(text(), "waiting");
  shelf.all[0].whole = true;
  look();
  EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Calendar, RunNowIsGivenUpAfterADay) {
  offer().whole = false;
  look();
  decide("run_now");
  wait(25 * kHourMonotonic);
  EXPECT_EQ(outcomes.back(), "refused");
  EXPECT_EQ(text(), "scheduled");
  shelf.all[0].whole = true;
  wait(2 * kHourMonotonic);
  EXPECT_TRUE(orders.empty());
}

TEST_F(Calendar, RunNowThatIsRefusedIsToldAtOnce) {
  offer();
  look();
  refuses = "b is not healthy";
  decide("run_now");
  look();
  EXPECT_EQ(types.back(), "ended");
  EXPECT_EQ(outcomes.back(), "refused");
  EXPECT_EQ(now().why, "b is not healthy");
  EXPECT_EQ(text(), "scheduled");
  wait(2 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
  shelf.why = "what was signed has expired";
  EXPECT_EQ(refusal("run_now"), "what was signed has expired");
}

TEST_F(Calendar, WhatIsJudgedOnceMoreBeforeItRunsMayBeRefused) {
  offer().whole = false;
  look();
  decide("run_now");
  shelf.all[0].whole = true;
  shelf.why = "its hash is another";
  look();
  EXPECT_TRUE(orders.empty());
  EXPECT_EQ(outcomes.back(), "refused");
  EXPECT_EQ(now().why, "its hash is another");
}

TEST_F(Calendar, AWindowThatPassesIsFollowedByTheNext) {
  offer().whole = false;
  look();
  wait(44 * kHourMonotonic);
  EXPECT_EQ(types.back(), "missed");
  EXPECT_EQ(details.back()["why"], "its file is not here: 7 of 7 bytes");
  EXPECT_EQ(start(), "2026-12-01T02:00");
  shelf.all[0].whole = true;
  wait(22 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Calendar, WithinItsWindowItIsTriedAgainAndNotTooOften) {
  offer();
  look();
  refuses = "b is not healthy";
  wait(44 * kHourMonotonic, 60 * base::kSecond);
  EXPECT_EQ(orders.size(), 6U) << "at 0, 5, 15, 35, 75 and 155 minutes";
  EXPECT_EQ(details.back()["why"], "b is not healthy");
  EXPECT_EQ(count("ended"), 0U);
  refuses.reset();
  wait(22 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 7U);
}

TEST_F(Calendar, AGatewayThatDidNotRunMissesItsWindow) {
  offer();
  look();
  clock.at += 60 * kHourMonotonic;
  renew();
  look();
  EXPECT_EQ(details.back()["why"], "the gateway did not run");
  EXPECT_EQ(start(), "2026-12-01T02:00");
}

TEST_F(Calendar, WaitsWhileAnotherUpdateIsUnderWay) {
  offer();
  look();
  record("started", "OTHER", {{"service", "alerts"}, {"version", "9"}, {"nodes", {"x"}}});
  wait(44 * kHourMonotonic);
  EXPECT_TRUE(orders.empty());
  EXPECT_EQ(details.back()["why"], "an update of alerts was under way");
  EXPECT_EQ(refusal("run_now"), "an update of alerts is under way: wait until it has ended");
}

TEST_F(Calendar, WhatTheVendorSuspendsIsNotRun) {
  offer();
  look();
  shelf.all[0].suspended = true;
  shelf.all[0].why = "it fails\n elsewhere";
  look();
  EXPECT_EQ(types.back(), "suspended");
  EXPECT_EQ(text(), "suspended");
  EXPECT_NE(refusal("run_now").find("the vendor has suspended it"), std::string::npos);
  wait(60 * kHourMonotonic);
  EXPECT_TRUE(orders.empty());
  EXPECT_EQ(count("missed"), 0U);
  shelf.all[0].suspended = false;
  look();
  EXPECT_EQ(types.back(), "suspension_ended");
  EXPECT_EQ(start(), "2026-12-01T02:00");
  wait(22 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Calendar, WhatIsNotOfferedAnyMoreIsWithdrawn) {
  offer();
  look();
  shelf.all.clear();
  shelf.knows = false;
  wait(2 * kHourMonotonic);
  EXPECT_EQ(text(), "scheduled") << "nobody knows what the vendor offers";
  shelf.knows = true;
  look();
  EXPECT_EQ(text(), "withdrawn");
  EXPECT_FALSE(shelf.wanted.contains(kName));
  EXPECT_EQ(refusal("run_now"), "it was withdrawn: it is not offered any more");
  offer();
  look();
  EXPECT_EQ(text(), "withdrawn") << "not to and fro";
  wait(2 * kHourMonotonic);
  EXPECT_EQ(count("announced"), 2U);
  EXPECT_EQ(start(), "2026-11-30T02:00") << "a day ahead again";
}

TEST_F(Calendar, WhatAnAdminPutOffIsNotBroughtForwardByASuspension) {
  offer();
  look();
  ASSERT_EQ(refusal("postpone", {{"to", "2026-12-02T14:00:00Z"}}), "") << "outside any window";
  shelf.all[0].suspended = true;
  look();
  shelf.all[0].suspended = false;
  wait(2 * kHourMonotonic);
  EXPECT_EQ(count("suspension_ended"), 1U);
  EXPECT_EQ(count("scheduled"), 0U);
  EXPECT_EQ(start(), "2026-12-02T14:00");
  EXPECT_TRUE(now().chosen);
  renew();
  wait(97 * kHourMonotonic);
  EXPECT_TRUE(orders.empty()) << "it is 2026-12-02T13:00";
  wait(2 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Calendar, ASuspensionBeyondTheChosenStartPlansAnew) {
  offer();
  look();
  ASSERT_EQ(refusal("postpone", {{"to", "2026-12-02T14:00:00Z"}}), "");
  shelf.all[0].suspended = true;
  wait(110 * kHourMonotonic);
  shelf.all[0].suspended = false;
  look();
  EXPECT_EQ(start(), "2026-12-03T02:00");
  EXPECT_FALSE(now().chosen);
}

TEST_F(Calendar, WhatAnAdminCancelledStaysSoWhereItIsTakenBackAndOfferedAgain) {
  offer();
  look();
  decide("cancel");
  shelf.all.clear();
  look();
  EXPECT_EQ(text(), "withdrawn");
  state = *state::State::from_json(state.to_json());
  wait(2 * kHourMonotonic);
  offer();
  look();
  EXPECT_EQ(text(), "cancelled");
  ASSERT_GE(types.size(), 2U);
  EXPECT_EQ(types[types.size() - 2], "announced");
  EXPECT_EQ(types.back(), "cancelled");
  EXPECT_EQ(details.back()["why"], "an admin had cancelled it before it was withdrawn");
  wait(200 * kHourMonotonic);
  EXPECT_TRUE(orders.empty());
  EXPECT_EQ(refusal("schedule"), "");
  wait(48 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
}

TEST_F(Calendar, WhatAnAdminPutOffStartsThenWhereItIsTakenBackAndOfferedAgain) {
  offer();
  look();
  ASSERT_EQ(refusal("postpone", {{"to", "2026-12-02T14:00:00Z"}}), "");
  const Micros latest = now().latest;
  shelf.all.clear();
  look();
  wait(2 * kHourMonotonic);
  offer();
  look();
  EXPECT_EQ(count("announced"), 2U);
  EXPECT_EQ(start(), "2026-12-02T14:00");
  EXPECT_EQ(now().latest, latest) << "the vendor's limit does not move either";
  EXPECT_TRUE(now().chosen);
  look();
  EXPECT_EQ(count("scheduled"), 0U);
  shelf.all.clear();
  look();
  wait(85 * kHourMonotonic);
  offer();
  look();
  EXPECT_EQ(start(), "2026-12-03T02:00") << "what was chosen is less than a day ahead";
  EXPECT_FALSE(now().chosen);
}

TEST_F(Calendar, AnotherFileUnderItsNameBeginsAnew) {
  offer();
  look();
  wait(30 * kHourMonotonic);
  shelf.all[0].target.sha256 = std::string(64, 'b');
  look();
  EXPECT_EQ(count("announced"), 2U);
  EXPECT_EQ(start(), "2026-12-01T02:00");
}

TEST_F(Calendar, OnlyWhatFitsIsAnnounced) {
  version = "7";
  offer();
  offer("same.tar", "prometheus", "7", {});
  offer("any.tar", "prometheus", "8", {});
  look();
  EXPECT_EQ(state.updates().targets.size(), 1U);
  EXPECT_EQ(text("any.tar"), "scheduled");
}

TEST_F(Calendar, OfTwoForAServiceOneRunsAndTheOtherIsWithdrawn) {
  version = "1";
  offer("two.tar", "prometheus", "2", {"1"});
  offer("three.tar", "prometheus", "3", {"1"}).target.severity = update::Severity::Critical;
  offer("other.tar", "alerts", "5", {}).target.severity = update::Severity::Low;
  look();
  wait(41 * kHourMonotonic);
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].target, "three.tar") << "the more urgent one";
  started();
  look();
  EXPECT_EQ(text("two.tar"), "scheduled");
  run_ends("done");
  look();
  EXPECT_EQ(text("two.tar"), "withdrawn");
  EXPECT_EQ(now("two.tar").why, "version 3 is installed, which it does not replace");
  wait(kHourMonotonic);
  ASSERT_EQ(orders.size(), 2U) << "that of the other service, in the same window";
  EXPECT_EQ(orders[1].target, "other.tar");
}

TEST_F(Calendar, OneThatMayReplaceAnythingDoesNotReplaceANewerOne) {
  offer("old.tar", "prometheus", "2", {});
  look();
  wait(kHourMonotonic);
  offer("new.tar", "prometheus", "3", {});
  wait(41 * kHourMonotonic);
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].target, "new.tar") << "which was announced last";
  started();
  run_ends("done");
  look();
  EXPECT_EQ(text("old.tar"), "withdrawn");
}

TEST_F(Calendar, WhatWasRolledBackDoesNotStartByItselfAgain) {
  offer();
  look();
  decide("run_now");
  look();
  started();
  look();
  run_ends("rolled_back", "b failed");
  look();
  EXPECT_EQ(outcomes.back(), "rolled_back");
  EXPECT_EQ(details.back()["why"], "b failed");
  wait(300 * kHourMonotonic);
  EXPECT_EQ(orders.size(), 1U);
  EXPECT_EQ(refusal("schedule"),
            "it ran before, and does not start by itself again: run it with postern update run-now");
  EXPECT_EQ(refusal("run_now"), "");
  look();
  EXPECT_EQ(orders.size(), 2U);
}

TEST_F(Calendar, TheFileStaysWhileItMayBeRolledBack) {
  offer();
  look();
  decide("run_now");
  look();
  started();
  run_ends("done");
  look();
  EXPECT_TRUE(shelf.wanted.contains(kName));
  record("started", "OTHER", {{"service", "alerts"}, {"version", "9"}, {"nodes", {"x"}}});
  look();
  EXPECT_FALSE(shelf.wanted.contains(kName));
}

TEST_F(Calendar, OtherWindowsAreOtherPlans) {
  offer();
  look();
  terms.windows[0].from = 300;
  calendar->configure(terms);
  look();
  EXPECT_EQ(types.back(), "scheduled");
  EXPECT_EQ(start(), "2026-11-30T05:00");
  terms.windows.clear();
  calendar->configure(terms);
  look();
  EXPECT_EQ(text(), "announced");
  updatable.clear();
  look();
  EXPECT_EQ(text(), "announced");
  EXPECT_NE(refusal("run_now"), "");
}

TEST_F(Calendar, APlanOfAnAdminsOwnStaysWhenWindowsChange) {
  offer();
  look();
  decide("postpone", {{"to", "2026-12-01T12:00:00Z"}});
  terms.windows[0].from = 300;
  calendar->configure(terms);
  look();
  EXPECT_EQ(start(), "2026-12-01T12:00");
}

TEST_F(Calendar, OfAServiceThatIsNotUpdatedFromHereNothingIsFetched) {
  offer("x.tar", "unknown", "2", {});
  offer("postern.tar", "postern", "2", {}).target.product = true;
  look();
  EXPECT_EQ(text("x.tar"), "announced");
  EXPECT_EQ(text("postern.tar"), "announced");
  EXPECT_TRUE(shelf.wanted.empty());
  EXPECT_NE(refusal("run_now", Json::object(), "postern.tar"), "");
}

TEST_F(Calendar, TheGatewayItselfIsPlannedWhereTheConfigurationSaysHow) {
  updatable.insert("postern");
  offer("postern.tar", "postern", "2", {}).target.product = true;
  offer("of-a-service.tar", "postern", "2", {});
  look();
  EXPECT_EQ(text("postern.tar"), "scheduled");
  EXPECT_EQ(text("of-a-service.tar"), "announced") << "what is made for a service is not run on the gateway";
  EXPECT_TRUE(shelf.wanted.contains("postern.tar"));
}

// A ledger may end between any two records: whatever the log says then, the rest follows once, and nothing runs twice.
TEST_F(Calendar, AfterARestartBetweenAnyTwoRecordsTheRestFollowsOnce) {
  for (std::size_t cut = 0; cut < 6; ++cut) {
    SCOPED_TRACE(cut);
    state = {};
    types.clear();
    details.clear();
    outcomes.clear();
    orders.clear();
    shelf.all.clear();
    answer = {};
    clock.at += kHourMonotonic;
    renew();
    offer();
    const auto reached = [&] {
      if (types.size() != cut) return;
      answer = {};
      renew();
    };
    const auto turn = [&] {
      reached();
      look();
    };
    turn();
    turn();
    ASSERT_EQ(types, (std::vector<std::string>{"announced"}));
    decide("run_now");
    turn();
    ASSERT_GE(orders.size(), 1U);
    started();
    turn();
    turn();
    EXPECT_EQ(types.back(), "begun");
    run_ends("done");
    turn();
    turn();
    look();
    EXPECT_EQ(types,
              (std::vector<std::string>{"announced", "run_now_asked", "started", "begun", "done", "ended"}));
  }
}

TEST_F(Calendar, WhereTheLogCannotBeWrittenNothingIsTwice) {
  offer();
  full = true;
  look();
  look();
  EXPECT_TRUE(types.empty());
  full = false;
  look();
  EXPECT_EQ(count("announced"), 1U);
}

TEST_F(Calendar, ADryRunSaysWhatWouldBeDone) {
  offer();
  look();
  Rolling::Begun said;
  calendar->look_ahead({{"target", kName}, {"actor", "admin:root"}, {"from", "uid 0"}},
                       [&said](const Rolling::Begun& begun) { said = begun; });
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_TRUE(orders[0].dry);
  answer({std::nullopt, {{"nodes", 3}}});
  EXPECT_EQ(said.plan["nodes"], 3);
  calendar->look_ahead({{"target", "nothing"}}, [&said](const Rolling::Begun& begun) { said = begun; });
  EXPECT_EQ(said.refused, "no update of that name was announced: see postern update list");
}

TEST(CalendarTerms, AreReadAndNeverLessThanADay) {
  const CalendarTerms terms = parse_calendar_terms(
      {{"calendar",
        {{"notice_us", 5},
         {"windows", {{{"days", 1}, {"from_minutes", 1}, {"length_us", 9}, {"zone", {{0, 0}}}}}}}}});
  EXPECT_EQ(terms.notice, CalendarTerms::kLeastNotice);
  EXPECT_EQ(terms.windows.size(), 1U);
  EXPECT_TRUE(parse_calendar_terms(Json::object()).windows.empty());
}

}  // namespace
}  // namespace postern::ledger
