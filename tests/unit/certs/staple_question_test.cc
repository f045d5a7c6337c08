// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <openssl/ocsp.h>

#include "certs/certificate.h"
#include "certs/staple.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/certs/matrix.h"

namespace postern::certs {
namespace {

class StapleQuestionOf : public testing::Test {
 protected:
  Forged root_ = forge({"Root", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
  Recipe recipe_{
      "support.example",
      {"subjectAltName=DNS:support.example", "authorityInfoAccess=OCSP;URI:http://ocsp.example/a"}};
  Forged leaf() const { return forge(recipe_, &root_); }
  std::string chain(const Forged& leaf) const { return der_to_pem(leaf.der()) + der_to_pem(root_.der()); }
};

TEST_F(StapleQuestionOf, ALeafNamesItsResponderAndAsksAboutItself) {
  const auto question = question_of_staple(chain(leaf()));
  ASSERT_TRUE(question.ok()) << question.error().message;
  EXPECT_EQ(question->url, "http://ocsp.example/a");
  const auto* at = reinterpret_cast<const unsigned char*>(question->request.data());
  OCSP_REQUEST* read = d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(question->request.size()));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(OCSP_request_onereq_count(read), 1);
  EXPECT_EQ(OCSP_REQUEST_get_ext_count(read), 0) << "no nonce";
  OCSP_REQUEST_free(read);
}

TEST_F(StapleQuestionOf, SaysWhyNoneCanBeAsked) {
  EXPECT_EQ(question_of_staple(der_to_pem(leaf().der())).error().message, "its issuer is not in its file");
  const Forged stranger = forge({"Stranger", {"basicConstraints=critical,CA:TRUE"}}, nullptr);
  EXPECT_EQ(question_of_staple(der_to_pem(leaf().der()) + der_to_pem(stranger.der())).error().message,
            "its issuer is not in its file");
  recipe_.drop("authorityInfoAccess");
  const auto none = question_of_staple(chain(leaf()));
  EXPECT_EQ(none.error().code, base::Code::NotFound);
  EXPECT_FALSE(question_of_staple("nothing").ok());
}

TEST_F(StapleQuestionOf, SeesWhatDemandsOne) {
  EXPECT_FALSE(demands_staple(chain(leaf())));
  recipe_.extensions.push_back("tlsfeature=status_request");
  EXPECT_TRUE(demands_staple(chain(leaf())));
  EXPECT_FALSE(demands_staple("nothing"));
}

TEST_F(StapleQuestionOf, AnAnswerIsJudgedAsThoseOfOthersAre) {
  const Forged own = leaf();
  const auto times = judge_staple(chain(own), forge_ocsp({}, own, root_), kNow);
  ASSERT_TRUE(times.ok()) << times.error().message;
  EXPECT_LT(times->from, kNow);
  EXPECT_GT(times->until, kNow);
  OcspRecipe revoked;
  revoked.status = 1;
  EXPECT_NE(
      judge_staple(chain(own), forge_ocsp(revoked, own, root_), kNow).error().message.find("it was revoked"),
      std::string::npos);
  recipe_.serial = "0x99";
  EXPECT_EQ(judge_staple(chain(own), forge_ocsp({}, leaf(), root_), kNow).error().message,
            "it comes with an OCSP response that is about another certificate");
  EXPECT_FALSE(judge_staple(chain(own), "junk", kNow).ok());
}

}  // namespace
}  // namespace postern::certs
