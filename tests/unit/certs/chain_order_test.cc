// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/chain_order.h"

#include <gtest/gtest.h>

#include "certs/certificate.h"
#include "tests/unit/certs/forge.h"

namespace postern::certs {
namespace {

class ChainOrder : public testing::Test {
 protected:
  Forged root_ = forge(authority("root"), nullptr);
  Forged upper_ = forge(authority("upper"), &root_);
  Forged lower_ = forge(authority("lower"), &upper_);
  Forged leaf_ = forge({.name = "leaf", .extensions = {"subjectAltName=DNS:leaf.example"}}, &lower_);

  static Recipe authority(const std::string& name) {
    return {.name = name,
            .extensions = {"basicConstraints=critical,CA:TRUE", "subjectKeyIdentifier=hash",
                           "keyUsage=critical,keyCertSign"}};
  }
  static std::string pem(const std::vector<const Forged*>& chain) {
    std::string out;
    for (const Forged* one : chain) out += der_to_pem(one->der());
    return out;
  }
  static std::string subjects(const std::vector<const Forged*>& chain) {
    const auto ordered = order_chain(pem(chain));
    if (!ordered.ok()) return ordered.error().message;
    std::string out = ordered->changed ? "changed:" : "kept:";
    const auto facts = read_chain(ordered->pem);
    for (const CertificateFacts& one : *facts) out += " " + one.subject.substr(3);
    return out;
  }
};

TEST_F(ChainOrder, KeepsWhatIsInOrderAndTheTextAroundIt) {
  EXPECT_EQ(subjects({&leaf_, &lower_, &upper_}), "kept: leaf lower upper");
  EXPECT_EQ(subjects({&leaf_, &lower_, &upper_, &root_}), "kept: leaf lower upper root");
  EXPECT_EQ(subjects({&leaf_}), "kept: leaf");
  const std::string text = "a comment\n" + pem({&leaf_, &lower_});
  EXPECT_EQ(order_chain(text)->pem, text);
}

TEST_F(ChainOrder, PutsEveryOtherOrderRight) {
  EXPECT_EQ(subjects({&lower_, &upper_, &leaf_}), "changed: leaf lower upper");
  EXPECT_EQ(subjects({&root_, &upper_, &lower_, &leaf_}), "changed: leaf lower upper root");
  EXPECT_EQ(subjects({&leaf_, &upper_, &lower_}), "changed: leaf lower upper");
}

TEST_F(ChainOrder, WhatIssuedNothingHereStandsAtTheEnd) {
  const Forged stranger = forge(authority("stranger"), nullptr);
  EXPECT_EQ(subjects({&leaf_, &stranger, &lower_}), "changed: leaf lower stranger");
  EXPECT_EQ(subjects({&leaf_, &lower_, &stranger}), "kept: leaf lower stranger");
}

TEST_F(ChainOrder, ASelfSignedLeafIsItself) { EXPECT_EQ(subjects({&root_}), "kept: root"); }

TEST_F(ChainOrder, TwoThatIssuedEachOtherEnd) {
  // One key and name each, certified by the other: a loop has no leaf, and the first stays the first.
  Recipe a = authority("a"), b = authority("b");
  const Forged a_self = forge(a, nullptr);
  const Forged b_by_a = forge(b, &a_self);
  const Forged a_again = forge(a, &b_by_a);
  EXPECT_EQ(subjects({&b_by_a, &a_again}), "kept: b a");
  EXPECT_EQ(subjects({&a_again, &b_by_a}), "kept: a b");
}

TEST_F(ChainOrder, SaysWhatCannotBeRead) {
  EXPECT_FALSE(order_chain("").ok());
  EXPECT_FALSE(order_chain("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").ok());
}

}  // namespace
}  // namespace postern::certs
