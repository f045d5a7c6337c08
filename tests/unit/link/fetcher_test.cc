// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A fetcher on a loop; the server is the test's, and so is who judges what came.
#include "gateway/link/fetcher.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "base/bytes.h"
#include "certs/certificate.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/certs/validity.h"

namespace postern::link {
namespace {

constexpr base::Micros kMinute = 60 * base::kWallSecond, kHour = 60 * kMinute;

TEST(FetchTimes, AreRefreshedWhenHalfIsOverAndNeverAtOnce) {
  const certs::StapleTimes week{0, 168 * kHour};
  EXPECT_EQ(fetch_again(week, kHour, 0, 0), 84 * kHour);
  EXPECT_EQ(fetch_again(week, kHour, 0, 1), 105 * kHour);
  EXPECT_EQ(fetch_again(week, 160 * kHour, 0, 0), 160 * kHour + kFetchLeast);
  EXPECT_EQ(fetch_again({0, 2}, 1, 0, 0.5), 1 + kFetchLeast);
}

TEST(FetchTimes, AreNoLaterThanEvery) {
  const certs::StapleTimes week{0, 168 * kHour};
  EXPECT_EQ(fetch_again(week, kHour, kHour, 0), 2 * kHour);
  EXPECT_EQ(fetch_again(week, kHour, 8 * kMinute, 1), kHour + 7 * kMinute);
  EXPECT_EQ(fetch_again(week, kHour, 10 * base::kWallSecond, 0), kHour + 10 * base::kWallSecond);
}

TEST(FetchTimes, AfterFailuresWaitsDoubleUpToAnHour) {
  EXPECT_EQ(fetch_after_failure(1, 0), 30 * base::kWallSecond);
  EXPECT_EQ(fetch_after_failure(2, 0), kMinute);
  EXPECT_EQ(fetch_after_failure(3, 1), 3 * kMinute);
  EXPECT_EQ(fetch_after_failure(1'000'000, 0), kHour);
}

class FetcherScene : public testing::Test {
 protected:
  loop::Loop loop_;
  certs::Forged root_ = certs::forge(
      {"Root", {"basicConstraints=critical,CA:TRUE"}, "", "P-256", "SHA256", -20000, 20000}, nullptr);
  certs::Forged leaf_ = certs::forge(
      {"support.example",
       {"subjectAltName=DNS:support.example", "authorityInfoAccess=OCSP;URI:http://ocsp.example/a"},
       "",
       "P-256",
       "SHA256",
       -20000,
       20000},
      &root_);
  std::vector<std::uint32_t> places_;
  std::vector<Fetcher::Connected> connects_;
  struct Told {
    std::string name;
    base::Result<std::string> body;
    int failures;
    Fetcher::Judged judged;
  };
  std::vector<Told> told_;
  Fetcher fetcher_{
      loop_,
      [this](std::uint32_t place, Fetcher::Connected done) {
        places_.push_back(place);
        connects_.push_back(std::move(done));
      },
      [this](const std::string& name, base::Result<std::string> body, int failures, Fetcher::Judged judged) {
        told_.push_back({name, std::move(body), failures, std::move(judged)});
      }};

  base::Json answer_about_leaf() const {
    const std::string chain = certs::der_to_pem(leaf_.der()) + certs::der_to_pem(root_.der());
    return {{"id", 7},
            {"name", "staple/leaf"},
            {"https", false},
            {"host", "ocsp.example"},
            {"target", "/a"},
            {"limit", 32 << 10},
            {"request", base::to_base64(certs::question_of_staple(chain)->request)}};
  }
  void configure(const base::Json& one) {
    const base::SystemClock clock;
    auto fetches = read_fetches({{"fetches", {one}}}, clock);
    ASSERT_TRUE(fetches.ok()) << fetches.error().message;
    fetcher_.configure(std::move(*fetches));
  }
  void turn_twice() {
    loop_.turn();
    loop_.turn();
  }
  template <typename Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < end) loop_.turn();
    return condition();
  }
  // The responder reads the whole request, and answers.
  std::string answer(int status, const std::string& body) {
    EXPECT_TRUE(until([&] { return !connects_.empty(); }));
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    const base::UniqueFd own(ends[1]);
    std::exchange(connects_, {}).front()(base::UniqueFd(ends[0]));
    std::string request;
    EXPECT_TRUE(until([&] {
      char piece[4096];
      const ssize_t n = ::recv(own.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (n > 0) request.append(piece, static_cast<std::size_t>(n));
      const std::size_t head = request.find("\r\n\r\n");
      return head != std::string::npos && (request.starts_with("GET") || request.size() > head + 4 + 20);
    }));
    const std::string text = "HTTP/1.1 " + std::to_string(status) +
                             " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    EXPECT_EQ(::send(own.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    const std::size_t before = told_.size();
    EXPECT_TRUE(until([&] { return told_.size() > before; }));
    return request;
  }
};

TEST_F(FetcherScene, AsksAtOnceAndHandsOnWhatCame) {
  configure(answer_about_leaf());
  const std::string request = answer(200, "what came");
  EXPECT_EQ(places_, std::vector<std::uint32_t>{7});
  EXPECT_EQ(request.find("POST /a HTTP/1.1\r\n"), 0U) << request;
  EXPECT_NE(request.find("application/ocsp-request"), std::string::npos);
  ASSERT_EQ(told_.size(), 1U);
  ASSERT_TRUE(told_[0].body.ok()) << told_[0].body.error().message;
  EXPECT_EQ(told_[0].name, "staple/leaf");
  EXPECT_EQ(*told_[0].body, "what came");
  EXPECT_EQ(told_[0].failures, 1) << "should it be of no use";
}

TEST_F(FetcherScene, AListIsGotten) {
  base::Json list = answer_about_leaf();
  list.erase("request");
  list["target"] = "/support.crl?x=1";
  configure(list);
  const std::string request = answer(200, "a list");
  EXPECT_EQ(request.find("GET /support.crl?x=1 HTTP/1.1\r\n"), 0U) << request;
  EXPECT_EQ(request.find("content-length"), std::string::npos) << request;
}

TEST_F(FetcherScene, SaysWhatTheServerAnswered) {
  configure(answer_about_leaf());
  answer(503, "later");
  EXPECT_EQ(told_.back().body.error().message, "it answered 503");
}

TEST_F(FetcherScene, FollowsNoRedirect) {
  configure(answer_about_leaf());
  answer(302, "");
  EXPECT_EQ(told_.back().body.error().message,
            "it answered 302, and redirects are not followed: name the address that it leads to");
  EXPECT_EQ(places_.size(), 1U);
}

TEST_F(FetcherScene, TakesNoMoreThanTheLimit) {
  base::Json one = answer_about_leaf();
  one["limit"] = 100;
  configure(one);
  answer(200, std::string(101, 'x'));
  EXPECT_FALSE(told_.back().body.ok());
}

TEST_F(FetcherScene, DoesNotAskWhileWhatIsAtHandIsFresh) {
  base::Json one = answer_about_leaf();
  one["held_from"] = loop_.wall();
  one["held_until"] = loop_.wall() + 24 * kHour;
  configure(one);
  turn_twice();
  EXPECT_TRUE(places_.empty());
}

TEST_F(FetcherScene, AsksWhenItWasFetchedTooLongAgoWhateverItSaysOfItself) {
  base::Json one = answer_about_leaf();
  one["held_from"] = loop_.wall() - 3 * kHour;
  one["held_until"] = loop_.wall() + 168 * kHour;
  one["fetched"] = loop_.wall() - 2 * kHour;
  one["every_us"] = kHour;
  configure(one);
  EXPECT_TRUE(until([&] { return !places_.empty(); }));
}

TEST_F(FetcherScene, AConfigurationThatIsReadAgainAsksNothingAgain) {
  configure(answer_about_leaf());
  answer(200, "what came");
  told_.back().judged(certs::StapleTimes{loop_.wall(), loop_.wall() + kHour});
  configure(answer_about_leaf());
  turn_twice();
  EXPECT_EQ(places_.size(), 1U);
  fetcher_.configure({});
}

TEST_F(FetcherScene, WhoWantsItNowGetsItOnce) {
  configure(answer_about_leaf());
  answer(200, "what came");
  told_.back().judged(certs::StapleTimes{loop_.wall(), loop_.wall() + kHour});
  base::Json one = answer_about_leaf();
  one["asked"] = 1;
  configure(one);
  EXPECT_TRUE(until([&] { return places_.size() == 2; }));
  configure(one);
  turn_twice();
  EXPECT_EQ(places_.size(), 2U);
}

TEST_F(FetcherScene, CountsWhatIsOfNoUseAsFailures) {
  configure(answer_about_leaf());
  answer(200, "junk");
  told_.back().judged(base::fail(base::Code::Denied, "it is junk"));
  base::Json one = answer_about_leaf();
  one["asked"] = 1;
  configure(one);
  answer(200, "junk");
  EXPECT_EQ(told_.back().failures, 2);
  told_.back().judged(certs::StapleTimes{loop_.wall(), loop_.wall() + kHour});
  one["asked"] = 2;
  configure(one);
  answer(503, "");
  EXPECT_EQ(told_.back().failures, 1);
}

TEST_F(FetcherScene, NoMoreThanAFewAtOnceAndTheOthersAfterThem) {
  const base::SystemClock clock;
  base::Json all = base::Json::array();
  for (int i = 0; i < 40; ++i) {
    all.push_back(answer_about_leaf());
    all.back()["name"] = "crl/" + std::to_string(i);
    all.back()["id"] = i;
  }
  fetcher_.configure(*read_fetches({{"fetches", all}}, clock));
  std::size_t most = 0, failed = 0;
  ASSERT_TRUE(until([&] {
    most = std::max(most, connects_.size());
    if (connects_.size() == Fetcher::kAtOnce || places_.size() == 40) {
      for (auto& done : std::exchange(connects_, {})) done(base::fail(base::Code::Unavailable, "not now"));
    }
    for (Told& one : std::exchange(told_, {})) {
      ++failed;
      one.judged(one.body.error());
    }
    return failed == 40;
  })) << places_.size();
  EXPECT_EQ(most, Fetcher::kAtOnce);
  std::sort(places_.begin(), places_.end());
  EXPECT_EQ(std::unique(places_.begin(), places_.end()), places_.end()) << "each once";
}

TEST_F(FetcherScene, AJudgementThatComesLateFindsNobody) {
  configure(answer_about_leaf());
  answer(200, "what came");
  fetcher_.configure({});
  told_.back().judged(certs::StapleTimes{loop_.wall(), loop_.wall() + kHour});
  turn_twice();
  EXPECT_EQ(places_.size(), 1U);
}

}  // namespace
}  // namespace postern::link
