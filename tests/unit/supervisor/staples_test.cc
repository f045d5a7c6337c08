// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/staples.h"

#include <gtest/gtest.h>

#include "gateway/supervisor/parts.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/certs/validity.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

using certs::kNow;

class Staples : public testing::Test {
 protected:
  Folder folder_;
  certs::Forged root_ = certs::forge({"Root", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
  certs::Recipe recipe_{
      "support.example",
      {"subjectAltName=DNS:support.example", "authorityInfoAccess=OCSP;URI:http://ocsp.example:8888/a?b"}};

  // As if the support listener had it.
  Material material_of(const certs::Forged& leaf) const {
    Material out;
    ListenerCertificate& one = out.support.certificates.emplace_back();
    one.pem = certs::der_to_pem(leaf.der()) + certs::der_to_pem(root_.der());
    one.leaf = certs::read_chain(one.pem)->front();
    auto staple = make_staple(one.pem);
    EXPECT_TRUE(staple.ok()) << staple.error().message;
    if (staple.ok()) one.staple = *std::move(staple);
    return out;
  }
  std::string why_not(const std::string& access) {
    recipe_.set("authorityInfoAccess=" + access);
    const certs::Forged leaf = certs::forge(recipe_, &root_);
    const auto made = make_staple(certs::der_to_pem(leaf.der()) + certs::der_to_pem(root_.der()));
    return made.ok() ? "it is fetched from " + made->responder.host : made.error().message;
  }
};

TEST_F(Staples, AreFetchedFromWhereTheCertificateSays) {
  const Material material = material_of(certs::forge(recipe_, &root_));
  const Staple& staple = *material.support.certificates[0].staple;
  EXPECT_EQ(staple.responder.host, "ocsp.example");
  EXPECT_EQ(staple.responder.port, 8888);
  EXPECT_EQ(staple.target, "/a?b");
  EXPECT_EQ(why_not("OCSP;URI:http://ocsp.example"), "it is fetched from ocsp.example");
  EXPECT_EQ(why_not("OCSP;URI:https://ocsp.example"), "its OCSP responder is not at an http:// address");
  EXPECT_EQ(why_not("OCSP;URI:file:///etc/passwd"), "its OCSP responder is not at an http:// address");
  EXPECT_EQ(why_not("OCSP;URI:http://"), "the address of its OCSP responder is none");
  EXPECT_EQ(why_not("OCSP;URI:http://a.example/ HTTP/1.1"), "the address of its OCSP responder is none");
  EXPECT_EQ(why_not("caIssuers;URI:http://a.example/"), "it names no OCSP responder");
}

TEST_F(Staples, KeepTheNumberOfTheSameCertificateAndNeverShareOne) {
  std::uint32_t next = 5;
  Material first = material_of(certs::forge(recipe_, &root_));
  number_staples({}, first, next);
  EXPECT_EQ(first.support.certificates[0].staple->id, 5U);
  Material other = material_of(certs::forge(recipe_, &root_));
  number_staples(first, other, next);
  EXPECT_EQ(other.support.certificates[0].staple->id, 6U);
  EXPECT_EQ(next, 7U);
  EXPECT_EQ(responder_of(other, 6)->host, "ocsp.example");
  EXPECT_EQ(responder_of(other, 5), nullptr);
}

TEST_F(Staples, AreJudgedKeptAndReadAgain) {
  const certs::Forged leaf = certs::forge(recipe_, &root_);
  Material material = material_of(leaf);
  ListenerCertificate& one = material.support.certificates[0];
  EXPECT_EQ(find_stapled(material, "staple/" + one.leaf.fingerprint), &one);
  EXPECT_EQ(find_stapled(material, "north"), nullptr);
  std::filesystem::create_directory(folder_.path("state"));
  certs::OcspRecipe revoked;
  revoked.status = 1;
  const auto refused = take_staple(one, certs::forge_ocsp(revoked, leaf, root_), folder_.path("state"), kNow);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message.find("it was revoked by its authority"), 0U) << refused.error().message;
  EXPECT_TRUE(one.staple->response.empty());

  const std::string good = certs::forge_ocsp({}, leaf, root_);
  ASSERT_TRUE(take_staple(one, good, folder_.path("state"), kNow).ok());
  EXPECT_EQ(one.staple->response, good);

  Material again = material_of(leaf);
  read_staples(again, folder_.path("state"), kNow);
  EXPECT_EQ(again.support.certificates[0].staple->response, good);
  EXPECT_EQ(again.support.certificates[0].staple->times.until, one.staple->times.until);
  Material late = material_of(leaf);
  read_staples(late, folder_.path("state"), kNow + 20 * 86400 * base::kWallSecond);
  EXPECT_TRUE(late.support.certificates[0].staple->response.empty()) << "it has run out";
}

TEST_F(Staples, AreToldToTheLinkWithoutTheResponse) {
  Material material = material_of(certs::forge(recipe_, &root_));
  const base::Json places = staple_fetches(material);
  ASSERT_EQ(places.size(), 1U);
  EXPECT_FALSE(base::json_text_or(places[0], "request", "").empty());
  EXPECT_FALSE(places[0].contains("response"));
  EXPECT_EQ(places[0]["host"], "ocsp.example:8888");
  EXPECT_EQ(places[0]["held_until"], 0);
}

TEST_F(Staples, AreFetchedOnlyWhereTheConfigurationSaysSo) {
  EXPECT_FALSE(parse_config(kSound, "/etc/postern", 1).config->reaches_out());
  const auto on =
      parse_config(replaced(kSound, "    key: support.key\n", "    key: support.key\n    staple: true\n"),
                   "/etc/postern", 1);
  ASSERT_NE(on.config, nullptr);
  EXPECT_TRUE(on.config->support.staple);
  EXPECT_TRUE(on.config->reaches_out());
}

}  // namespace
}  // namespace postern::supervisor
