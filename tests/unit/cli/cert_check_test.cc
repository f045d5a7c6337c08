// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/cert_check.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "certs/authority.h"
#include "gateway/cli/cert_fetch.h"
#include "gateway/cli/program.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/certs/validity.h"
#include "tests/unit/cli/run.h"

namespace postern::cli {
namespace {

using certs::kDay;
using certs::kNow;

class CertCheck : public testing::Test {
 protected:
  std::string folder_ = make_folder();
  std::string at_ = "2026-09-21T14:13:20Z";  // kNow
  certs::Credentials root_ = *certs::make_authority("Site authority", certs::valid_for(kNow, 300 * kDay));
  certs::Credentials server_ =
      *certs::make_server_certificate(root_, {"prom.example", "10.0.0.1"}, certs::valid_for(kNow, 30 * kDay));

  CertCheck() {
    write_text(folder_ + "/roots.pem", root_.certificate_pem);
    write_text(folder_ + "/server.pem", server_.certificate_pem);
  }
  Ran check(std::vector<std::string> more) {
    std::vector<std::string> words = {"cert", "check", "--roots", folder_ + "/roots.pem", "--at", at_};
    words.insert(words.end(), more.begin(), more.end());
    return run_postern(words);
  }
  Ran check_server(std::vector<std::string> more) {
    more.insert(more.begin(), {"--chain", folder_ + "/server.pem"});
    return check(std::move(more));
  }
};

TEST_F(CertCheck, DrawsTheWholePathOfAGoodChain) {
  const Ran ran = check_server({"--name", "prom.example"});
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out,
            "2  CN=Site authority\n"
            "   EC P-256, 2026-09-21 to 2027-07-18, trusted\n"
            "└─ 1  CN=prom.example\n"
            "      EC P-256, 2026-09-21 to 2026-10-21, revocation not known\n"
            "      for prom.example, 10.0.0.1\n"
            "\n"
            "Good for prom.example at 2026-09-21T14:13:20Z.\n");
}

TEST_F(CertCheck, SaysWhatIsWrongWhatABrowserSaysAndWhatToDo) {
  const Ran ran = check_server({"--name", "other.example"});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_NE(ran.out.find("Refused: the certificate is for prom.example, 10.0.0.1, not for other.example.\n"
                         "  rule             wrong-name (RFC 9525 6)\n"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("NET::ERR_CERT_COMMON_NAME_INVALID"), std::string::npos);
  EXPECT_NE(ran.out.find("use one of the names that the certificate has"), std::string::npos);
}

TEST_F(CertCheck, AnswersInJson) {
  at_ = "2027-01-01T00:00:00Z";
  const Ran ran = check_server({"--name", "prom.example", "--json"});
  EXPECT_EQ(ran.code, kFailed);
  const base::Json json = *base::parse_json(ran.out);
  EXPECT_EQ(json["good"], false);
  EXPECT_EQ(json["failure"]["rule"], "expired");
  EXPECT_EQ(json["failure"]["certificate"], 1);
  EXPECT_EQ(json["failure"]["sentence"], "the certificate for prom.example expired on 2026-10-21T14:13Z");
  EXPECT_EQ(json["path"].size(), 2U);
  EXPECT_EQ(json["path"][1]["trusted"], true);
}

TEST_F(CertCheck, JudgesAnEngineersCertificateUnderACrl) {
  const certs::Forged authority = certs::forge({"Vendor", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
  const certs::Forged engineer = certs::forge(
      {"Erin", {"extendedKeyUsage=clientAuth", "subjectAltName=email:erin@vendor.example"}}, &authority);
  write_text(folder_ + "/roots.pem", certs::der_to_pem(authority.der()));
  write_text(folder_ + "/erin.pem", certs::der_to_pem(engineer.der()));
  write_text(folder_ + "/none.crl", certs::forge_crl({{"0x1"}}, authority));
  write_text(folder_ + "/erin.crl", certs::forge_crl({{"0x4711"}}, authority));
  const std::vector<std::string> erin = {"--chain", folder_ + "/erin.pem", "--purpose", "client"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), erin.begin(), erin.end());
    return check(std::move(more));
  };
  EXPECT_EQ(with({}).code, kDone);
  EXPECT_NE(with({"--revocation", "hard"}).out.find("revocation-unknown"), std::string::npos);
  const Ran good = with({"--revocation", "hard", "--crl", folder_ + "/none.crl"});
  EXPECT_EQ(good.code, kDone) << good.out;
  EXPECT_NE(good.out.find("not revoked (CRL)"), std::string::npos);
  const Ran revoked = with({"--crl", folder_ + "/none.crl", "--crl", folder_ + "/erin.crl"});
  EXPECT_EQ(revoked.code, kFailed);
  EXPECT_NE(
      revoked.out.find("Refused: the certificate of CN=Erin was revoked by its authority on 2026-09-20"),
      std::string::npos)
      << revoked.out;
}

TEST_F(CertCheck, TakesAnOcspResponseAndPins) {
  const certs::Forged authority = certs::forge({"Root", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
  const certs::Forged server = certs::forge({"s", {"subjectAltName=DNS:prom.example"}}, &authority);
  write_text(folder_ + "/roots.pem", certs::der_to_pem(authority.der()));
  write_text(folder_ + "/server.pem", certs::der_to_pem(server.der()));
  write_text(folder_ + "/staple", certs::forge_ocsp({}, server, authority));
  const Ran good = check_server({"--name", "prom.example", "--ocsp", folder_ + "/staple", "--json"});
  const base::Json json = *base::parse_json(good.out);
  EXPECT_EQ(json["path"][0]["revocation"], "good_by_ocsp");
  const std::string key = json["path"][1]["key_sha256"];
  EXPECT_EQ(check_server({"--name", "prom.example", "--pin", key}).code, kDone);
  EXPECT_EQ(check_server({"--name", "prom.example", "--pin", std::string(64, '0')}).code, kFailed);
  EXPECT_NE(check_server({"--name", "prom.example", "--pin", "12"}).err.find("64 hexadecimal digits"),
            std::string::npos);
}

TEST_F(CertCheck, OptionsThatDoNotFitTogetherAreWrongUsage) {
  EXPECT_EQ(check({}).code, kUsage);
  EXPECT_EQ(check_server({}).code, kUsage);
  EXPECT_EQ(check_server({"https://a.example"}).code, kUsage);
  EXPECT_EQ(check_server({"--purpose", "client", "--name", "prom.example"}).code, kUsage);
  EXPECT_EQ(check({"https://a.example", "--purpose", "client"}).code, kUsage);
  EXPECT_EQ(check_server({"--name", "prom.example", "--purpose", "mail"}).code, kUsage);
  EXPECT_EQ(check_server({"--name", "prom.example", "--revocation", "off"}).code, kUsage);
}

TEST_F(CertCheck, WhatCannotBeReadIsSaid) {
  EXPECT_NE(check({"--chain", folder_ + "/none.pem", "--name", "a.example"}).err.find("none.pem"),
            std::string::npos);
  EXPECT_NE(check_server({"--name", "prom.example", "--crl", folder_ + "/server.pem"}).err.find("has no CRL"),
            std::string::npos);
  write_text(folder_ + "/crl", "garbage");
  EXPECT_NE(check_server({"--name", "prom.example", "--crl", folder_ + "/crl"}).err.find("not a CRL"),
            std::string::npos);
  EXPECT_EQ(check({"ftp://a.example"}).code, kFailed);
  at_ = "tomorrow";
  EXPECT_NE(check_server({"--name", "prom.example"}).err.find("--at: "), std::string::npos);
}

TEST(PlaceOfAUrl, IsAHostAndAPort) {
  const auto text = [](std::string_view url) {
    const auto place = parse_place(url);
    return place.ok() ? place->host + " " + place->port : "refused";
  };
  EXPECT_EQ(text("https://a.example"), "a.example 443");
  EXPECT_EQ(text("https://a.example:8443/x?y"), "a.example 8443");
  EXPECT_EQ(text("a.example:1"), "a.example 1");
  EXPECT_EQ(text("https://[fd00::1]:9090"), "fd00::1 9090");
  EXPECT_EQ(text("https://[fd00::1]/"), "fd00::1 443");
  EXPECT_EQ(text("10.0.0.1"), "10.0.0.1 443");
  for (const char* wrong :
       {"", "https://", "http://a.example", "a.example:", "a.example:0x1", "a.example:99999", "a b",
        "https://[fd00::1", "https://[fd00::1]x", "user@a.example", "::1"})
    EXPECT_EQ(text(wrong), "refused") << wrong;
}

}  // namespace
}  // namespace postern::cli
