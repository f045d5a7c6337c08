// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/expiry.h"

#include <gtest/gtest.h>

#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

constexpr base::Micros kToday = 20'000 * kExpiryDay + 9 * 3600 * base::kWallSecond;

std::vector<OwnCertificate> one_that_ends(base::Micros at) {
  OwnCertificate one{"listener", "the admin listener", "/etc/postern/admin.pem", {}};
  one.facts.fingerprint = "c0ffee";
  one.facts.not_after = at;
  return {one};
}

TEST(OwnCertificates, AreThoseOfListenersAndTheSupportAuthorityInTheirFiles) {
  const Folder folder;
  const LoadedConfig loaded = load_config(folder.path("postern.yaml"), 1);
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  const base::Json json = certificates_json(own_certificates(*loaded.config, *loaded.material));
  ASSERT_EQ(json.size(), 3U);
  EXPECT_EQ(json[0]["name"], "the support listener");
  EXPECT_EQ(json[1]["name"], "the admin listener");
  EXPECT_EQ(json[2]["what"], "support_authority");
  EXPECT_EQ(json[0]["file"], folder.path("support.pem"));
  EXPECT_EQ(json[0]["sha256"], loaded.material->support.certificates[0].leaf.fingerprint);
}

TEST(DaysLeft, AreWholeAndNeverNegative) {
  certs::CertificateFacts facts;
  facts.not_after = kToday + 8 * kExpiryDay - 1;
  EXPECT_EQ(days_left(facts, kToday), 7);
  EXPECT_EQ(days_left(facts, facts.not_after), 0);
  EXPECT_EQ(days_left(facts, facts.not_after + kExpiryDay), 0);
}

TEST(ExpiryWatch, SaysNothingWhileThereIsTime) {
  ExpiryWatch watch;
  EXPECT_TRUE(watch.look(one_that_ends(kToday + 30 * kExpiryDay), kToday).empty());
}

TEST(ExpiryWatch, MeasuresAShortLifeByItsLength) {
  ExpiryWatch watch;
  auto certificates = one_that_ends(kToday + 2 * kExpiryDay);
  certificates[0].facts.not_before = kToday - 4 * kExpiryDay;
  EXPECT_TRUE(watch.look(certificates, kToday).empty()) << "it is renewed now";
  EXPECT_FALSE(watch.look(certificates, kToday + kExpiryDay).at(0).severe);
  EXPECT_TRUE(watch.look(certificates, kToday + 7 * kExpiryDay / 4).at(0).severe);
}

TEST(ExpiryWatch, WarnsOnceBelowTheFirstThreshold) {
  ExpiryWatch watch;
  const auto certificates = one_that_ends(kToday + 30 * kExpiryDay - 1);
  ASSERT_EQ(watch.look(certificates, kToday).size(), 1U);
  for (int day = 0; day < 22; ++day)
    EXPECT_TRUE(watch.look(certificates, kToday + day * kExpiryDay).empty()) << day;
}

TEST(ExpiryWatch, SaysItEveryDayBelowTheLastAndGoesOnWhenItIsOver) {
  ExpiryWatch watch;
  const auto certificates = one_that_ends(kToday + 7 * kExpiryDay - 1);
  for (int day = 0; day < 10; ++day) {
    const auto due = watch.look(certificates, kToday + day * kExpiryDay);
    ASSERT_EQ(due.size(), 1U) << day;
    EXPECT_TRUE(due[0].severe);
    EXPECT_EQ(due[0].days, std::max(0, 6 - day));
    EXPECT_TRUE(watch.look(certificates, kToday + day * kExpiryDay + 3600 * base::kWallSecond).empty());
  }
}

TEST(ExpiryWatch, ARenewedCertificateIsAnother) {
  ExpiryWatch watch;
  auto certificates = one_that_ends(kToday + 20 * kExpiryDay);
  ASSERT_EQ(watch.look(certificates, kToday).size(), 1U);
  certificates[0].facts.fingerprint = "decaf";
  EXPECT_EQ(watch.look(certificates, kToday).size(), 1U);
}

}  // namespace
}  // namespace postern::supervisor
