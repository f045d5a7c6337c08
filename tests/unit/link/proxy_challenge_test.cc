// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/proxy_challenge.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "gateway/link/md5.h"

namespace postern::link {
namespace {

using ::testing::HasSubstr;
using Scheme = ProxyDemand::Scheme;

http::Fields demand_fields(const std::vector<std::string>& values) {
  http::Fields fields;
  for (const std::string& value : values) EXPECT_TRUE(fields.add("Proxy-Authenticate", value));
  return fields;
}
std::vector<ProxyChallenge> challenges_of(const std::vector<std::string>& values) {
  auto parsed = parse_challenges(demand_fields(values));
  EXPECT_TRUE(parsed.ok()) << values.front();
  return parsed.ok() ? *parsed : std::vector<ProxyChallenge>();
}
ProxyDemand demand_of(const std::vector<std::string>& values) {
  auto demand = choose_demand(challenges_of(values));
  EXPECT_TRUE(demand.ok()) << demand.error().message;
  return demand.ok() ? *demand : ProxyDemand();
}

TEST(Md5, IsThatOfRfc1321) {
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

// RFC 7616 section 3.9.1.
class Rfc7616 : public ::testing::Test {
 protected:
  static std::string response_to(const std::string& algorithm) {
    const ProxyDemand demand =
        demand_of({"Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=" + algorithm +
                   ", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
                   "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""});
    const auto answer = answer_demand(demand, {"GET", "/dir/index.html", "Mufasa", "Circle of Life",
                                               "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", 1});
    EXPECT_TRUE(answer.ok());
    return answer.ok() ? *answer : std::string();
  }
};

TEST_F(Rfc7616, Sha256) {
  EXPECT_EQ(response_to("SHA-256"),
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "
            "algorithm=SHA-256, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "
            "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
            "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "
            "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
}

TEST_F(Rfc7616, Md5) {
  EXPECT_THAT(response_to("MD5"), HasSubstr("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
}

TEST_F(Rfc7616, SessionsHashTheNoncesIn) {
  // By hand, from section 3.4.2: A1 = H(user:realm:password):nonce:cnonce.
  const std::string nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                    own = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  const std::string a1 =
      md5_hex(md5_hex("Mufasa:http-auth@example.org:Circle of Life") + ":" + nonce + ":" + own);
  const std::string expected =
      md5_hex(a1 + ":" + nonce + ":00000001:" + own + ":auth:" + md5_hex("GET:/dir/index.html"));
  const std::string answer = response_to("MD5-sess");
  EXPECT_THAT(answer, HasSubstr("algorithm=MD5-sess"));
  EXPECT_THAT(answer, HasSubstr("response=\"" + expected + "\""));
}

TEST(ProxyAnswer, HashesTheUserWhereTheProxyWantsThat) {
  const ProxyDemand demand =
      demand_of({"Digest realm=\"r\", nonce=\"n\", qop=auth, algorithm=SHA-256, userhash=true"});
  const auto answer = answer_demand(demand, {"CONNECT", "a:443", "user", "pw", "c", 0x1a});
  EXPECT_THAT(*answer, HasSubstr("username=\"" + base::sha256_hex("user:r") + "\""));
  EXPECT_THAT(*answer, HasSubstr("userhash=true"));
  EXPECT_THAT(*answer, HasSubstr("nc=0000001a"));
}

TEST(ProxyAnswer, QuotesWhatCouldBreakOut) {
  const ProxyDemand demand = demand_of({"Digest realm=\"a\\\"b\\\\\", nonce=\"n\", qop=auth"});
  EXPECT_EQ(demand.realm, "a\"b\\");
  const auto answer = answer_demand(demand, {"CONNECT", "a:443", "us\"er", "pw", "c", 1});
  EXPECT_THAT(*answer, HasSubstr("username=\"us\\\"er\", realm=\"a\\\"b\\\\\""));
}

// RFC 7617 section 2.
TEST(ProxyAnswer, BasicIsUserAndPassword) {
  const ProxyDemand demand = demand_of({"Basic realm=\"WallyWorld\""});
  EXPECT_EQ(*answer_demand(demand, {"CONNECT", "a:443", "Aladdin", "open sesame", "", 1}),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(ProxyChallenges, AreReadFromOneFieldOrSeveral) {
  // RFC 9110 section 11.6.1, and what Windows proxies send.
  const auto all = challenges_of(
      {"Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"", "Negotiate",
       "NTLM TlRMTVNTUAACAAAA==, Digest a = b ,, c=\"\""});
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[1].scheme, "newauth");
  EXPECT_EQ(all[1].find("title"), "Login to \"apps\"");
  EXPECT_EQ(all[2].scheme, "negotiate");
  EXPECT_EQ(all[3].scheme, "ntlm");
  EXPECT_TRUE(all[3].parameters.empty());
  EXPECT_EQ(all[4].find("a"), "b");
}

TEST(ProxyChallenges, ThatAreNotWellFormedAreRefused) {
  for (const char* text : {"realm=\"x\"", "Basic realm=\"x", "Basic \"x\"", "Basic realm=\"a\" x",
                           "Digest realm=a, realm=b", "=", "Basic realm=\"x\\", "Basic a=b c=d", "B@sic x"})
    EXPECT_FALSE(parse_challenges(demand_fields({text})).ok()) << text;
  std::string many = "Digest a0=1", schemes;
  for (int i = 1; i < 20; ++i) many += ", a" + std::to_string(i) + "=1", schemes += "Basic,";
  EXPECT_FALSE(parse_challenges(demand_fields({many})).ok());
  EXPECT_FALSE(parse_challenges(demand_fields({schemes})).ok());
}

TEST(ProxyDemands, TheStrongestIsAnswered) {
  const std::string md5 = "Digest realm=\"r\", nonce=\"m\", qop=\"auth\"",
                    sha = "Digest realm=\"r\", nonce=\"s\", qop=\"auth\", algorithm=sha-256",
                    basic = "Basic realm=\"r\"";
  EXPECT_EQ(demand_of({basic}).scheme, Scheme::Basic);
  EXPECT_EQ(demand_of({basic, md5}).scheme, Scheme::Md5);
  EXPECT_EQ(demand_of({md5, sha, basic}).scheme, Scheme::Sha256);
  EXPECT_EQ(demand_of({sha, md5}).nonce, "s");
  EXPECT_TRUE(demand_of({md5 + ", stale=TRUE"}).stale);
}

TEST(ProxyDemands, ThatCannotBeAnsweredAreSaidPlainly) {
  const auto why = [](const std::vector<std::string>& values) {
    return choose_demand(challenges_of(values)).error().message;
  };
  EXPECT_EQ(
      why({"Negotiate", "NTLM"}),
      "it demands negotiate, ntlm, and Postern answers to Basic and to Digest (SHA-256 or MD5, qop auth) "
      "alone: have the proxy offer one of these to this machine");
  EXPECT_THAT(why({"Digest realm=r, nonce=n, qop=auth, algorithm=SHA-512-256"}),
              HasSubstr("digest with SHA-512-256"));
  EXPECT_THAT(why({"Digest realm=r, nonce=n"}), HasSubstr("qop auth"));
  EXPECT_THAT(why({"Digest realm=r, nonce=n, qop=auth-int"}), HasSubstr("qop auth"));
  EXPECT_THAT(why({""}), HasSubstr("does not say which"));
}

}  // namespace
}  // namespace postern::link
