// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Engineers' certificates under CRLs and under what the customer demands of them: certs/verify.h, certs/demands.h.
#include <gtest/gtest.h>

#include "certs/certificate.h"
#include "certs/demands.h"
#include "certs/verify.h"
#include "tests/unit/certs/matrix.h"

namespace postern::certs {
namespace {

class ClientTrustTest : public testing::Test {
 protected:
  ClientTrustTest() {
    Recipe root{"Vendor support",
                {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}};
    root.until = 300;
    authority_ = forge(root, nullptr);
    Recipe leaf{"Erin",
                {"basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
                 "extendedKeyUsage=clientAuth",
                 "subjectAltName=email:erin@vendor.example,URI:spiffe://vendor.example/erin"}};
    leaf.serial = "0x51";
    leaf.until = 20;
    chain_ = {forge(leaf, &authority_).der()};
    trust_.roots_pem = der_to_pem(authority_.der());
  }
  ClientAnswer judge(base::Micros now = kNow) const {
    const auto verifier = ClientVerifier::make(trust_);
    EXPECT_TRUE(verifier.ok()) << verifier.error().message;
    return verifier->judge(chain_, now);
  }
  Rule broken(base::Micros now = kNow) const {
    const ClientAnswer answer = judge(now);
    return answer.failure ? answer.failure->rule : Rule::Malformed;
  }
  // Good for six days, from yesterday on.
  void give_crl(std::vector<std::string> serials) {
    trust_.crls = forge_crl({std::move(serials)}, authority_);
  }

  Forged authority_;
  std::vector<std::string> chain_;
  ClientTrust trust_;
};

TEST_F(ClientTrustTest, ARevokedOneIsRefusedHardOrSoft) {
  give_crl({"0x51"});
  for (const Revocation how : {Revocation::Soft, Revocation::Hard}) {
    trust_.revocation = how;
    EXPECT_EQ(broken(), Rule::Revoked);
    EXPECT_EQ(broken(kNow + 10 * kDay), Rule::Revoked) << "also by a list that is over";
  }
}

TEST_F(ClientTrustTest, WithoutAListHardRefusesAndSoftDoesNot) {
  EXPECT_TRUE(judge().identity);
  trust_.revocation = Revocation::Hard;
  EXPECT_EQ(broken(), Rule::RevocationUnknown);
}

TEST_F(ClientTrustTest, AListThatIsOverClosesTheDoorUnderHardAndIsSilentUnderSoft) {
  give_crl({"0x52"});
  EXPECT_TRUE(judge(kNow + 10 * kDay).identity);
  trust_.revocation = Revocation::Hard;
  EXPECT_TRUE(judge().identity);
  EXPECT_EQ(broken(kNow + 10 * kDay), Rule::CrlStale);
}

TEST_F(ClientTrustTest, AnAnswerLastsAsLongAsTheFirstOfWhatItRestsOn) {
  give_crl({});
  EXPECT_EQ(judge().identity->until, kNow + 20 * kDay);
  trust_.revocation = Revocation::Hard;
  EXPECT_EQ(judge().identity->until, kNow + 6 * kDay);
}

TEST_F(ClientTrustTest, AListThatIsForgedIsNeverSilent) {
  Recipe same{"Vendor support",
              {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}};
  same.key = "Ed25519";
  trust_.crls = forge_crl({}, forge(same, nullptr));
  EXPECT_EQ(broken(), Rule::CrlSignature);
}

TEST_F(ClientTrustTest, NamesThatAreNotDemandedAreNotToldOn) {
  trust_.demands.identities = {"spiffe://vendor.example/*"};
  const ClientAnswer answer = judge();
  ASSERT_TRUE(answer.identity);
  EXPECT_TRUE(answer.identity->emails.empty());
  EXPECT_EQ(answer.identity->uris, std::vector<std::string>{"spiffe://vendor.example/erin"});
}

TEST_F(ClientTrustTest, WhatIsNoCrlMakesNoVerifier) {
  trust_.crls = "no list";
  EXPECT_FALSE(ClientVerifier::make(trust_).ok());
}

TEST_F(ClientTrustTest, AListIsCheckedBeforeItIsReliedOn) {
  const auto verifier = Verifier::make(trust_.roots_pem);
  const auto wrong = [&](const std::string& der) {
    const base::Status status = check_crl(read_crls(der)->front().get(), verifier->anchors());
    return status.ok() ? std::string() : status.error().message;
  };
  EXPECT_EQ(wrong(forge_crl({}, authority_)), "");
  EXPECT_EQ(wrong(forge_crl({{}, -10, -5}, authority_)), "") << "old ones are the clock's affair";
  Recipe same{"Vendor support",
              {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}};
  same.key = "Ed25519";
  EXPECT_EQ(wrong(forge_crl({}, forge(same, nullptr))),
            "the CRL of CN=Vendor support was not signed by the authority of that name, or with a key that "
            "may not");
  EXPECT_EQ(wrong(forge_crl({{}, -1, 0}, authority_)),
            "the CRL of CN=Vendor support does not say until when it is good");
  EXPECT_NE(wrong(forge_crl({{}, -1, 6, {"2.5.29.27=critical,DER:02:01:01"}}, authority_)), "");
  same.name = "An intermediate";
  EXPECT_EQ(wrong(forge_crl({}, forge(same, nullptr))), "");
}

TEST_F(ClientTrustTest, AListTellsPeopleWhatItIs) {
  const auto crls = *read_crls(forge_crl({{"0x51", "0x52"}}, authority_));
  const CrlFacts facts = facts_of(crls.front().get());
  EXPECT_EQ(facts.issuer, "CN=Vendor support");
  EXPECT_EQ(facts.until, kNow + 6 * kDay);
  EXPECT_EQ(facts.revoked, 2U);
  EXPECT_EQ(read_crls(to_pem(crls.front().get()))->size(), 1U);
}

TEST(Demands, PatternsThatCannotFitAreSaid) {
  for (const char* good :
       {"*@vendor.example", "erin@vendor.example", "spiffe://vendor.example/*", "https://*.vendor.example/x"})
    EXPECT_TRUE(check_identity_pattern(good).ok()) << good;
  for (const char* bad :
       {"", "*", "vendor.example", "*@", "a@b@c", "*@Vendor.example", "a b@c", "://x", "@/x"})
    EXPECT_FALSE(check_identity_pattern(bad).ok()) << bad;
}

TEST(Demands, AStarStandsForOnePartAndForNothing) {
  const auto fits = [](const char* pattern, const char* name) {
    return is_demanded(name, {{pattern}, {}, 0});
  };
  EXPECT_TRUE(fits("*@v.example", "@v.example"));
  EXPECT_TRUE(fits("a*b*c@v", "aXbYbZc@v"));
  EXPECT_TRUE(fits("*b@*", "bbb@x"));
  EXPECT_FALSE(fits("*@v", "a@b@v"));
  EXPECT_FALSE(fits("x://*", "x://a/b"));
  EXPECT_FALSE(fits("x://*/b", "x://a/c/b"));
  EXPECT_TRUE(fits("x://*/*", "x://a/b"));
  EXPECT_FALSE(fits("a@v", "a@v2"));
  EXPECT_TRUE(is_demanded("anything", {}));
}

TEST(Demands, UsagesAreDotted) {
  EXPECT_TRUE(is_dotted_oid("1.3.6.1.5.5.7.3.2"));
  for (const char* bad : {"", "1", "clientAuth", ".1.2", "1.2.", "1..2", "3.1"})
    EXPECT_FALSE(is_dotted_oid(bad)) << bad;
}

}  // namespace
}  // namespace postern::certs
