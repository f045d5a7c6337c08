// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Usage is what the log's events say, each once, wherever counting was broken off.
#include "gateway/ledger/usage.h"

#include <gmock/gmock.h>

#include "audit/event_line.h"
#include "base/ulid.h"
#include "gateway/ledger/usage_fold.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

constexpr base::Micros kMinuteOfUsage = 60 * base::kWallSecond;

class FoldedUsage : public ::testing::Test {
 protected:
  void happens(EventType type, base::Micros time, const std::string& subject,
               const std::string& detail = "{}") {
    log.push_back(audit::event_line(ids.make(time), time,
                                    head_of({type, "gateway", {}, subject, {}, {}, false}), detail));
  }
  void share(base::Micros time, const char* setting) {
    happens(EventType::PermissionChanged, time, "usage",
            std::string(R"({"what":"sharing","name":"usage","new":")") + setting + "\"}");
  }
  void session(base::Micros time, const char* engineer) { happens(EventType::SessionOpened, time, engineer); }
  void exchange(base::Micros time, const char* klass, int in, int out) {
    happens(EventType::ExchangeForwarded, time, "a.read", std::string(R"({"class":")") + klass + "\"}");
    happens(
        EventType::ExchangeCompleted, time, "a.read",
        R"({"request_bytes":)" + std::to_string(in) + R"(,"response_bytes":)" + std::to_string(out) + "}");
  }
  void a_day_of_it() {
    session(kNoon, "early");  // before it was shared
    share(kNoon + kMinuteOfUsage, "on");
    session(kNoon + 2 * kMinuteOfUsage, "alice");
    session(kNoon + 3 * kMinuteOfUsage, "alice");
    session(kNoon + 3 * kMinuteOfUsage, "bob");
    exchange(kNoon + 4 * kMinuteOfUsage, "read", 10, 1000);
    exchange(kNoon + 5 * kMinuteOfUsage, "write", 20, 2000);
    happens(EventType::ExchangeRefused, kNoon + 6 * kMinuteOfUsage, "");
    happens(EventType::LimitReached, kNoon + 6 * kMinuteOfUsage, "exchanges",
            R"({"limit":"exchanges","count":7})");
    happens(EventType::LimitReached, kNoon + 6 * kMinuteOfUsage, "connections",
            R"({"limit":"connections","count":90})");
    happens(EventType::PermissionChanged, kNoon + 7 * kMinuteOfUsage, "a.read",
            R"({"what":"capability","name":"a.read","new":"on"})");
    exchange(kNoon + 61 * kMinuteOfUsage, "read", 1, 1);
  }
  UsageFold folded(UsageFold fold, std::size_t upto) const {
    for (std::size_t i = 0; i < upto; ++i) take_line(fold, i, log[i]);
    return fold;
  }

  std::vector<std::string> log;
  base::UlidMaker ids;
};

TEST_F(FoldedUsage, CountsWhatWasDoneWhileItWasShared) {
  a_day_of_it();
  UsageFold fold = folded({}, log.size());
  EXPECT_TRUE(fold.close(kNoon + 62 * kMinuteOfUsage));
  ASSERT_EQ(fold.closed().size(), 1U);
  EXPECT_EQ(fold.closed()[0].hour, kNoon / kUsageHour);
  EXPECT_EQ(fold.closed()[0].body, Json::parse(R"({"complete":false,"sessions":3,"engineers":2,
    "exchanges":{"read":1,"write":1,"refused":8},"bytes":{"in":30,"out":3000},"capabilities":1,"component":{}})"));
  EXPECT_EQ(fold.open(kNoon + 62 * kMinuteOfUsage)["exchanges"]["read"], 1);
}

TEST_F(FoldedUsage, IsTheSameWhereverItWasBrokenOff) {
  a_day_of_it();
  UsageFold whole = folded({}, log.size());
  whole.close(kNoon + 62 * kMinuteOfUsage);
  for (std::size_t kept = 0; kept <= log.size(); ++kept) {
    const UsageFold file = UsageFold::from_json(folded({}, kept).to_json());
    UsageFold again = folded(file, log.size());  // the whole log once more
    again.close(kNoon + 62 * kMinuteOfUsage);
    EXPECT_EQ(again.to_json(), whole.to_json()) << kept;
  }
}

TEST_F(FoldedUsage, AnHourWithoutEventsIsAnHourAllTheSame) {
  share(kNoon, "on");
  UsageFold fold = folded({}, log.size());
  fold.close(kNoon + 5 * 60 * kMinuteOfUsage + 2 * kMinuteOfUsage);
  ASSERT_EQ(fold.closed().size(), 5U);
  EXPECT_EQ(fold.closed()[4].body["sessions"], 0);
  EXPECT_EQ(fold.closed()[4].body["complete"], true);
}

TEST_F(FoldedUsage, WhatComesLateCountsOnceInTheFirstHourThatIsOpen) {
  share(kNoon, "on");
  UsageFold fold = folded({}, 1);
  fold.close(kNoon + 62 * kMinuteOfUsage);
  session(kNoon + 59 * kMinuteOfUsage, "alice");
  take_line(fold, 1, log[1]);
  fold.close(kNoon + 122 * kMinuteOfUsage);
  ASSERT_EQ(fold.closed().size(), 2U);
  EXPECT_EQ(fold.closed()[0].body["sessions"], 0);
  EXPECT_EQ(fold.closed()[1].body["sessions"], 1);
}

TEST_F(FoldedUsage, AClockThatWasAheadAndIsPutRightKeepsNothingInHoursToCome) {
  constexpr base::Micros ahead = kNoon + 90 * 60 * kMinuteOfUsage, back = kNoon + 20 * kMinuteOfUsage;
  share(kNoon, "on");
  session(kNoon + kMinuteOfUsage, "alice");
  UsageFold fold = folded({}, log.size());
  EXPECT_TRUE(fold.close(ahead));
  fold.take_counter("n", "queries", 100, ahead);
  fold.take_counter("n", "queries", 107, ahead);
  EXPECT_TRUE(fold.close(ahead + 65 * kMinuteOfUsage));
  session(ahead + 66 * kMinuteOfUsage, "bob");
  take_line(fold, log.size() - 1, log.back());
  EXPECT_TRUE(fold.close(back));
  ASSERT_EQ(fold.closed().size(), 1U) << "the hour it is, which may have been told";
  EXPECT_EQ(fold.closed()[0].body["sessions"], 1);
  session(back, "carol");
  take_line(fold, log.size() - 1, log.back());
  EXPECT_FALSE(fold.close(back));
  EXPECT_FALSE(fold.close(kNoon + 119 * kMinuteOfUsage));
  EXPECT_TRUE(fold.close(kNoon + 122 * kMinuteOfUsage));
  ASSERT_EQ(fold.closed().size(), 2U);
  EXPECT_EQ(fold.closed()[1].hour, kNoon / kUsageHour + 1);
  EXPECT_EQ(fold.closed()[1].body["sessions"], 2);
  EXPECT_EQ(fold.closed()[1].body["engineers"], 2);
  EXPECT_EQ(fold.closed()[1].body["component"]["queries"], 7);
  EXPECT_EQ(fold.closed()[1].body["complete"], false);
}

TEST_F(FoldedUsage, WhatWasNotToldGoesWhenItIsSharedNoMore) {
  a_day_of_it();
  share(kNoon + 63 * kMinuteOfUsage, "off");
  UsageFold fold = folded({}, log.size());
  EXPECT_FALSE(fold.close(kNoon + 200 * kMinuteOfUsage));
  EXPECT_TRUE(fold.closed().empty());
}

TEST_F(FoldedUsage, CountersOfTheComponentGrowOnceOverARestart) {
  share(kNoon, "on");
  UsageFold fold = folded({}, 1);
  EXPECT_TRUE(fold.take_counter("n", "queries", 100, kNoon));
  EXPECT_FALSE(fold.take_counter("n", "queries", 150, kNoon));
  fold = UsageFold::from_json(fold.to_json());
  fold.take_counter("n", "queries", 175, kNoon);
  fold.take_counter("m", "queries", 5, kNoon);
  fold.take_counter("m", "queries", 6, kNoon);
  EXPECT_EQ(fold.open(kNoon)["component"]["queries"], 76);
}

// Told as often as makes their growth more than a number holds.
TEST_F(FoldedUsage, FalseCountersGrowNoFurtherThanAnExactNumber) {
  share(kNoon, "on");
  UsageFold fold = folded({}, 1);
  for (int i = 0; i < 2'050; ++i) fold.take_counter("n", "queries", i % 2 == 0 ? 0 : 0x1p53, kNoon);
  EXPECT_EQ(fold.open(kNoon)["component"]["queries"], std::int64_t{1} << 53U);
}

TEST_F(FoldedUsage, AnHourHasOneIdForEver) {
  EXPECT_EQ(usage_id(480'000), usage_id(480'000));
  EXPECT_NE(usage_id(480'000), usage_id(480'001));
  EXPECT_TRUE(base::is_ulid(usage_id(480'000)));
  EXPECT_EQ(base::ulid_time(usage_id(480'000)), 480'000 * kUsageHour);
}

TEST_F(FoldedUsage, AFileOfAnotherFormIsNothing) {
  for (const char* text :
       {"[]", "{}", R"({"v":2,"shares":true})", R"({"v":1,"open":[1],"closed":[2],"counters":{"a":"b"}})"})
    EXPECT_FALSE(UsageFold::from_json(*base::parse_json(text)).shares()) << text;
}

}  // namespace
}  // namespace postern::ledger
