// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "update/refresh.h"

#include <gmock/gmock.h>

#include "tests/unit/update/vendor.h"

namespace postern::update {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Shows it what is in the repository; the names that were wanted.
std::vector<std::string> run(Refresh& refresh, const std::map<std::string, std::string>& repository,
                             Taken& outcome, base::Micros now = kVendorNow) {
  std::vector<std::string> wanted;
  while (const auto name = refresh.wanted()) {
    wanted.push_back(*name);
    const auto found = repository.find(*name);
    outcome = refresh.take(
        found == repository.end() ? std::nullopt : std::optional<std::string_view>(found->second), now);
  }
  return wanted;
}

std::map<std::string, std::string> repository_of(const Vendor& vendor) {
  return {{"timestamp.json", vendor.timestamp},
          {snapshot_name(vendor.snapshot_.version), vendor.snapshot},
          {targets_name(vendor.targets_.version), vendor.targets}};
}

TEST(Refresh, WantsWhatItDoesNotKnow) {
  Vendor vendor;
  Taken outcome;
  Refresh first(Trust::pin(vendor.roots.front()).value());
  EXPECT_THAT(run(first, repository_of(vendor), outcome),
              ElementsAre("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"));
  EXPECT_FALSE(outcome);
  Refresh second(first.trust());
  EXPECT_THAT(run(second, repository_of(vendor), outcome), ElementsAre("2.root.json", "timestamp.json"));
  EXPECT_FALSE(outcome);
  vendor.publish_next();
  Refresh third(second.trust());
  EXPECT_THAT(run(third, repository_of(vendor), outcome),
              ElementsAre("2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"));
  EXPECT_FALSE(outcome);
}

TEST(Refresh, GoesThroughAllRoots) {
  Vendor vendor;
  auto repository = repository_of(vendor);
  for (int i = 2; i < 5; ++i) repository[root_name(i)] = vendor.next_root({"root1", "root2"});
  Taken outcome;
  Refresh refresh(Trust::pin(vendor.roots.front()).value());
  EXPECT_EQ(run(refresh, repository, outcome).size(), 7U);
  EXPECT_FALSE(outcome);
  EXPECT_EQ(refresh.trust().root().version, 4);
}

TEST(Refresh, EndsWithTheFirstThatIsNotTaken) {
  const Vendor vendor;
  auto repository = repository_of(vendor);
  repository["1.snapshot.json"] = repository["1.snapshot.json"] + " ";
  Taken outcome;
  Refresh refresh(Trust::pin(vendor.roots.front()).value());
  EXPECT_THAT(run(refresh, repository, outcome),
              ElementsAre("2.root.json", "timestamp.json", "1.snapshot.json"));
  EXPECT_EQ(outcome->reason, Reason::Mismatch);
  EXPECT_TRUE(refresh.over());
  // What was half taken is completed the next time.
  repository = repository_of(vendor);
  Refresh again(refresh.trust());
  run(again, repository, outcome);
  EXPECT_FALSE(outcome);
}

TEST(Refresh, MissesWhatMustBeThere) {
  const Vendor vendor;
  Taken outcome;
  Refresh refresh(Trust::pin(vendor.roots.front()).value());
  run(refresh, {}, outcome);
  EXPECT_EQ(outcome->reason, Reason::Missing);
}

TEST(Refresh, EndsWithARootThatExpired) {
  const Vendor vendor;
  Taken outcome;
  Refresh refresh(Trust::pin(vendor.roots.front()).value());
  EXPECT_THAT(run(refresh, repository_of(vendor), outcome, kVendorNow + 400 * kVendorDay),
              ElementsAre("2.root.json"));
  EXPECT_EQ(outcome->reason, Reason::Expired);
}

}  // namespace
}  // namespace postern::update
