// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/cookie_jar.h"

#include <gtest/gtest.h>

#include <deque>

namespace postern::enforcer {
namespace {

constexpr base::Micros kMoment = 1'800'000'000LL * base::kWallSecond;

// Two enforcers that tell each other; what one says is kept until the test hands it over.
struct Jar : ::testing::Test {
  struct Told {
    std::string session, service, account, name, value, path;
    ipc::Cookie cookie;
  };
  static Told copy(const ipc::Cookie& c) {
    Told t{std::string(c.session),
           std::string(c.service),
           std::string(c.account),
           std::string(c.name),
           std::string(c.value),
           std::string(c.path),
           c};
    return t;
  }
  void hand_over(Told& t, CookieJars& to) {
    t.cookie.session = t.session;
    t.cookie.service = t.service;
    t.cookie.account = t.account;
    t.cookie.name = t.name;
    t.cookie.value = t.value;
    t.cookie.path = t.path;
    to.merge(t.cookie, now);
  }
  void set(std::string_view field, std::string_view path = "/app/login") {
    jars.take(alice, field, {"component.internal", path, true}, ++now);
  }
  std::string sent(std::string_view path = "/app/x", bool secure = true) {
    return jars.header(alice, path, secure, now);
  }

  base::Micros now = kMoment;
  std::deque<Told> told, told_by_other;
  CookieJars jars{[this](const ipc::Cookie& c) { told.push_back(copy(c)); }};
  CookieJars other{[this](const ipc::Cookie& c) { told_by_other.push_back(copy(c)); }};
  const CookieJars::Owner alice{"s1", "app", ""}, bob{"s2", "app", ""};
};

TEST_F(Jar, GivesBackWhatWasSetToThatSessionAndServiceAlone) {
  set("sid=1; Path=/");
  EXPECT_EQ(sent(), "sid=1");
  EXPECT_EQ(jars.header(bob, "/app/x", true, now), "");
  EXPECT_EQ(jars.header({"s1", "other", ""}, "/", true, now), "");
  EXPECT_EQ(jars.header({"s1", "app", "admin"}, "/", true, now), "") << "another account";
}

TEST_F(Jar, KeepsToPathSecureDomainAndExpiry) {
  set("here=1");
  set("root=2; Path=/");
  set("deep=3; Path=/app/deep");
  EXPECT_EQ(sent(), "here=1; root=2");
  EXPECT_EQ(sent("/app/deep/x"), "deep=3; here=1; root=2") << "longer paths first";
  EXPECT_EQ(sent("/else"), "root=2");
  set("safe=4; Path=/; Secure");
  EXPECT_EQ(sent("/else"), "root=2; safe=4");
  EXPECT_EQ(sent("/else", false), "root=2");
  set("foreign=5; Path=/; Domain=evil.example");
  set("own=6; Path=/; Domain=internal");
  set("short=7; Path=/; Max-Age=10");
  EXPECT_EQ(sent("/else"), "root=2; safe=4; own=6; short=7");
  now += 11 * base::kWallSecond;
  EXPECT_EQ(sent("/else"), "root=2; safe=4; own=6");
}

TEST_F(Jar, TakesNoSecureCookieOverAWayThatOthersRead) {
  jars.take(alice, "sid=1; Secure", {"component.internal", "/", false}, now);
  EXPECT_EQ(jars.header(alice, "/", true, now), "");
}

TEST_F(Jar, ReplacesAndDeletes) {
  set("sid=1; Path=/");
  now += 1;
  set("sid=2; Path=/");
  EXPECT_EQ(sent(), "sid=2");
  now += 1;
  set("sid=gone; Path=/; Max-Age=0");
  EXPECT_EQ(sent(), "");
  ASSERT_EQ(told.size(), 3U);
  EXPECT_TRUE(told[2].cookie.deleted);
  EXPECT_EQ(told[2].value, "") << "what was deleted is not told";
}

TEST_F(Jar, TellsOthersOnlyWhatIsNew) {
  set("sid=1; Path=/; Max-Age=3600");
  now += base::kWallSecond;
  set("sid=1; Path=/; Max-Age=3600");
  EXPECT_EQ(told.size(), 1U) << "a life that is prolonged by a second";
  now += CookieJars::kDeletedKept;
  set("sid=1; Path=/; Max-Age=3600");
  EXPECT_EQ(told.size(), 2U);
}

TEST_F(Jar, TheLaterOfTwoChangesWinsInWhateverOrderTheyCome) {
  set("sid=old; Path=/");
  now += 1;
  set("sid=new; Path=/");
  hand_over(told[1], other);
  hand_over(told[0], other);
  EXPECT_EQ(other.header(alice, "/", true, now), "sid=new");
  now += 1;
  set("sid=; Path=/; Max-Age=0");
  hand_over(told[2], other);
  hand_over(told[1], other);
  EXPECT_EQ(other.header(alice, "/", true, now), "") << "what was deleted does not come back";
}

TEST_F(Jar, TellsAllToOneThatComesAnew) {
  set("a=1; Path=/");
  set("b=2; Path=/");
  told.clear();
  jars.tell_all();
  ASSERT_EQ(told.size(), 2U);
  for (Told& one : told) hand_over(one, other);
  EXPECT_EQ(other.header(alice, "/", true, now), jars.header(alice, "/", true, now));
  EXPECT_TRUE(told_by_other.empty()) << "what was told is not told back";
}

TEST_F(Jar, IsEmptiedWhenItsSessionEnds) {
  set("a=1; Path=/");
  jars.take(bob, "b=2; Path=/", {"component.internal", "/", true}, now);
  jars.end("s1");
  EXPECT_EQ(sent(), "");
  EXPECT_EQ(jars.header(bob, "/", true, now), "b=2");
  jars.keep([](std::string_view) { return false; });
  EXPECT_EQ(jars.jars(), 0U);
  EXPECT_EQ(jars.bytes(), 0U);
}

TEST_F(Jar, IsBoundedInNumberAndBytes) {
  for (int i = 0; i < 200; ++i) {
    now += 1;
    set("c" + std::to_string(i) + "=x; Path=/");
  }
  std::string all = sent();
  EXPECT_EQ(std::count(all.begin(), all.end(), '='), 50);
  EXPECT_EQ(all.find("c149="), std::string::npos);
  EXPECT_NE(all.find("c150="), std::string::npos);
  for (int i = 0; i < 20; ++i) {
    now += 1;
    set("big" + std::to_string(i) + "=" + std::string(4000, 'x') + "; Path=/");
  }
  all = sent();
  EXPECT_LE(all.size(), CookieJars::kJarBytes + 3 * CookieJars::kMostCookies);
  EXPECT_NE(all.find("big19="), std::string::npos);
}

TEST_F(Jar, AllOfThemAreBoundedAndTheOneUsedLongestAgoGoesFirst) {
  set("mine=1; Path=/");
  for (int i = 0; i < 6000; ++i) {
    const std::string session = "session" + std::to_string(i);
    sent();  // alice keeps using hers
    for (const char* name : {"a=", "b=", "c="})
      jars.take({session, "app", ""}, name + std::string(4000, 'x'), {"c", "/", true}, now);
  }
  EXPECT_LE(jars.bytes(), CookieJars::kAllBytes);
  EXPECT_LT(jars.jars(), 6000U);
  EXPECT_EQ(sent(), "mine=1");
  EXPECT_EQ(jars.header({"session0", "app", ""}, "/", true, now), "");
}

}  // namespace
}  // namespace postern::enforcer
