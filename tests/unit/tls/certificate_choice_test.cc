// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/certificate_choice.h"

#include <gtest/gtest.h>

namespace postern::tls {
namespace {

using Numbers = std::vector<std::size_t>;

CertificateChoice choice_of(
    const std::vector<std::pair<std::string, std::vector<std::string>>>& certificates) {
  CertificateChoice choice;
  for (const auto& [key, names] : certificates) {
    certs::CertificateFacts facts;
    facts.key_type = key;
    facts.dns_names = names;
    choice.add(facts);
  }
  return choice;
}

TEST(CertificateChoice, TakesTheExactNameBeforeTheWildcard) {
  const auto choice = choice_of({{"EC P-256", {"first.example"}},
                                 {"EC P-256", {"*.support.example"}},
                                 {"EC P-256", {"emea.support.example"}}});
  EXPECT_EQ(choice.of("emea.support.example"), Numbers{2});
  EXPECT_EQ(choice.of("apac.support.example"), Numbers{1});
  EXPECT_EQ(choice.of("EMEA.Support.Example"), Numbers{2});
}

TEST(CertificateChoice, FallsBackToTheFirstForNoNameAndForUnknownOnes) {
  const auto choice = choice_of({{"EC P-256", {"first.example"}}, {"EC P-256", {"*.support.example"}}});
  for (const char* name : {"", "other.example", "support.example", "a.b.support.example", "*.support.example",
                           ".support.example", "127.0.0.1", "first.example.", "\xff\x01"})
    EXPECT_EQ(choice.of(name), Numbers{0}) << name;
}

TEST(CertificateChoice, HasOnePerKindOfKeyAndOfTwoOfAKindTheFirst) {
  const auto choice = choice_of({{"EC P-256", {"a.example"}},
                                 {"RSA 2048", {"a.example", "b.example"}},
                                 {"EC P-384", {"a.example", "b.example"}},
                                 {"Ed25519", {"b.example"}}});
  EXPECT_EQ(choice.of("a.example"), (Numbers{0, 1}));
  EXPECT_EQ(choice.of("b.example"), (Numbers{1, 2, 3}));
  EXPECT_EQ(choice.of("unknown.example"), (Numbers{0, 1})) << "the first one's kinds too";
}

TEST(CertificateChoice, ACertificateForAddressesAloneIsStillTheFirst) {
  const auto choice = choice_of({{"EC P-256", {}}, {"RSA 2048", {"b.example"}}});
  EXPECT_EQ(choice.of(""), Numbers{0});
  EXPECT_EQ(choice.of("b.example"), Numbers{1});
}

TEST(CertificateChoice, AWildcardNeedsTwoLabelsBehindIt) {
  const auto choice = choice_of({{"EC P-256", {"first.example"}}, {"EC P-256", {"*.example"}}});
  EXPECT_EQ(choice.of("a.example"), Numbers{0});
}

}  // namespace
}  // namespace postern::tls
