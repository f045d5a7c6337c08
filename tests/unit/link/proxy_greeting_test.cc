// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/proxy_greeting.h"

#include <gmock/gmock.h>

#include "base/bytes.h"

namespace postern::link {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using GreetingState = ProxyGreeting::State;

constexpr std::string_view kGranted = "HTTP/1.1 200 Connection established\r\n\r\n";

std::string demands(const std::string& challenge) {
  return "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: " + challenge +
         "\r\nContent-Length: 9\r\n\r\nforbidden";
}

class Greeting : public ::testing::Test {
 protected:
  explicit Greeting(std::string user = "us", std::string password = "pw")
      : greeting("mc.example:443", {std::move(user), std::make_shared<const base::Secret>(password)}, memory,
                 "postern/1") {
    begin();
  }
  // What is said on a new connection.
  std::string begin() {
    EXPECT_EQ(greeting.begin(), GreetingState::More);
    said = greeting.out();
    greeting.sent(said.size());
    return said;
  }
  const bool ready = base::init_crypto().ok();
  std::shared_ptr<ProxyMemory> memory = std::make_shared<ProxyMemory>();
  ProxyGreeting greeting;
  std::string said;
};
class NobodysGreeting : public Greeting {
 protected:
  NobodysGreeting() : Greeting("", "") {}
};

TEST_F(Greeting, AsksForTheWayThroughAndSaysNothingOfUserAndPassword) {
  EXPECT_EQ(said, "CONNECT mc.example:443 HTTP/1.1\r\nHost: mc.example:443\r\nUser-Agent: postern/1\r\n\r\n");
  EXPECT_EQ(greeting.feed(kGranted), GreetingState::Done);
  EXPECT_FALSE(greeting.authenticated());
}

TEST_F(Greeting, IsTheSameByteByByte) {
  const std::string answer = "HTTP/1.1 100 Continue\r\n\r\n" + std::string(kGranted);
  for (const char c : answer) {
    EXPECT_EQ(greeting.state(), GreetingState::More);
    greeting.feed({&c, 1});
  }
  EXPECT_EQ(greeting.state(), GreetingState::Done);
}

TEST_F(Greeting, AnswersBasicOnANewConnectionAndRemembersIt) {
  EXPECT_EQ(greeting.feed(demands("Basic realm=\"squid\"")), GreetingState::Again);
  EXPECT_THAT(begin(), HasSubstr("\r\nProxy-Authorization: Basic " + base::to_base64("us:pw") + "\r\n\r\n"));
  EXPECT_EQ(greeting.feed(kGranted), GreetingState::Done);
  EXPECT_TRUE(greeting.authenticated());
  ProxyGreeting next("mc.example:443", {"us", std::make_shared<const base::Secret>("pw")}, memory,
                     "postern/1");
  next.begin();
  EXPECT_THAT(std::string(next.out()), HasSubstr("Proxy-Authorization: Basic"));
}

TEST_F(Greeting, AnswersDigestForTheWayThroughAndCountsTheNonce) {
  EXPECT_EQ(greeting.feed(demands("Digest realm=\"squid\", nonce=\"abc\", qop=\"auth\", algorithm=SHA-256")),
            GreetingState::Again);
  EXPECT_THAT(begin(), HasSubstr("uri=\"mc.example:443\""));
  EXPECT_THAT(said, HasSubstr("nc=00000001"));
  EXPECT_THAT(said, Not(HasSubstr("pw")));
  const std::string own =
      said.substr(said.find("cnonce=\"") + 8, said.find("\", qop") - said.find("cnonce=\"") - 8);
  const std::string expected = base::sha256_hex(base::sha256_hex("us:squid:pw") + ":abc:00000001:" + own +
                                                ":auth:" + base::sha256_hex("CONNECT:mc.example:443"));
  EXPECT_THAT(said, HasSubstr("response=\"" + expected + "\""));
  EXPECT_EQ(greeting.feed(kGranted), GreetingState::Done);
  EXPECT_THAT(begin(), HasSubstr("nc=00000002"));
}

TEST_F(Greeting, DoesNotAskAgainWhoRefusedUserAndPassword) {
  EXPECT_EQ(greeting.feed(demands("Basic realm=\"squid\"")), GreetingState::Again);
  begin();
  EXPECT_EQ(greeting.feed(demands("Basic realm=\"squid\"")), GreetingState::Failed);
  EXPECT_EQ(greeting.why(), "it does not accept the user us with the configured password");
  EXPECT_TRUE(greeting.denied());
  EXPECT_FALSE(memory->demand);
}

TEST_F(Greeting, AStaleNonceIsAnotherMatterButNotForEver) {
  const auto stale = [](const std::string& nonce) {
    return demands("Digest realm=\"r\", qop=\"auth\", stale=true, nonce=\"" + nonce + "\"");
  };
  for (const char* nonce : {"a", "b", "c"}) {
    EXPECT_EQ(greeting.feed(stale(nonce)), GreetingState::Again);
    EXPECT_THAT(begin(), HasSubstr(std::string("nonce=\"") + nonce + "\", nc=00000001"));
  }
  EXPECT_EQ(greeting.feed(stale("d")), GreetingState::Failed);
  EXPECT_THAT(greeting.why(), HasSubstr("again and again"));
}

TEST_F(Greeting, WhatIsRememberedMayBeOverWithoutAWord) {
  memory->demand = ProxyDemand{ProxyDemand::Scheme::Md5, false, false, false, "r", "old", ""};
  EXPECT_THAT(begin(), HasSubstr("nonce=\"old\""));
  EXPECT_EQ(greeting.feed(demands("Digest realm=\"r\", qop=\"auth\", nonce=\"new\"")), GreetingState::Again);
  EXPECT_THAT(begin(), HasSubstr("nonce=\"new\""));
  EXPECT_EQ(greeting.feed(kGranted), GreetingState::Done);
}

TEST_F(NobodysGreeting, IsToldThatSomebodyIsWanted) {
  EXPECT_EQ(greeting.feed(demands("Basic realm=\"squid\"")), GreetingState::Failed);
  EXPECT_EQ(greeting.why(), "it demands a user and a password, and none is configured for it");
}

TEST_F(Greeting, SaysWhatItIsThatItCannotAnswer) {
  EXPECT_EQ(greeting.feed(demands("Negotiate")), GreetingState::Failed);
  EXPECT_THAT(greeting.why(), HasSubstr("it demands negotiate"));
}

TEST_F(Greeting, SaysThatTheProxyDoesNotLetUsThrough) {
  EXPECT_EQ(greeting.feed("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), GreetingState::Failed);
  EXPECT_EQ(greeting.why(),
            "it does not let us through to mc.example:443: it answered CONNECT with 403 (Forbidden)");
}

TEST_F(Greeting, TakesNothingThatComesBeforeTls) {
  EXPECT_EQ(greeting.feed(std::string(kGranted) + "\x16\x03"), GreetingState::Failed);
  EXPECT_THAT(greeting.why(), HasSubstr("before the TLS connection"));
}

TEST_F(Greeting, LikewiseInAnotherPiece) {
  EXPECT_EQ(greeting.feed(kGranted), GreetingState::Done);
  EXPECT_EQ(greeting.feed("x"), GreetingState::Failed);
}

TEST_F(Greeting, GarbageIsAFailureHoweverMuchThereIs) {
  for (const std::string& answer :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("HTTP/1.1 2OO OK\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\n\n"),
        std::string("\x15\x03\x01\x00\x02\x02\x46", 7) + std::string(70'000, 'x'),
        "HTTP/1.1 200 OK\r\nX: " + std::string(64U << 10U, 'x') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\n" + std::string(64U << 10U, 'x'), demands("Digest realm=\"never ends"),
        demands("Basic realm=x, realm=y")}) {
    begin();
    EXPECT_EQ(greeting.feed(answer), GreetingState::Failed) << answer.substr(0, 40);
    begin();
    for (const char c : answer) greeting.feed({&c, 1});
    EXPECT_EQ(greeting.state(), GreetingState::Failed) << answer.substr(0, 40);
    EXPECT_FALSE(greeting.why().empty());
  }
}

TEST_F(Greeting, InterimAnswersHaveAnEnd) {
  std::string interim;
  for (int i = 0; i < 9; ++i) interim += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_EQ(greeting.feed(interim), GreetingState::Failed);
  EXPECT_THAT(greeting.why(), HasSubstr("without end"));
}

TEST_F(Greeting, AnEndIsOne) {
  EXPECT_EQ(greeting.end(), GreetingState::Failed);
  EXPECT_THAT(greeting.why(), HasSubstr("without an answer"));
  begin();
  greeting.feed("HTTP/1.1 20");
  EXPECT_EQ(greeting.end(), GreetingState::Failed);
  EXPECT_THAT(greeting.why(), HasSubstr("within its answer"));
}

}  // namespace
}  // namespace postern::link
