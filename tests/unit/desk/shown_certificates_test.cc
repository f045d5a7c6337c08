// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/shown_certificates.h"

#include <gtest/gtest.h>

namespace postern::mission {
namespace {

constexpr base::Micros kThen = 1'790'000'000 * base::kWallSecond;
constexpr base::Micros kLong = 86400 * base::kWallSecond;

TEST(ShownCertificates, AreKnownByAllTheirBytes) {
  ShownCertificates shown;
  shown.keep({"leaf", "issuer"}, {"one", "17"}, kThen, kThen + kLong);
  ASSERT_TRUE(shown.find({"leaf", "issuer"}, kThen));
  EXPECT_EQ(shown.find({"leaf", "issuer"}, kThen)->installation, "one");
  EXPECT_EQ(shown.find({"leaf", "issuer"}, kThen)->serial, "17");
  for (const std::vector<std::string>& other : {std::vector<std::string>{"leaf"},
                                                {"issuer", "leaf"},
                                                {"leafissuer"},
                                                {"leafi", "ssuer"},
                                                {"Leaf", "issuer"},
                                                {}})
    EXPECT_FALSE(shown.find(other, kThen));
}

TEST(ShownCertificates, AreForgottenSoonAndWithTheirTime) {
  ShownCertificates shown;
  shown.keep({"long"}, {"one", "1"}, kThen, kThen + kLong);
  shown.keep({"short"}, {"one", "2"}, kThen, kThen + 5);
  EXPECT_TRUE(shown.find({"short"}, kThen + 4));
  EXPECT_FALSE(shown.find({"short"}, kThen + 5));
  EXPECT_TRUE(shown.find({"long"}, kThen + ShownCertificates::kGoodFor - 1));
  EXPECT_FALSE(shown.find({"long"}, kThen + ShownCertificates::kGoodFor));
  EXPECT_FALSE(shown.find({"long"}, kThen - 1)) << "the clock was turned back";
}

TEST(ShownCertificates, AreNeverMoreThanSoMany) {
  ShownCertificates shown;
  for (std::size_t i = 0; i <= ShownCertificates::kMost; ++i)
    shown.keep({std::to_string(i)}, {"one", "1"}, kThen, kThen + kLong);
  EXPECT_FALSE(shown.find({"0"}, kThen));
  EXPECT_TRUE(shown.find({std::to_string(ShownCertificates::kMost)}, kThen));
}

}  // namespace
}  // namespace postern::mission
