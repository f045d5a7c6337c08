// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/admission.h"

#include <gtest/gtest.h>

#include "gateway/enforcer/unrecorded.h"

namespace postern::enforcer {
namespace {

using base::kSecond;

struct Door {
  AdmissionLimits limits;
  std::size_t memory = 0;
  int asked = 0;
  Admission admission{[this](std::size_t bytes) { return ++asked, memory > bytes; }};
  base::Nanos now = 100 * kSecond;
  std::vector<Admission::Place> inside;

  Limit come(std::string_view address = "192.0.2.7") {
    Admission::Place place;
    const Reached reached = admission.enter(limits, address, now, place);
    if (reached.limit == Limit::None) inside.push_back(std::move(place));
    return reached.limit;
  }
  Reached visit(std::string_view engineer, std::string_view session) {
    Admission::Place first, second;
    const Reached reached = admission.enter_session(limits, engineer, session, now, first, second);
    if (reached.limit != Limit::None) return reached;
    inside.push_back(std::move(first));
    inside.push_back(std::move(second));
    return reached;
  }
};

TEST(Admission, LetsInSoManyOfAllAndOfOneAddress) {
  Door door;
  door.limits.exchanges = 3;
  door.limits.address.exchanges = 2;
  EXPECT_EQ(door.come(), Limit::None);
  EXPECT_EQ(door.come(), Limit::None);
  EXPECT_EQ(door.come(), Limit::ExchangesPerAddress);
  EXPECT_EQ(door.come("192.0.2.8"), Limit::None);
  EXPECT_EQ(door.come("192.0.2.9"), Limit::Exchanges);
  door.inside.pop_back();
  EXPECT_EQ(door.come("192.0.2.9"), Limit::None);
}

TEST(Admission, LetsInSoManyOfASessionAndOfAllSessionsOfAnEngineer) {
  Door door;
  door.limits.session.exchanges = 1;
  door.limits.engineer.exchanges = 2;
  EXPECT_EQ(door.visit("alice", "s1").limit, Limit::None);
  EXPECT_EQ(door.visit("alice", "s1").limit, Limit::ExchangesPerSession);
  EXPECT_EQ(door.visit("alice", "s2").limit, Limit::None);
  EXPECT_EQ(door.visit("alice", "s3").limit, Limit::ExchangesPerEngineer);
  EXPECT_EQ(door.visit("bob", "s4").limit, Limit::None);
  door.inside.clear();
  EXPECT_EQ(door.visit("alice", "s1").limit, Limit::None);
}

TEST(Admission, APaceIsABurstAndThenARateAndSaysHowLongToWait) {
  Door door;
  door.limits.session.requests = 2;
  for (int i = 0; i < 2 * Admission::kBurstSeconds; ++i)
    EXPECT_EQ(door.visit("alice", "s1").limit, Limit::None);
  const Reached reached = door.visit("alice", "s1");
  EXPECT_EQ(reached.limit, Limit::RequestsPerSession);
  EXPECT_EQ(reached.wait, kSecond / 2);
  EXPECT_EQ(door.visit("alice", "s2").limit, Limit::None) << "another session has its own";
  door.now += reached.wait - 1;
  EXPECT_EQ(door.visit("alice", "s1").limit, Limit::RequestsPerSession);
  door.now += 1;
  EXPECT_EQ(door.visit("alice", "s1").limit, Limit::None);
  EXPECT_EQ(door.visit("alice", "s1").limit, Limit::RequestsPerSession);
}

TEST(Admission, WhatIsRefusedByTheEngineersPaceHasNoPlace) {
  Door door;
  door.limits.engineer.requests = 1;
  door.limits.session.exchanges = 100;
  for (int i = 0; i < Admission::kBurstSeconds; ++i) EXPECT_EQ(door.visit("alice", "s1").limit, Limit::None);
  EXPECT_EQ(door.visit("alice", "s2").limit, Limit::RequestsPerEngineer);
  door.inside.clear();
  door.now += 100 * kSecond;
  door.admission.forget_idle(door.now);
  EXPECT_EQ(door.admission.tracked(), 0U);
}

TEST(Admission, LetsNobodyInWhileThereIsNoMemoryAndLooksNotTooOften) {
  Door door;
  door.limits.memory = 1000;
  door.memory = 1001;
  EXPECT_EQ(door.come(), Limit::Memory);
  door.memory = 1000;
  EXPECT_EQ(door.come(), Limit::Memory);
  EXPECT_EQ(door.asked, 1);
  door.now += Admission::kMemoryEvery;
  EXPECT_EQ(door.come(), Limit::None);
}

TEST(Admission, ASignInThatIsRefusedCountsAndOneThatIsNotDoesNot) {
  Door door;
  for (int i = 0; i < 10 * Admission::kSignIns.at_once; ++i) {
    EXPECT_EQ(door.admission.try_sign_in("192.0.2.7", door.now).limit, Limit::None);
    door.admission.signed_in("192.0.2.7");
  }
  for (int i = 0; i < Admission::kSignIns.at_once; ++i)
    EXPECT_EQ(door.admission.try_sign_in("192.0.2.7", door.now).limit, Limit::None);
  EXPECT_EQ(door.admission.try_sign_in("192.0.2.7", door.now).limit, Limit::SignIns);
  EXPECT_EQ(door.admission.try_sign_in("192.0.2.8", door.now).limit, Limit::None);
}

TEST(Admission, ForgetsWhoIsNotThereAndHoldsABoundedNumber) {
  Door door;
  door.limits.address.requests = 1;
  door.limits.exchanges = 2 * Admission::kMostTracked;
  for (std::size_t i = 0; i < Admission::kMostTracked + 50; ++i) {
    Admission::Place place;
    door.admission.enter(door.limits, std::to_string(i), door.now, place);
  }
  EXPECT_LE(door.admission.tracked(), Admission::kMostTracked + 1);
  EXPECT_EQ(door.come("none of them"), Limit::RequestsPerAddress) << "the others share one place";
  EXPECT_EQ(door.come("0"), Limit::None);
  door.now += 100 * kSecond;
  door.admission.forget_idle(door.now);
  EXPECT_EQ(door.admission.tracked(), 1U);
}

TEST(Admission, RecordsABoundedNumberOfRefusalsOfOneAddressAndOfAll) {
  Door door;
  std::int64_t recorded = 0;
  for (int i = 0; i < 2 * Admission::kRecorded.at_once; ++i)
    recorded += door.admission.may_record("192.0.2.7", door.now) ? 1 : 0;
  EXPECT_EQ(recorded, Admission::kRecorded.at_once);
  for (std::int64_t i = 0; i < 2 * Admission::kAllRecorded.at_once; ++i)
    recorded += door.admission.may_record(std::to_string(i), door.now) ? 1 : 0;
  EXPECT_EQ(recorded, Admission::kAllRecorded.at_once);
}

TEST(Unrecorded, TheFirstStandsForThoseThatFollow) {
  Unrecorded unrecorded;
  const Unrecorded::Who who{"192.0.2.7", "alice", "s1"};
  EXPECT_EQ(unrecorded.count(Limit::ExchangesPerSession, "s1", who, "E1"), "");
  EXPECT_EQ(unrecorded.count(Limit::ExchangesPerSession, "s1", who, "E2"), "E1");
  EXPECT_EQ(unrecorded.count(Limit::ExchangesPerSession, "s1", who, "E3"), "E1");
  EXPECT_EQ(unrecorded.count(Limit::ExchangesPerSession, "s2", {}, "E4"), "");
  const auto counted = unrecorded.take();
  ASSERT_EQ(counted.size(), 1U) << "what happened once is told already";
  EXPECT_EQ(counted[0].count, 2U);
  EXPECT_EQ(counted[0].first, "E1");
  EXPECT_EQ(counted[0].who.engineer, "alice");
}

TEST(Unrecorded, WhatGoesOnIsToldOncePerWindowAndWhatEndsBeginsAnew) {
  Unrecorded unrecorded;
  EXPECT_EQ(unrecorded.count(Limit::Exchanges, "", {}, "E1"), "");
  EXPECT_EQ(unrecorded.count(Limit::Exchanges, "", {}, "E2"), "E1");
  EXPECT_EQ(unrecorded.take().size(), 1U);
  EXPECT_EQ(unrecorded.count(Limit::Exchanges, "", {}, "E3"), "E1");
  EXPECT_EQ(unrecorded.take().at(0).count, 1U);
  EXPECT_TRUE(unrecorded.take().empty());
  EXPECT_EQ(unrecorded.count(Limit::Exchanges, "", {}, "E4"), "");
}

TEST(Unrecorded, OfVeryManyClientsThereIsABoundedNumberOfEvents) {
  Unrecorded unrecorded;
  std::size_t events = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::string address = std::to_string(i);
    events += unrecorded.count(Limit::Refusals, address, {address, "", ""}, "E").empty() ? 1 : 0;
  }
  EXPECT_EQ(events, Unrecorded::kMostKinds + 1);
  const auto counted = unrecorded.take();
  ASSERT_EQ(counted.size(), 1U);
  EXPECT_EQ(counted[0].count, 100'000U - events);
  EXPECT_EQ(counted[0].who.client, "") << "of many, no one is named";
}

}  // namespace
}  // namespace postern::enforcer
