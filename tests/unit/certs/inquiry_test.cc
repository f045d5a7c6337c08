// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/inquiry.h"

#include <gtest/gtest.h>

#include "certs/certificate.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/certs/validity.h"

namespace postern::certs {
namespace {

Recipe authority_recipe(const char* name) {
  return {name, {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}};
}

// Forged keys of a kind are all the same.
Forged stranger_of_that_name() {
  Recipe recipe = authority_recipe("Vendor support");
  recipe.key = "Ed25519";
  return forge(recipe, nullptr);
}

class Inquiries : public testing::Test {
 protected:
  Forged root_ = forge(authority_recipe("Vendor support"), nullptr);
  Forged middle_ = forge(authority_recipe("Vendor team"), &root_);
  Recipe recipe_{
      "erin",
      {"basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth",
       "subjectAltName=email:erin@vendor.example", "authorityInfoAccess=OCSP;URI:http://ocsp.example/a",
       "crlDistributionPoints=URI:http://pki.example/team.crl"}};
  Verifier verifier_ = *Verifier::make(der_to_pem(root_.der()));

  std::string pair(const Forged& leaf, const Forged& issuer) const {
    return der_to_pem(leaf.der()) + der_to_pem(issuer.der());
  }
  std::string why_not(const CrlRecipe& recipe, const Forged& issuer) const {
    const auto read = read_lists({der_to_pem(root_.der())}, forge_crl(recipe, issuer), kNow);
    return read.ok() ? "" : read.error().message;
  }
  std::string why_no_answer(const OcspRecipe& recipe, const Forged& of, const Forged& issuer) const {
    const Forged leaf = forge(recipe_, &root_);
    const auto read = read_answer(pair(leaf, root_), forge_ocsp(recipe, of, issuer), kNow);
    return read.ok() ? "" : read.error().message;
  }
  // Of this certificate, under that question, with these answers.
  Verdict judge(const Forged& leaf, Revocation revocation, const Answers& answers,
                base::Micros now = kNow) const {
    Question question;
    question.purpose = Purpose::Client;
    question.now = now;
    question.revocation = revocation;
    Evidence evidence;
    evidence.answers = &answers;
    return verifier_.judge({leaf.der()}, question, evidence);
  }
};

TEST_F(Inquiries, AreFoundWhereCertificatesSaySo) {
  const auto where = whereabouts_of(*take_apart(forge(recipe_, &root_).der()));
  EXPECT_EQ(where.responder, "http://ocsp.example/a");
  EXPECT_EQ(where.lists, std::vector<std::string>{"http://pki.example/team.crl"});
  recipe_.drop("authorityInfoAccess").drop("crlDistributionPoints");
  const auto nowhere = whereabouts_of(*take_apart(forge(recipe_, &root_).der()));
  EXPECT_TRUE(nowhere.responder.empty() && nowhere.lists.empty());
}

TEST_F(Inquiries, AreNotOfListsByOthersOrForSomeReasonsOrElsewhereThanInTheWeb) {
  const auto lists = [&](const std::string& points, const std::string& sections) {
    recipe_.set("crlDistributionPoints=" + points);
    recipe_.sections = sections;
    return whereabouts_of(*take_apart(forge(recipe_, &root_).der())).lists;
  };
  EXPECT_TRUE(lists("some", "[some]\nfullname=URI:http://pki.example/a\nreasons=keyCompromise\n").empty());
  EXPECT_TRUE(
      lists("other", "[other]\nfullname=URI:http://pki.example/a\nCRLissuer=dirName:who\n[who]\nCN=Other\n")
          .empty());
  EXPECT_TRUE(lists("URI:ldap://pki.example/a,URI:file:///etc/passwd", "").empty());
  EXPECT_EQ(lists("URI:http://a.example/,URI:http://b.example/,URI:http://c.example/,URI:http://d.example/,"
                  "URI:http://e.example/",
                  "")
                .size(),
            kListAddressesLimit);
}

TEST_F(Inquiries, AreMadeOfEachCertificateBelowTheTrustedOneOnceTheChainIsVerified) {
  const Forged leaf = forge(recipe_, &middle_);
  Question question;
  question.purpose = Purpose::Client;
  question.now = kNow;
  question.revocation = Revocation::Hard;
  const auto all = askable(verifier_, {leaf.der(), middle_.der()}, question);
  ASSERT_TRUE(all.ok()) << all.error().message;
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].pair_pem, pair(leaf, middle_));
  EXPECT_EQ((*all)[1].pair_pem, pair(middle_, root_));
  EXPECT_EQ((*all)[0].where.responder, "http://ocsp.example/a");
  EXPECT_EQ((*all)[0].subject, "CN=erin");

  const Forged stranger = stranger_of_that_name();
  EXPECT_FALSE(askable(verifier_, {forge(recipe_, &stranger).der()}, question).ok());
  recipe_.until = -1;
  EXPECT_FALSE(askable(verifier_, {forge(recipe_, &root_).der()}, question).ok()) << "it has expired";
}

TEST_F(Inquiries, AnswersSayGoodOrRevokedAndHowLong) {
  const Forged leaf = forge(recipe_, &root_);
  const auto good = read_answer(pair(leaf, root_), forge_ocsp({}, leaf, root_), kNow);
  ASSERT_TRUE(good.ok()) << good.error().message;
  EXPECT_TRUE(good->revoked.empty());
  EXPECT_EQ(good->times.until, kNow + 6 * kDay);
  OcspRecipe recipe;
  recipe.status = 1;
  const auto revoked = read_answer(pair(leaf, root_), forge_ocsp(recipe, leaf, root_), kNow);
  ASSERT_TRUE(revoked.ok());
  EXPECT_EQ(revoked->revoked.find("was revoked by its authority on "), 0U) << revoked->revoked;
  EXPECT_EQ(revoked->times.from, kNow - kDay);
}

TEST_F(Inquiries, AnswersOfAppointedRespondersCountAndOfOthersDoNot) {
  const Forged leaf = forge(recipe_, &root_);
  const Forged appointed = forge({"responder", {"extendedKeyUsage=OCSPSigning", "noCheck=ignored"}}, &root_);
  const Forged usurper = forge({"responder", {"extendedKeyUsage=clientAuth", "noCheck=ignored"}}, &root_);
  OcspRecipe recipe;
  recipe.delegate = &appointed;
  EXPECT_EQ(why_no_answer(recipe, leaf, root_), "");
  recipe.delegate = &usurper;
  EXPECT_EQ(why_no_answer(recipe, leaf, root_),
            "it gave an OCSP response that was signed with a certificate that was not issued for this "
            "(extended key usage OCSPSigning)");
}

TEST_F(Inquiries, AnswersThatAreNoneAreSaidWhy) {
  const Forged leaf = forge(recipe_, &root_), stranger = stranger_of_that_name();
  Recipe other = recipe_;
  other.serial = "0x52";
  EXPECT_EQ(why_no_answer({}, forge(other, &root_), root_),
            "it gave an OCSP response that is about another certificate");
  EXPECT_EQ(why_no_answer({2}, leaf, root_), "it gave an OCSP response that does not know the certificate");
  EXPECT_EQ(why_no_answer({0, -9, -2}, leaf, root_).find("it gave an OCSP response that was good until "),
            0U);
  EXPECT_FALSE(why_no_answer({}, leaf, stranger).empty());
  const auto junk = read_answer(pair(leaf, root_), "<html>", kNow);
  EXPECT_EQ(junk.error().message, "it gave an OCSP response that cannot be read");
}

TEST_F(Inquiries, ListsMustBeSignedByWhoIsKnown) {
  const auto good = read_lists({der_to_pem(root_.der())}, forge_crl({{"0x51", "0x52"}}, root_), kNow);
  ASSERT_TRUE(good.ok()) << good.error().message;
  EXPECT_EQ(good->lists.at(0).revoked, 2U);
  EXPECT_EQ(good->times.until, kNow + 6 * kDay);
  EXPECT_NE(good->pem.find("-----BEGIN X509 CRL-----"), std::string::npos);
  EXPECT_NE(why_not({}, stranger_of_that_name()).find("was not signed by"), std::string::npos);
  EXPECT_NE(why_not({}, middle_).find("the CRL of CN=Vendor team is of an authority that is not known here"),
            std::string::npos)
      << "in a file its signature would be left to the day on which the authority shows itself";
}

TEST_F(Inquiries, ListsMustBeGoodNowAndCompleteAndDirect) {
  EXPECT_NE(why_not({{}, -9, -2}, root_).find("was good until"), std::string::npos);
  EXPECT_NE(why_not({{}, 2, 6}, root_).find("begins on"), std::string::npos);
  EXPECT_NE(why_not({{}, -1, 0}, root_).find("does not say until when"), std::string::npos);
  EXPECT_NE(why_not({{}, -1, 6, {"2.5.29.27=critical,DER:020101"}}, root_).find("a delta CRL"),
            std::string::npos);
  EXPECT_NE(why_not({{}, -1, 6, {"issuingDistributionPoint=critical,indirectCRL:TRUE"}}, root_)
                .find("an indirect CRL"),
            std::string::npos);
  EXPECT_EQ(read_lists({der_to_pem(root_.der())}, "<html>", kNow).error().message.find("it gave no list"),
            0U);
}

TEST_F(Inquiries, ListsThatACertificateNamesMustBeItsIssuersAndAboutIt) {
  const Forged leaf = forge(recipe_, &middle_);
  const std::string both = pair(leaf, middle_), roots = der_to_pem(root_.der());
  const auto why = [&](const std::string& text) {
    const auto read = read_lists({roots, both}, text, kNow);
    return read.ok() ? "" : read.error().message;
  };
  const auto pem = [](const std::string& der) { return to_pem(read_crls(der)->front().get()); };
  const std::string own = forge_crl({{"0x51"}}, middle_), above = forge_crl({}, root_);
  EXPECT_EQ(why(own), "");
  EXPECT_EQ(why(above),
            "it gave no list that is about the certificate that names it, but one of CN=Vendor support");
  EXPECT_EQ(why(pem(above) + pem(own)), "");
  EXPECT_NE(why(forge_crl({{}, -1, 6, {"issuingDistributionPoint=critical,onlyCA:TRUE"}}, middle_)), "")
      << "it is about authorities only";
  EXPECT_NE(why(forge_crl({{}, -1, 6, {"issuingDistributionPoint=critical,DER:30"}}, middle_)), "");
}

TEST_F(Inquiries, ListsTakeThePlaceOfOnesAboutNoMoreAndNoNewer) {
  const auto facts = [](const CrlRecipe& recipe, const Forged& issuer) {
    return facts_of(read_crls(forge_crl(recipe, issuer))->front().get());
  };
  const CrlFacts whole = facts({{}, -1, 6, {"crlNumber=DER:020109"}}, root_);
  const CrlFacts part = facts({{}, -1, 6, {"issuingDistributionPoint=critical,onlyCA:TRUE"}}, root_);
  EXPECT_TRUE(replaces(whole, whole));
  EXPECT_TRUE(replaces(whole, part));
  EXPECT_FALSE(replaces(part, whole));
  EXPECT_TRUE(replaces(facts({{}, 0, 6}, root_), whole));
  EXPECT_FALSE(replaces(facts({{}, -2, 6}, root_), whole));
  EXPECT_FALSE(replaces(facts({{}, 0, 6}, middle_), whole));
  EXPECT_TRUE(replaces(facts({{}, -1, 6, {"crlNumber=DER:02010A"}}, root_), whole)) << "10 is above 9";
  EXPECT_FALSE(replaces(facts({{}, -1, 6, {"crlNumber=DER:020108"}}, root_), whole));
  EXPECT_FALSE(replaces(facts({{}, -1, 6}, root_), whole));
}

TEST_F(Inquiries, WhatWasAnsweredLetsInUnderHardUntilItIsOver) {
  const Forged leaf = forge(recipe_, &root_);
  const std::string name = facts_of(leaf.certificate.get()).fingerprint;
  const Verdict nothing = judge(leaf, Revocation::Hard, {});
  EXPECT_EQ(nothing.failure->rule, Rule::RevocationUnknown);
  EXPECT_TRUE(nothing.asks);
  const Answers good{{name, forge_ocsp({}, leaf, root_)}};
  const Verdict known = judge(leaf, Revocation::Hard, good);
  EXPECT_TRUE(known.good());
  EXPECT_FALSE(known.asks);
  EXPECT_EQ(known.until, kNow + 6 * kDay) << "then it is judged again";
  const Verdict over = judge(leaf, Revocation::Hard, good, kNow + 7 * kDay);
  EXPECT_EQ(over.failure->rule, Rule::RevocationUnknown);
  EXPECT_TRUE(over.asks);
}

TEST_F(Inquiries, WhatWasAnsweredSpeaksAgainstUnderSoftTooAndAlsoWhenItIsOver) {
  const Forged leaf = forge(recipe_, &root_);
  const std::string name = facts_of(leaf.certificate.get()).fingerprint;
  OcspRecipe recipe;
  recipe.status = 1;
  const Answers revoked{{name, forge_ocsp(recipe, leaf, root_)}};
  EXPECT_EQ(judge(leaf, Revocation::Soft, revoked).failure->rule, Rule::Revoked);
  EXPECT_EQ(judge(leaf, Revocation::Soft, revoked, kNow + 9 * kDay).failure->rule, Rule::Revoked);
  const Verdict silent =
      judge(leaf, Revocation::Soft, {{name, forge_ocsp({}, leaf, root_)}}, kNow + 9 * kDay);
  EXPECT_TRUE(silent.good() && silent.asks);
}

TEST_F(Inquiries, WhatWasAnsweredCountsNoLongerThanWhomTheAuthorityAppointed) {
  Recipe appointed{"responder", {"extendedKeyUsage=OCSPSigning", "noCheck=ignored"}};
  appointed.until = 2;
  const Forged responder = forge(appointed, &root_), leaf = forge(recipe_, &root_);
  const std::string name = facts_of(leaf.certificate.get()).fingerprint;
  OcspRecipe recipe;
  recipe.delegate = &responder;
  const std::string answer = forge_ocsp(recipe, leaf, root_);
  EXPECT_EQ(read_answer(pair(leaf, root_), answer, kNow)->times.until, kNow + 2 * kDay);
  const base::Micros later = kNow + 3 * kDay;
  EXPECT_FALSE(read_answer(pair(leaf, root_), answer, later).ok());
  const Verdict soft = judge(leaf, Revocation::Soft, {{name, answer}}, later);
  EXPECT_TRUE(soft.good() && soft.asks);
  EXPECT_EQ(judge(leaf, Revocation::Hard, {{name, answer}}, later).failure->rule, Rule::RevocationUnknown);
  recipe.status = 1;
  const Answers revoked{{name, forge_ocsp(recipe, leaf, root_)}};
  EXPECT_EQ(judge(leaf, Revocation::Soft, revoked, later).failure->rule, Rule::Revoked);
}

TEST_F(Inquiries, AnAnswerSpeaksWhereAListIsOver) {
  const Forged leaf = forge(recipe_, &root_);
  const auto crls = *read_crls(forge_crl({{"0x99"}, -9, -2}, root_));
  const Answers good{{facts_of(leaf.certificate.get()).fingerprint, forge_ocsp({}, leaf, root_)}}, none;
  Question question;
  question.purpose = Purpose::Client;
  question.now = kNow;
  question.revocation = Revocation::Hard;
  question.old_crls_are_silent = true;
  Evidence evidence;
  evidence.crls = &crls;
  evidence.answers = &none;
  const Verdict without = verifier_.judge({leaf.der()}, question, evidence);
  EXPECT_EQ(without.failure->rule, Rule::CrlStale);
  EXPECT_TRUE(without.asks);
  evidence.answers = &good;
  EXPECT_TRUE(verifier_.judge({leaf.der()}, question, evidence).good());
}

TEST_F(Inquiries, NobodyIsAskedAboutAChainThatIsRefusedAnyway) {
  recipe_.until = -1;
  const Verdict verdict = judge(forge(recipe_, &root_), Revocation::Hard, {});
  EXPECT_EQ(verdict.failure->rule, Rule::Expired);
  EXPECT_FALSE(verdict.asks);
}

}  // namespace
}  // namespace postern::certs
