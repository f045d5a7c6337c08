// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/crls.h"

#include <gtest/gtest.h>

#include "certs/certificate.h"
#include "gateway/supervisor/parts.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

certs::Forged make_issuer(const char* key) {
  certs::Recipe recipe{"engineers",
                       {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"}};
  recipe.key = key;
  return certs::forge(recipe, nullptr);
}

class CrlFile : public testing::Test {
 protected:
  CrlFile() {
    folder_.write("engineers.pem", certs::der_to_pem(authority_.der()), 0644);
    folder_.write("vendor.crl", certs::forge_crl({{"0x51"}}, authority_), 0644);
    configure("  crl: vendor.crl\n");
  }
  void configure(const std::string& more) {
    folder_.write("postern.yaml", std::string(kSound) + "engineer_certificates:\n" + more, 0644);
  }
  LoadedConfig load() { return load_config(folder_.path("postern.yaml"), 1); }
  std::string faults() { return format_faults(load().config_faults); }

  const Folder folder_;
  const certs::Forged authority_ = make_issuer("P-256");
};

TEST_F(CrlFile, IsReadAndHardUnlessItIsToldOtherwise) {
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  EXPECT_EQ(loaded.config->engineers.revocation, certs::Revocation::Hard);
  EXPECT_EQ(loaded.material->engineer_crls.lists.size(), 1U);
  EXPECT_EQ(loaded.material->engineer_crls.lists[0].revoked, 1U);
  EXPECT_NE(loaded.material->engineer_crls.pem.find("-----BEGIN X509 CRL-----"), std::string::npos);
  configure("  crl: vendor.crl\n  revocation: soft\n");
  EXPECT_EQ(load().config->engineers.revocation, certs::Revocation::Soft);
}

TEST_F(CrlFile, WithAFaultIsAFaultOfTheConfiguration) {
  const auto says = [&](const std::string& content, const char* what) {
    folder_.write("vendor.crl", content, 0644);
    EXPECT_NE(faults().find(what), std::string::npos) << faults();
  };
  says("nonsense", "vendor.crl: not a CRL");
  says(certs::forge_crl({}, make_issuer("Ed25519")), "was not signed by the authority of that name");
  says(certs::forge_crl({{}, -1, 0}, authority_), "does not say until when it is good");
  says(std::string(kCrlText + 1, 'x'), "vendor.crl");
}

class ServiceCrl : public CrlFile {
 protected:
  ServiceCrl() {
    folder_.write("component.pem", certs::der_to_pem(authority_.der()), 0644);
    folder_.write("component.crl", certs::forge_crl({{"0x51"}}, authority_), 0644);
  }
  void say(const std::string& more) {
    folder_.write("postern.yaml",
                  replaced(kSound, "name: Alerts.Internal}", "name: Alerts.Internal" + more + "}"), 0644);
  }
};

TEST_F(ServiceCrl, IsReadForItsServiceAndSoftUnlessItIsToldOtherwise) {
  say(", crl: component.crl");
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << format_faults(loaded.config_faults);
  ASSERT_EQ(loaded.material->service_crls.size(), 2U);
  EXPECT_TRUE(loaded.material->service_crls[0].lists.empty());
  EXPECT_EQ(loaded.material->service_crls[1].lists.at(0).revoked, 1U);
  const base::Json services = enforcer_part(*loaded.config, *loaded.material, 0)["services"];
  EXPECT_EQ(services[0]["crls"], "");
  EXPECT_EQ(services[1]["crls"], loaded.material->service_crls[1].pem);
  EXPECT_EQ(services[1]["revocation"], "soft");
  say(", revocation: hard");
  EXPECT_EQ(enforcer_part(*load().config, *load().material, 0)["services"][1]["revocation"], "hard")
      << "without a list the nodes have to staple";
}

TEST_F(ServiceCrl, WithAFaultIsAFaultAndNothingSwitchesTheCheckOff) {
  say(", revocation: off");
  EXPECT_NE(faults().find("revocation must be hard or soft, not \"off\""), std::string::npos) << faults();
  say(", crl: component.crl");
  folder_.write("component.crl", certs::forge_crl({}, make_issuer("Ed25519")), 0644);
  EXPECT_NE(faults().find("was not signed by the authority of that name"), std::string::npos) << faults();
  certs::CrlRecipe long_list;
  for (int i = 0; i < 45'000; ++i) long_list.serials.push_back("0x7" + std::to_string(100'000 + i));
  folder_.write("component.crl", certs::forge_crl(long_list, authority_), 0644);
  EXPECT_NE(faults().find("the services' lists of revoked certificates are longer than 1MiB"),
            std::string::npos)
      << faults();
}

TEST_F(CrlFile, ThatIsNotThereIsAFault) {
  configure("  crl: nothing.crl\n");
  EXPECT_NE(faults().find("nothing.crl"), std::string::npos) << faults();
}

TEST(EngineerCertificates, AreReadWithAllThatIsDemanded) {
  const std::string text =
      std::string(kSound) +
      "engineer_certificates:\n  identities: [\"*@v.example\", \"spiffe://v.example/*\"]\n"
      "  purposes: [1.3.6.1.4.1.55555.1]\n  longest_life: 30d\n";
  const ParsedConfig parsed = parse_config(text, "/etc/postern", 1);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("postern.yaml", parsed.faults);
  const EngineerCertificates& engineers = parsed.config->engineers;
  EXPECT_EQ(engineers.revocation, certs::Revocation::Soft);
  EXPECT_EQ(engineers.demands.identities.size(), 2U);
  EXPECT_EQ(engineers.demands.purposes, std::vector<std::string>{"1.3.6.1.4.1.55555.1"});
  EXPECT_EQ(engineers.demands.longest_life, 30LL * 86'400 * base::kWallSecond);
}

TEST(EngineerCertificates, SayWhatIsWrongAndWhatWouldBeRight) {
  const auto says = [](const std::string& more, const char* what) {
    const std::string text = std::string(kSound) + "engineer_certificates:\n" + more;
    const std::string faults =
        base::format_faults("postern.yaml", parse_config(text, "/etc/postern", 1).faults);
    EXPECT_NE(faults.find(what), std::string::npos) << faults;
  };
  says("  revocation: hard\n", "revocation: hard needs crl");
  says("  revocation: perhaps\n", "revocation must be hard or soft, not \"perhaps\"");
  says("  identities: [vendor.example]\n", "is no pattern of e-mail addresses or URIs");
  says("  identities: []\n", "must hold 1 to 64 patterns");
  says("  purposes: [clientAuth]\n", "a purpose must be the dotted number of an extended key usage");
  says("  longest_life: 1s\n", "longest_life");
  const std::string alone =
      replaced(kSound, "support_authority: engineers.pem\n", "engineer_certificates: {longest_life: 1d}\n");
  EXPECT_NE(base::format_faults("postern.yaml", parse_config(alone, "/etc/postern", 1).faults)
                .find("engineer_certificates needs support_authority"),
            std::string::npos);
}

constexpr base::Micros kHours = 3600 * base::kWallSecond;

// Of four days, from kThen on.
constexpr base::Micros kThen = 20'000 * 24 * kHours;
Crls one_of_four_days(base::Micros from = kThen) {
  Crls crls;
  crls.lists.push_back({"CN=Vendor", "7", from, from + 96 * kHours, 0});
  return crls;
}

TEST(CrlWatch, SaysOnceThatTheLastQuarterBeginsAndEveryDayThatItIsOver) {
  CrlWatch watch;
  const Crls crls = one_of_four_days();
  EXPECT_TRUE(watch.look("engineers", crls, kThen + 72 * kHours).empty());
  const auto soon = watch.look("engineers", crls, kThen + 73 * kHours);
  ASSERT_EQ(soon.size(), 1U);
  EXPECT_FALSE(soon[0].over);
  EXPECT_TRUE(watch.look("engineers", crls, kThen + 95 * kHours).empty());
  for (int day = 0; day < 3; ++day) {
    const auto over = watch.look("engineers", crls, kThen + (96 + 24 * day) * kHours);
    ASSERT_EQ(over.size(), 1U) << day;
    EXPECT_TRUE(over[0].over);
    EXPECT_TRUE(watch.look("engineers", crls, kThen + (97 + 24 * day) * kHours).empty()) << day;
  }
}

TEST(CrlWatch, AnOldListBesideANewOneIsNoMatter) {
  CrlWatch watch;
  Crls crls = one_of_four_days();
  crls.lists.push_back(one_of_four_days(kThen + 90 * kHours).lists.front());
  EXPECT_TRUE(watch.look("engineers", crls, kThen + 100 * kHours).empty());
}

TEST(Crls, AreShownWithWhetherTheyAreOver) {
  const Crls crls = one_of_four_days();
  EXPECT_EQ(crls_json(crls, kThen)[0]["over"], false);
  EXPECT_EQ(crls_json(crls, kThen + 96 * kHours)[0]["over"], true);
  EXPECT_EQ(crls_json(crls, kThen)[0]["number"], "7");
}

}  // namespace
}  // namespace postern::supervisor
