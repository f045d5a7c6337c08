// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where the gateway may be sent, what is believed of what came from there, and what a restart knows of it. Nobody is asked
// here: the test is the server.
#include "gateway/supervisor/inquiries.h"

#include <gtest/gtest.h>

#include "gateway/supervisor/parts.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/certs/validity.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

using certs::kDay;
using certs::kNow;

certs::Recipe vendor_recipe() {
  return {"engineers", {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}};
}

constexpr const char* kPlaces = "revocation_sources: {hosts: [ocsp.example, pki.example]}\n";
constexpr const char* kAuthoritiesOnly = "issuingDistributionPoint=critical,onlyCA:TRUE";
constexpr const char* kLeavesOnly = "issuingDistributionPoint=critical,onlyuser:TRUE";

std::string pem_of(const std::string& list) { return certs::to_pem(certs::read_crls(list)->front().get()); }

class InquiriesScene : public testing::Test {
 protected:
  InquiriesScene() { std::filesystem::create_directory(folder_.path("state")); }

  // engineer_certificates, and what else stands behind kSound.
  void configure(const std::string& demands, const std::string& more = {}) {
    const auto parsed = parse_config(
        std::string(kSound) + "engineer_certificates: {" + demands + "}\n" + more, folder_.path(""), 1);
    ASSERT_NE(parsed.config, nullptr) << parsed.faults.front().message;
    config_ = std::make_shared<Config>(*parsed.config);
    config_->state_directory.path = folder_.path("state");
    material_ = Material();
    material_.support_authority_pem = certs::der_to_pem(root_.der());
    material_.service_roots = {"", ""};
    material_.service_crls.resize(2);
    material_.revocation_roots = material_.support_authority_pem;
    inquiries_.plan(ground(), next_);
    inquiries_.put_into(*config_, material_);
  }
  Ground ground(base::Micros now = kNow) const { return {*config_, material_, now}; }

  certs::Forged engineer(const std::string& extension, const certs::Forged* by = nullptr) {
    certs::Recipe recipe{"erin",
                         {"basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth",
                          "subjectAltName=email:erin@vendor.example", extension}};
    recipe.serial = "0x51";
    return certs::forge(recipe, by == nullptr ? &root_ : by);
  }
  // Of an authority below the vendor's, which is not in the configuration.
  certs::Forged named_by_team() {
    return engineer("crlDistributionPoints=URI:http://pki.example/team.crl", &team_);
  }
  base::Result<Inquiries::Asked> ask(const certs::Forged& leaf, const std::vector<std::string>& above = {}) {
    std::vector<std::string> chain{leaf.der()};
    chain.insert(chain.end(), above.begin(), above.end());
    auto asked = inquiries_.ask(ground(), "engineers", "", chain, next_);
    inquiries_.put_into(*config_, material_);
    return asked;
  }
  std::string only_name() const { return base::json_text_or(material_.fetches.at(0), "name", ""); }
  Inquiries::Taken take(const base::Result<std::string>& body, base::Micros now = kNow) {
    auto taken = inquiries_.take(ground(now), only_name(), body);
    inquiries_.put_into(*config_, material_);
    return taken;
  }

  const Folder folder_;
  const certs::Forged root_ = certs::forge(vendor_recipe(), nullptr);
  const certs::Forged team_ = certs::forge(
      {"team", {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}}, &root_);
  std::shared_ptr<Config> config_;
  Material material_;
  Inquiries inquiries_;
  std::uint32_t next_ = 7;
};

TEST_F(InquiriesScene, AListOfTheConfigurationIsFetchedFromItsAddress) {
  configure("crl: [\"https://pki.example:8443/a.crl?x\"]");
  ASSERT_EQ(material_.fetches.size(), 1U);
  const base::Json& fetch = material_.fetches[0];
  EXPECT_EQ(fetch["host"], "pki.example:8443");
  EXPECT_EQ(fetch["target"], "/a.crl?x");
  EXPECT_EQ(fetch["tls_name"], "pki.example");
  EXPECT_FALSE(fetch.contains("request"));
  EXPECT_EQ(inquiries_.place_of(7)->port, 8443);
  EXPECT_EQ(inquiries_.place_of(8), nullptr);
  EXPECT_EQ(link_part(*config_, material_)["fetches"].size(), 1U);
}

TEST_F(InquiriesScene, WhatAListSaysComesToTheEnforcersAndASecondTimeIsNoNews) {
  configure("crl: \"http://pki.example/a.crl\"");
  const std::string list = certs::forge_crl({{"0x51"}}, root_);
  const auto first = take(list);
  ASSERT_TRUE(first.verdict.ok()) << first.verdict.error().message;
  EXPECT_EQ(first.verdict->until, kNow + 6 * kDay);
  EXPECT_TRUE(first.changed && first.list);
  ASSERT_EQ(first.news.size(), 1U);
  EXPECT_EQ(first.news[0].type, audit::EventType::CertificateRevocationFetched);
  const base::Json told = enforcer_part(*config_, material_, 0)["engineer_certificates"];
  EXPECT_NE(told["crls"].get<std::string>().find("-----BEGIN X509 CRL-----"), std::string::npos);
  EXPECT_EQ(told["revocation"], "hard");
  const auto again = take(list);
  EXPECT_TRUE(again.verdict.ok() && again.news.empty() && !again.changed);
  const base::Json shown = inquiries_.status(kNow)[0];
  EXPECT_EQ(shown["lists"][0]["revoked"], 1);
  EXPECT_EQ(shown["failures"], 0);
}

TEST_F(InquiriesScene, WhatIsOfNoUseLeavesWhatIsAtHandAndIsToldOnce) {
  configure("crl: \"http://pki.example/a.crl\"");
  EXPECT_EQ(take(base::fail(base::Code::Unavailable, "it answered 503")).news.at(0).severity,
            audit::Severity::Severe)
      << "nothing is at hand, and hard shuts the door";
  take(certs::forge_crl({}, root_));
  const std::string before = material_.fetched("engineers");
  certs::Recipe stranger = vendor_recipe();
  stranger.key = "Ed25519";
  const auto forged = take(certs::forge_crl({}, certs::forge(stranger, nullptr)));
  EXPECT_FALSE(forged.verdict.ok());
  ASSERT_EQ(forged.news.size(), 1U);
  EXPECT_EQ(forged.news[0].type, audit::EventType::CertificateRevocationFailed);
  EXPECT_EQ(forged.news[0].severity, audit::Severity::Warning);
  EXPECT_EQ(material_.fetched("engineers"), before);
  EXPECT_TRUE(take(std::string("junk"), kNow).news.empty());
  EXPECT_EQ(take(std::string("junk"), kNow + 7 * kDay).news.size(), 1U) << "what was at hand is over";
  EXPECT_TRUE(take(std::string("junk"), kNow + 8 * kDay).news.empty());
  EXPECT_EQ(inquiries_.status(kNow)[0]["failures"], 4) << "as we count them";
  EXPECT_EQ(inquiries_.status(kNow + 8 * kDay)[0]["over"], true);
}

TEST_F(InquiriesScene, NothingOlderTakesThePlaceOfWhatIsAtHand) {
  configure("crl: \"http://pki.example/a.crl\"");
  take(certs::forge_crl({{"0x51"}, -1, 6}, root_));
  const auto old = take(certs::forge_crl({{}, -2, 6}, root_));
  EXPECT_EQ(old.verdict.error().message,
            "it gave a list that is older than the one at hand, or about fewer certificates");
}

TEST_F(InquiriesScene, AListOfAnotherAuthorityOrScopeDoesNotTakeThePlaceOfTheRightOne) {
  configure("crl: from_certificate, revocation: soft", kPlaces);
  const certs::Forged leaf = named_by_team();
  ASSERT_TRUE(ask(leaf, {team_.der()}).ok());
  EXPECT_FALSE(take(certs::forge_crl({}, root_)).verdict.ok()) << "also where nothing is at hand yet";
  const auto right = take(certs::forge_crl({{"0x51"}}, team_));
  ASSERT_TRUE(right.verdict.ok()) << right.verdict.error().message;
  const std::string before = material_.fetched("engineers");
  for (const std::string& other :
       {certs::forge_crl({}, root_), certs::forge_crl({{}, 0, 6, {kAuthoritiesOnly}}, team_)}) {
    const auto taken = take(other);
    EXPECT_FALSE(taken.verdict.ok());
    EXPECT_EQ(material_.fetched("engineers"), before);
  }
}

TEST_F(InquiriesScene, OfSeveralListsNoneMayBeLeftOut) {
  configure("crl: \"http://pki.example/a.crl\"");
  const std::string partition = pem_of(certs::forge_crl({{"0x51"}, -1, 6, {kAuthoritiesOnly}}, root_)),
                    other = pem_of(certs::forge_crl({{}, -1, 6, {kLeavesOnly}}, root_));
  ASSERT_TRUE(take(partition + other).verdict.ok());
  const auto less = take(other);
  EXPECT_FALSE(less.verdict.ok());
  ASSERT_EQ(less.news.size(), 1U);
  EXPECT_EQ(less.news[0].type, audit::EventType::CertificateRevocationFailed);
  const std::string later = pem_of(certs::forge_crl({{}, 6, 12, {kLeavesOnly}}, root_));
  EXPECT_EQ(take(later, kNow + 7 * kDay).verdict.error().message, less.verdict.error().message)
      << "what is over still speaks against whom it names";
  EXPECT_TRUE(take(other + partition).verdict.ok());
}

TEST_F(InquiriesScene, GoodDoesNotTakeThePlaceOfRevokedOfTheSameTime) {
  configure("ocsp: true", kPlaces);
  const certs::Forged leaf = engineer("authorityInfoAccess=OCSP;URI:http://ocsp.example/a");
  ASSERT_TRUE(ask(leaf).ok());
  certs::OcspRecipe recipe;
  recipe.status = 1;
  ASSERT_TRUE(take(certs::forge_ocsp(recipe, leaf, root_)).revoked);
  EXPECT_FALSE(take(certs::forge_ocsp({}, leaf, root_)).verdict.ok());
  recipe = {};
  recipe.from = 0;
  EXPECT_TRUE(take(certs::forge_ocsp(recipe, leaf, root_)).verdict.ok()) << "the authority took it back";
}

TEST_F(InquiriesScene, ARestartKnowsWhatWasKeptAndJudgesItAgain) {
  configure("crl: \"http://pki.example/a.crl\", ocsp: true", "revocation_sources: {hosts: [ocsp.example]}\n");
  take(certs::forge_crl({{"0x51"}}, root_));
  const certs::Forged leaf = engineer("authorityInfoAccess=OCSP;URI:http://ocsp.example/a");
  ASSERT_TRUE(ask(leaf).ok());
  for (const base::Json& fetch : base::Json(material_.fetches)) {
    if (fetch.contains("request"))
      inquiries_.take(ground(), fetch["name"].get<std::string>(), certs::forge_ocsp({}, leaf, root_));
  }
  const std::string list = material_.fetched("engineers");
  inquiries_ = Inquiries();
  configure("crl: \"http://pki.example/a.crl\", ocsp: true", "revocation_sources: {hosts: [ocsp.example]}\n");
  EXPECT_EQ(material_.fetched("engineers"), list);
  EXPECT_EQ(material_.answers->size(), 1U);
  EXPECT_EQ(material_.fetches.size(), 2U);
  for (const base::Json& fetch : material_.fetches) EXPECT_GT(fetch["held_until"], kNow);
  inquiries_ = Inquiries();
  configure("crl: \"http://other.example/a.crl\"");
  EXPECT_EQ(material_.fetches.size(), 1U) << "nobody asks for these any more";
  EXPECT_TRUE(material_.fetched("engineers").empty() && material_.answers->empty());
}

TEST_F(InquiriesScene, ARestartKnowsAListThatIsOverToo) {
  configure("crl: \"http://pki.example/a.crl\", revocation: soft");
  take(certs::forge_crl({{"0x51"}}, root_));
  const std::string list = material_.fetched("engineers");
  inquiries_ = Inquiries();
  material_.fetched_lists.clear();
  const base::Micros later = kNow + 9 * kDay;
  inquiries_.plan(ground(later), next_);
  inquiries_.put_into(*config_, material_);
  EXPECT_EQ(material_.fetched("engineers"), list) << "it still speaks against whom it names";
  EXPECT_EQ(inquiries_.status(later)[0]["over"], true);
  EXPECT_LT(material_.fetches.at(0)["held_until"], later) << "so it is fetched at once";
}

TEST_F(InquiriesScene, AListLivesAsLongAsTheLastCertificateThatNamedIt) {
  configure("crl: from_certificate, revocation: soft", kPlaces);
  const auto named = [&](int until) {
    certs::Recipe recipe{"erin",
                         {"basicConstraints=critical,CA:FALSE", "extendedKeyUsage=clientAuth",
                          "subjectAltName=email:erin@vendor.example",
                          "crlDistributionPoints=URI:http://pki.example/root.crl"}};
    recipe.until = until;
    return certs::forge(recipe, &root_);
  };
  ASSERT_TRUE(ask(named(2)).ok());
  ASSERT_TRUE(take(certs::forge_crl({{"0x51"}, -1, 20}, root_)).verdict.ok());
  ASSERT_TRUE(ask(named(20)).ok());
  ASSERT_TRUE(ask(named(1)).ok());
  const auto at_hand_after = [&](base::Micros now) {
    inquiries_.plan(ground(now), next_);
    inquiries_.put_into(*config_, material_);
    return !material_.fetched("engineers").empty();
  };
  EXPECT_TRUE(at_hand_after(kNow + 3 * kDay));
  inquiries_ = Inquiries();
  EXPECT_TRUE(at_hand_after(kNow + 4 * kDay)) << "the file knows it too";
  EXPECT_FALSE(at_hand_after(kNow + 21 * kDay));
}

TEST_F(InquiriesScene, AListOfAnIntermediateIsKnownByACertificateThatNamesItsAddress) {
  const std::string demands = "crl: [\"http://pki.example/team.crl\", from_certificate], revocation: soft";
  configure(demands, kPlaces);
  const std::string list = certs::forge_crl({{"0x51"}}, team_);
  EXPECT_FALSE(take(list).verdict.ok()) << "nobody knows whose it is";
  const auto asked_before = material_.fetches.at(0)["asked"].get<std::uint64_t>();
  const auto asked = ask(named_by_team(), {team_.der()});
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_TRUE(asked->added);
  EXPECT_EQ(asked->open, std::vector<std::string>{only_name()});
  EXPECT_GT(material_.fetches.at(0)["asked"].get<std::uint64_t>(), asked_before) << "at once";
  const auto taken = take(list);
  EXPECT_TRUE(taken.verdict.ok()) << taken.verdict.error().message;
  EXPECT_FALSE(ask(named_by_team(), {team_.der()})->added);
  const std::string before = material_.fetched("engineers");
  inquiries_ = Inquiries();
  configure(demands, kPlaces);
  EXPECT_EQ(material_.fetched("engineers"), before);
}

TEST_F(InquiriesScene, ACertificateSendsUsOnlyWhereTheConfigurationAllows) {
  const certs::Forged leaf = engineer("authorityInfoAccess=OCSP;URI:http://ocsp.example/a");
  const auto why = [&](const std::string& more) {
    inquiries_ = Inquiries();
    configure("ocsp: true", more);
    const auto asked = ask(leaf);
    return asked.ok() ? std::string() : asked.error().message;
  };
  EXPECT_EQ(why(""),
            "it sends us to http://ocsp.example/a, which revocation_sources.hosts of the configuration does "
            "not name");
  EXPECT_NE(why("revocation_sources: {hosts: [\"ocsp.example:8080\"]}\n"), "");
  EXPECT_NE(why("revocation_sources: {hosts: [example]}\n"), "");
  EXPECT_EQ(why("revocation_sources: {hosts: [ocsp.example]}\n"), "");
  EXPECT_EQ(why("revocation_sources: {hosts: [\"ocsp.example:80\"]}\n"), "");
}

TEST_F(InquiriesScene, TheAuthoritysOwnCertificateAllowsItsHostsAndNamesItsLists) {
  certs::Recipe recipe = vendor_recipe();
  recipe.set("crlDistributionPoints=URI:http://pki.example/root.crl");
  const certs::Forged named = certs::forge(recipe, nullptr);
  configure("crl: from_certificate, ocsp: true");
  material_.support_authority_pem = certs::der_to_pem(named.der());
  inquiries_.plan(ground(), next_);
  inquiries_.put_into(*config_, material_);
  ASSERT_EQ(material_.fetches.size(), 1U);
  EXPECT_EQ(material_.fetches[0]["target"], "/root.crl");
  EXPECT_TRUE(ask(engineer("authorityInfoAccess=OCSP;URI:http://pki.example/ocsp")).ok());
  EXPECT_FALSE(ask(engineer("authorityInfoAccess=OCSP;URI:http://192.0.2.1/ocsp")).ok());
}

TEST_F(InquiriesScene, WhoeverIsNotOfTheAuthorityIsNotAskedAbout) {
  configure("ocsp: true", "revocation_sources: {hosts: [ocsp.example]}\n");
  certs::Recipe stranger = vendor_recipe();
  stranger.key = "Ed25519";
  const certs::Forged other = certs::forge(stranger, nullptr);
  certs::Recipe leaf{"eve",
                     {"extendedKeyUsage=clientAuth", "subjectAltName=email:eve@vendor.example",
                      "authorityInfoAccess=OCSP;URI:http://ocsp.example/a"}};
  EXPECT_FALSE(ask(certs::forge(leaf, &other)).ok());
  EXPECT_TRUE(material_.fetches.empty());
  EXPECT_FALSE(inquiries_.ask(ground(), "service alerts", "", {other.der()}, next_).ok());
  EXPECT_FALSE(inquiries_.ask(ground(), "engineers", "", {"junk"}, next_).ok());
}

TEST_F(InquiriesScene, AnAnswerThatSaysRevokedIsNewsOnceAndStays) {
  configure("ocsp: true", "revocation_sources: {hosts: [ocsp.example]}\n");
  const certs::Forged leaf = engineer("authorityInfoAccess=OCSP;URI:http://ocsp.example/a");
  const auto asked = ask(leaf);
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_TRUE(asked->added);
  EXPECT_EQ(asked->open, std::vector<std::string>{only_name()});
  EXPECT_FALSE(take(certs::forge_ocsp({}, leaf, root_)).revoked);
  EXPECT_TRUE(ask(leaf)->open.empty()) << "it is answered";
  certs::OcspRecipe recipe;
  recipe.status = 1;
  const auto revoked = take(certs::forge_ocsp(recipe, leaf, root_));
  EXPECT_TRUE(revoked.verdict.ok() && revoked.revoked && revoked.changed && !revoked.list);
  EXPECT_EQ(revoked.news.at(0).severity, audit::Severity::Warning);
  EXPECT_TRUE(take(certs::forge_ocsp(recipe, leaf, root_)).news.empty());
  const base::Json part = answers_part(*config_, material_, true);
  EXPECT_EQ(part["answers"].size(), 1U);
  EXPECT_EQ(part["only"], "answers");
}

TEST_F(InquiriesScene, AnOldAnswerThatSaysRevokedIsNewsOnceAndIsNotAskedForEachMinute) {
  configure("ocsp: true", kPlaces);
  const certs::Forged leaf = engineer("authorityInfoAccess=OCSP;URI:http://ocsp.example/a");
  ASSERT_TRUE(ask(leaf).ok());
  certs::OcspRecipe recipe;
  recipe.status = 1;
  recipe.from = -9;
  recipe.until = -2;
  const std::string answer = certs::forge_ocsp(recipe, leaf, root_);
  EXPECT_EQ(take(answer).news.size(), 1U);
  for (const base::Micros later : {kNow + kDay / 2, kNow + 3 * kDay}) {
    const auto again = take(answer, later);
    EXPECT_TRUE(again.verdict.ok() && again.news.empty());
    EXPECT_EQ(again.verdict->from, later);
    EXPECT_EQ(again.verdict->until, later + kDay);
    EXPECT_EQ(material_.fetches.at(0)["held_from"], later);
  }
}

TEST_F(InquiriesScene, OfTooManyTheOneThatWasAskedAboutLongestAgoIsForgotten) {
  configure("ocsp: true", "revocation_sources: {hosts: [ocsp.example]}\n");
  for (std::size_t i = 0; i < kMostSeen + 3; ++i)
    EXPECT_TRUE(ask(engineer("authorityInfoAccess=OCSP;URI:http://ocsp.example/" + std::to_string(i))).ok());
  EXPECT_EQ(inquiries_.size(), kMostSeen);
}

TEST_F(InquiriesScene, AFetchThatNobodyAsksForAnyMoreIsOfNoUse) {
  configure("crl: \"http://pki.example/a.crl\"");
  EXPECT_FALSE(inquiries_.take(ground(), "list/none", std::string("x")).verdict.ok());
}

TEST(RevocationConfig, NamesSourcesOfEachKind) {
  const auto faults = [](const std::string& demands, const std::string& more = {}) {
    const auto parsed = parse_config(
        std::string(kSound) + "engineer_certificates: {" + demands + "}\n" + more, "/etc/postern", 1);
    return parsed.faults.empty() ? std::string() : parsed.faults.front().message;
  };
  EXPECT_EQ(faults("crl: [a.crl, \"http://pki.example/a.crl\", from_certificate], ocsp: true"), "");
  EXPECT_EQ(faults("ocsp: true, revocation: hard"), "");
  EXPECT_NE(faults("crl: [a.crl, b.crl]").find("one file at most"), std::string::npos);
  EXPECT_NE(
      faults("crl: \"ftp://pki.example/a.crl\"").find("crl must be a file, from_certificate, or an http"),
      std::string::npos);
  EXPECT_NE(faults("crl: [\"http://a.example/\", \"http://a.example/\"]").find("stands here twice"),
            std::string::npos);
  EXPECT_NE(faults("crl: []").find("1 to 8 sources"), std::string::npos);
  EXPECT_NE(
      faults("ocsp: true", "revocation_sources: {hosts: [\"http://a.example\"]}\n").find("a host must be"),
      std::string::npos);
  EXPECT_NE(faults("ocsp: true", "revocation_sources: {every: 1s}\n").find("every"), std::string::npos);
}

TEST(RevocationConfig, OfServicesFromCertificateNeedsRootsInAFile) {
  const auto parsed = parse_config(replaced(kSound, "tls: {roots: component.pem, name: Alerts.Internal}",
                                            "tls: {crl: from_certificate, ocsp: true}"),
                                   "/etc/postern", 1);
  ASSERT_EQ(parsed.faults.size(), 1U);
  EXPECT_NE(parsed.faults[0].message.find("crl: from_certificate needs tls.roots"), std::string::npos);
}

}  // namespace
}  // namespace postern::supervisor
