// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/webhook_signer.h"

#include <gtest/gtest.h>

namespace postern::keeper {
namespace {

const bool kReady = base::init_crypto().ok();
constexpr base::Micros kSigningTime = 1'772'366'400LL * base::kWallSecond;
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
constexpr const char* kId = "01JD7Z3V5T4Q2N8M6K0H1F9C3B";

std::string payload(const std::string& id, const std::string& time, const std::string& body) {
  return id + "." + time + "." + body;
}

TEST(WebhookSigner, SignsAsTheSpecificationSays) {
  WebhookSigner signer;
  ASSERT_TRUE(signer.add("pager", "f", kSecret).ok());
  const auto signature = signer.sign("pager", payload(kId, "1772366400", R"({"a":1})"), kSigningTime);
  ASSERT_TRUE(signature.ok()) << signature.error().message;
  // hmac.new(base64.b64decode("MfKQ.."), b'01JD..3B.1772366400.{"a":1}', sha256), by Python's library.
  EXPECT_EQ(*signature, "v1,tr4o+tuCxUjCubt5STUZqv1hfq8GxzUPG4MVUaeErf0=");
}

TEST(WebhookSigner, SignsNothingElse) {
  WebhookSigner signer;
  ASSERT_TRUE(signer.add("pager", "f", kSecret).ok());
  EXPECT_FALSE(signer.sign("other", payload(kId, "1772366400", "{}"), kSigningTime).ok());
  for (const std::string& wrong :
       {std::string(), std::string("x"), payload("short", "1772366400", "{}"),
        payload(kId, "1772366400", "[]"), payload(kId, "1772366400", ""), payload(kId, "177236640", "{}"),
        payload(kId, "17723664x0", "{}"), payload(kId, "1772370000", "{}"), payload(kId, "1772362800", "{}"),
        payload(kId, "1772366400", "{} ")}) {
    EXPECT_FALSE(signer.sign("pager", wrong, kSigningTime).ok()) << wrong;
  }
}

TEST(WebhookSigner, TakesOnlySecretsOfTheRightFormAndSize) {
  WebhookSigner signer;
  for (const char* wrong :
       {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA", "whsec_not base64 at all!!"})
    EXPECT_FALSE(signer.add("pager", "f", wrong).ok()) << wrong;
  EXPECT_TRUE(signer.add("pager", "f", kSecret).ok());
  EXPECT_FALSE(signer.add("pager", "f", kSecret).ok()) << "twice";
}

}  // namespace
}  // namespace postern::keeper
