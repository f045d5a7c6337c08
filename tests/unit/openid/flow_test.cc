// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/flow.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::openid {
namespace {

constexpr base::Micros kFlowNow = 1'772'366'400'000'000;
const std::string kFlowKey(32, 'k');

TEST(OpenIdFlow, ComesBackAsItBegan) {
  ASSERT_TRUE(base::init_crypto().ok());
  const Flow begun = begin_flow(kFlowKey, kFlowNow, "/state?a=b");
  const auto back = resume_flow(kFlowKey, kFlowNow + kFlowTime, begun.cookie, begun.state);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->return_to, "/state?a=b");
  EXPECT_EQ(back->nonce, begun.nonce);
  EXPECT_EQ(back->began, kFlowNow);
  EXPECT_EQ(back->verifier, begun.verifier);
  EXPECT_EQ(begun.challenge, base::to_base64url(base::view(base::sha256(begun.verifier))));
  EXPECT_GE(begun.verifier.size(), 43U) << "RFC 7636 section 4.1";
}

TEST(OpenIdFlow, SharesNothingWithAnother) {
  const Flow one = begin_flow(kFlowKey, kFlowNow, "/"), other = begin_flow(kFlowKey, kFlowNow, "/");
  EXPECT_NE(one.state, other.state);
  EXPECT_NE(one.nonce, other.nonce);
  EXPECT_NE(one.verifier, other.verifier);
  EXPECT_NE(one.state, one.nonce);
  EXPECT_NE(one.nonce, one.verifier);
  EXPECT_EQ(one.cookie.find(one.verifier), std::string::npos);
}

TEST(OpenIdFlow, IsOfTheBrowserThatBeganIt) {
  const Flow one = begin_flow(kFlowKey, kFlowNow, "/"), other = begin_flow(kFlowKey, kFlowNow, "/");
  EXPECT_FALSE(resume_flow(kFlowKey, kFlowNow, one.cookie, other.state));
  EXPECT_FALSE(resume_flow(kFlowKey, kFlowNow, "", one.state));
  EXPECT_FALSE(resume_flow(kFlowKey, kFlowNow, one.cookie, ""));
  EXPECT_FALSE(resume_flow(std::string(32, 'x'), kFlowNow, one.cookie, one.state)) << "another gateway's";
}

TEST(OpenIdFlow, IsVoidOnceAnyByteOfItsCookieIsAnother) {
  const Flow flow = begin_flow(kFlowKey, kFlowNow, "/state");
  for (std::size_t i = 0; i < flow.cookie.size(); ++i) {
    std::string cookie = flow.cookie;
    cookie[i] = cookie[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(resume_flow(kFlowKey, kFlowNow, cookie, flow.state)) << i;
  }
}

TEST(OpenIdFlow, EndsWithItsTime) {
  const Flow flow = begin_flow(kFlowKey, kFlowNow, "/");
  EXPECT_FALSE(resume_flow(kFlowKey, kFlowNow + kFlowTime + base::kWallSecond, flow.cookie, flow.state));
  EXPECT_FALSE(resume_flow(kFlowKey, kFlowNow - kFlowTime - base::kWallSecond, flow.cookie, flow.state));
}

}  // namespace
}  // namespace postern::openid
