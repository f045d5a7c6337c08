// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/offences.h"

#include "mission/desk/alarms.h"
#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

class OffencesTest : public DeskRig {
 protected:
  Answer send(const Enrolled& who, const std::string& body) {
    clock.advance(base::kSecond);  // the pace allows five a second
    return ask({.target = std::string(line::kReportsPath), .body = body, .certificate = who.certificate});
  }
  std::vector<base::Json> told(const Enrolled& who) {
    std::vector<base::Json> out;
    const auto kept = store->events(who.id, INT64_MAX, 100);
    for (const StoredEvent& one : *kept) {
      if (one.own && one.type == "installation.misbehaves") out.insert(out.begin(), one.body);
    }
    return out;
  }
};

TEST_F(OffencesTest, OfFormAreToldAtOnceAndThenEveryTenMinutes) {
  const Enrolled one = enrolled(), other = enrolled();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(send(one, "{").status, 400);
  ASSERT_EQ(told(one).size(), 1U);
  EXPECT_EQ(told(one)[0]["malformed"], 1);
  EXPECT_NE(told(one)[0]["why"], "");
  clock.advance(Offences::kTellEvery);
  send(one, "{\"reports\":{}}");
  ASSERT_EQ(told(one).size(), 2U);
  EXPECT_EQ(told(one)[1]["malformed"], 50) << "all since the first";
  EXPECT_TRUE(told(other).empty());
  EXPECT_EQ(report(other, {event(1)}).status, 200);
}

TEST_F(OffencesTest, OfPaceAreToldOnceTheyAreManyMoreThanOfALinkInTrouble) {
  const Enrolled one = enrolled();
  int refused = 0;
  while (refused < Offences::kTooOften - 1) refused += report(one, {}).status == 429 ? 1 : 0;
  EXPECT_TRUE(told(one).empty());
  EXPECT_EQ(report(one, {}).status, 429);
  ASSERT_EQ(told(one).size(), 1U);
  EXPECT_EQ(told(one)[0]["too_often"], Offences::kTooOften);
  EXPECT_FALSE(told(one)[0].contains("why"));
}

TEST_F(OffencesTest, AreAnAlert) {
  const Enrolled one = enrolled();
  send(one, "[]");
  const auto found = store->serious_events(clock.wall() - Alarms::kEventKeeps);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().installation, one.id);
  EXPECT_EQ(found->front().subject, "installation.misbehaves");
}

}  // namespace
}  // namespace postern::mission
