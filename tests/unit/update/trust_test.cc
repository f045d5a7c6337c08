// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "update/trust.h"

#include <gmock/gmock.h>

#include "tests/unit/update/vendor.h"

namespace postern::update {
namespace {

using base::Json;

class TrustTest : public ::testing::Test {
 protected:
  TrustTest() {
    vendor.add("p.tar.gz", "bytes");
    vendor.publish();
  }
  static std::string reason(const Taken& taken) {
    return taken ? std::string(to_text(taken->reason)) : "taken";
  }

  Vendor vendor;
  Trust trust = Trust::pin(vendor.roots.front()).value();
};

TEST_F(TrustTest, TakesWhatFollowsFromThePinnedRoot) {
  EXPECT_EQ(reason(take_all(trust, vendor)), "taken");
  EXPECT_EQ(reason(trust.look(kVendorNow)), "taken");
  EXPECT_TRUE(trust.targets()->targets.contains("p.tar.gz"));
}

TEST_F(TrustTest, PinsNoRootThatDoesNotSignItself) {
  EXPECT_FALSE(Trust::pin(vendor.sign(to_json(vendor.root_), {"root1"})).ok());
  EXPECT_FALSE(Trust::pin("{}").ok());
  EXPECT_FALSE(Trust::pin(vendor.timestamp).ok());
}

TEST_F(TrustTest, RefusesAForgedSignature) {
  const std::string forged = vendor.sign(to_json(vendor.timestamp_), {"snapshot"});
  EXPECT_EQ(reason(trust.take_timestamp(forged, kVendorNow)), "signature");
  // By the right key, and changed afterwards.
  Json changed = Json::parse(vendor.timestamp);
  changed["signed"]["version"] = 9;
  EXPECT_EQ(reason(trust.take_timestamp(changed.dump(), kVendorNow)), "signature");
  EXPECT_FALSE(trust.timestamp());
}

TEST_F(TrustTest, CountsAKeyThatSignsTwiceOnce) {
  ++vendor.root_.version;
  Json twice = Json::parse(vendor.sign(to_json(vendor.root_), {"root1"}));
  EXPECT_EQ(reason(trust.take_root(twice.dump())), "signature");
  twice["signatures"].push_back(twice["signatures"][0]);
  EXPECT_EQ(reason(trust.take_root(twice.dump())), "malformed");
  // The same key's signature under the other key's name.
  twice["signatures"][1]["keyid"] = vendor.id("root2");
  EXPECT_EQ(reason(trust.take_root(twice.dump())), "signature");
}

TEST_F(TrustTest, FollowsRotatedKeysThroughTheChainOnly) {
  vendor.make_key("root3");
  vendor.make_key("root4");
  vendor.make_key("targets2");
  vendor.assign("root", {"root2", "root3"}, 2);
  const std::string second = vendor.next_root({"root1", "root2", "root3"});
  vendor.assign("root", {"root3", "root4"}, 2);
  vendor.assign("targets", {"targets2"}, 1);
  const std::string third = vendor.next_root({"root2", "root3", "root4"});
  const std::string new_targets = vendor.sign(to_json(vendor.targets_), {"targets2"});

  EXPECT_EQ(reason(trust.take_root(third)), "signature");  // not by the keys that are known
  EXPECT_EQ(reason(trust.take_root(second)), "taken");
  EXPECT_EQ(reason(trust.take_root(second)), "version");
  EXPECT_EQ(reason(trust.take_root(third)), "taken");
  EXPECT_EQ(reason(take_all(trust, vendor)), "signature");  // the old targets key
  vendor.targets = new_targets;
  ++vendor.snapshot_.version;
  vendor.snapshot_.targets = name_document(1, new_targets);
  vendor.snapshot = vendor.sign(to_json(vendor.snapshot_), {"snapshot"});
  ++vendor.timestamp_.version;
  vendor.timestamp_.snapshot = name_document(vendor.snapshot_.version, vendor.snapshot);
  vendor.timestamp = vendor.sign(to_json(vendor.timestamp_), {"timestamp"});
  EXPECT_EQ(reason(take_all(trust, vendor)), "taken");
}

TEST_F(TrustTest, RefusesARootThatOnlyTheOldOrOnlyTheNewKeysSigned) {
  vendor.make_key("root3");
  vendor.make_key("root4");
  vendor.assign("root", {"root3", "root4"}, 2);
  ++vendor.root_.version;
  const Json content = to_json(vendor.root_);
  EXPECT_EQ(reason(trust.take_root(vendor.sign(content, {"root1", "root2"}))), "signature");
  EXPECT_EQ(reason(trust.take_root(vendor.sign(content, {"root3", "root4"}))), "signature");
  EXPECT_EQ(reason(trust.take_root(vendor.sign(content, {"root1", "root2", "root3", "root4"}))), "taken");
}

TEST_F(TrustTest, RefusesARootThatSkipsAVersion) {
  vendor.root_.version = 2;
  EXPECT_EQ(reason(trust.take_root(vendor.next_root({"root1", "root2"}))), "version");
}

TEST_F(TrustTest, RefusesWhatIsOlderThanWhatItKnows) {
  const Vendor old = vendor;
  vendor.publish_next();
  ASSERT_EQ(reason(take_all(trust, vendor)), "taken");
  EXPECT_EQ(reason(trust.take_timestamp(old.timestamp, kVendorNow)), "version");
  // A new timestamp that names the old snapshot, and a new snapshot that names old targets.
  Vendor back = old;
  back.timestamp_.version = 3;
  back.publish();
  EXPECT_EQ(reason(trust.take_timestamp(back.timestamp, kVendorNow)), "version");
  back.snapshot_.version = 3;
  back.publish();
  EXPECT_EQ(reason(take_all(trust, back)), "version");
  EXPECT_EQ(trust.targets()->version, 2);
}

TEST_F(TrustTest, RefusesWhatHasExpired) {
  EXPECT_EQ(reason(take_all(trust, vendor, kVendorNow + 8 * kVendorDay)), "expired");
  ASSERT_EQ(reason(take_all(trust, vendor)), "taken");
  // A freeze: the same again and again.
  EXPECT_EQ(reason(trust.take_timestamp(vendor.timestamp, kVendorNow + 8 * kVendorDay)), "expired");
  EXPECT_EQ(reason(trust.look(kVendorNow + 8 * kVendorDay)), "expired");
  EXPECT_EQ(reason(trust.no_more_roots(kVendorNow + 400 * kVendorDay)), "expired");
}

TEST_F(TrustTest, RefusesTargetsOrSnapshotsThatHaveExpired) {
  vendor.timestamp_.expires = kVendorNow + 365 * kVendorDay;
  vendor.targets_.expires = kVendorNow + 200 * kVendorDay;
  vendor.publish();
  EXPECT_EQ(reason(trust.take_timestamp(vendor.timestamp, kVendorNow + 91 * kVendorDay)), "taken");
  EXPECT_EQ(reason(trust.take_snapshot(vendor.snapshot, kVendorNow + 91 * kVendorDay)), "expired");
  EXPECT_EQ(reason(trust.take_snapshot(vendor.snapshot, kVendorNow)), "taken");
  EXPECT_EQ(reason(trust.take_targets(vendor.targets, kVendorNow + 201 * kVendorDay)), "expired");
}

TEST_F(TrustTest, RefusesAMixtureOfVersions) {
  Vendor other = vendor;
  other.targets_.targets.clear();
  other.publish();
  ASSERT_EQ(reason(trust.take_timestamp(vendor.timestamp, kVendorNow)), "taken");
  EXPECT_EQ(reason(trust.take_targets(vendor.targets, kVendorNow)), "missing");
  EXPECT_EQ(reason(trust.take_snapshot(other.snapshot, kVendorNow)), "mismatch");
  ASSERT_EQ(reason(trust.take_snapshot(vendor.snapshot, kVendorNow)), "taken");
  EXPECT_EQ(reason(trust.take_targets(other.targets, kVendorNow)), "mismatch");
  EXPECT_EQ(reason(trust.take_targets(vendor.targets + "\n", kVendorNow)), "mismatch");
}

TEST_F(TrustTest, RefusesANewerSpecificationByThatWord) {
  Json content = to_json(vendor.timestamp_);
  content["spec_version"] = "2.0.0";
  EXPECT_EQ(reason(trust.take_timestamp(vendor.sign(content, {"timestamp"}), kVendorNow)), "specification");
}

TEST_F(TrustTest, RefusesWhatIsTooLong) {
  EXPECT_EQ(reason(trust.take_timestamp(vendor.timestamp + std::string(kTimestampLimit, ' '), kVendorNow)),
            "too_long");
  ASSERT_EQ(reason(trust.take_timestamp(vendor.timestamp, kVendorNow)), "taken");
  EXPECT_EQ(reason(trust.take_snapshot(std::string(kSnapshotLimit + 1, ' '), kVendorNow)), "too_long");
}

TEST_F(TrustTest, ForgetsVersionsOfKeysThatWereReplaced) {
  // Whoever had the timestamp's key went ahead to the last version that there is.
  vendor.timestamp_.version = kMostVersion;
  vendor.publish();
  ASSERT_EQ(reason(take_all(trust, vendor)), "taken");
  vendor.make_key("timestamp2");
  vendor.assign("timestamp", {"timestamp2"}, 1);
  ASSERT_EQ(reason(trust.take_root(vendor.next_root({"root1", "root2"}))), "taken");
  vendor.timestamp_.version = 2;
  vendor.timestamp = vendor.sign(to_json(vendor.timestamp_), {"timestamp2"});
  EXPECT_EQ(reason(take_all(trust, vendor)), "taken");
}

TEST_F(TrustTest, IsTheSameAfterItWasKept) {
  vendor.make_key("targets2");
  vendor.assign("targets", {"targets", "targets2"}, 1);
  ASSERT_EQ(reason(trust.take_root(vendor.next_root({"root1", "root2"}))), "taken");
  ASSERT_EQ(reason(take_all(trust, vendor)), "taken");
  const Kept kept = parse_kept(to_json(trust.kept()));
  bool left_out = true;
  const auto again = Trust::pin(vendor.roots.front(), kept, left_out);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(left_out);
  EXPECT_EQ(again->root().version, 2);
  EXPECT_EQ(reason(again->look(kVendorNow)), "taken");
  // With a newer root pinned, and with a stranger's.
  const auto newer = Trust::pin(kept.roots.front(), kept, left_out);
  EXPECT_FALSE(left_out);
  EXPECT_EQ(reason(newer->look(kVendorNow)), "taken");
  Vendor stranger;
  stranger.make_key("else");
  stranger.assign("root", {"else"}, 1);
  for (const char* role : {"targets", "snapshot", "timestamp"}) stranger.assign(role, {"else"}, 1);
  const auto other = Trust::pin(stranger.sign(to_json(stranger.root_), {"else"}), kept, left_out);
  EXPECT_TRUE(left_out);
  EXPECT_FALSE(other->timestamp());
}

}  // namespace
}  // namespace postern::update
