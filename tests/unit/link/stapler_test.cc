// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A stapler on a loop; the responder is the test's.
#include "gateway/link/stapler.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>

#include "base/bytes.h"
#include "certs/certificate.h"
#include "tests/unit/certs/forge.h"
#include "tests/unit/certs/validity.h"

namespace postern::link {
namespace {

constexpr base::Micros kMinute = 60 * base::kWallSecond, kHour = 60 * kMinute;

TEST(StapleTimes, AreRefreshedWhenHalfIsOverAndNeverAtOnce) {
  const certs::StapleTimes week{0, 168 * kHour};
  EXPECT_EQ(staple_refresh(week, kHour, 0), 84 * kHour);
  EXPECT_EQ(staple_refresh(week, kHour, 1), 105 * kHour);
  EXPECT_EQ(staple_refresh(week, 160 * kHour, 0), 160 * kHour + kStapleLeast);
  EXPECT_EQ(staple_refresh({0, 2}, 1, 0.5), 1 + kStapleLeast);
}

TEST(StapleTimes, AfterFailuresWaitsDoubleUpToAnHour) {
  EXPECT_EQ(staple_again_after(1, 0), 30 * base::kWallSecond);
  EXPECT_EQ(staple_again_after(2, 0), kMinute);
  EXPECT_EQ(staple_again_after(3, 1), 3 * kMinute);
  EXPECT_EQ(staple_again_after(1'000'000, 0), kHour);
}

class StaplerScene : public testing::Test {
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
  std::vector<Stapler::Connected> connects_;
  std::vector<std::pair<std::string, base::Result<std::string>>> told_;
  Stapler stapler_{loop_,
                   [this](std::uint32_t place, Stapler::Connected done) {
                     places_.push_back(place);
                     connects_.push_back(std::move(done));
                   },
                   [this](const std::string& place, base::Result<std::string> response) {
                     told_.emplace_back(place, std::move(response));
                   }};

  void configure(base::Micros held_until = 0) {
    const std::string chain = certs::der_to_pem(leaf_.der()) + certs::der_to_pem(root_.der());
    const base::Json place{{"carriage", "ocsp"},
                           {"id", 7},
                           {"name", "staple/leaf"},
                           {"https", false},
                           {"host", "ocsp.example"},
                           {"target", "/a"},
                           {"request", base::to_base64(certs::question_of_staple(chain)->request)},
                           {"chain", chain},
                           {"held_from", held_until == 0 ? 0 : loop_.wall()},
                           {"held_until", held_until}};
    const base::SystemClock clock;
    auto settings = Settings::read({{"places", {place}}}, clock, {});
    ASSERT_TRUE(settings.ok()) << settings.error().message;
    stapler_.configure(*settings);
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
      return head != std::string::npos && request.size() > head + 4 + 20;
    }));
    const std::string text = "HTTP/1.1 " + std::to_string(status) +
                             " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    EXPECT_EQ(::send(own.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    const std::size_t before = told_.size();
    EXPECT_TRUE(until([&] { return told_.size() > before; }));
    return request;
  }
  // Fresh by the machine's own clock: forge's times are days from certs' kNow.
  std::string fresh() const {
    const int today = static_cast<int>((loop_.wall() - certs::kNow) / (24 * kHour));
    certs::OcspRecipe recipe;
    recipe.from = today - 1;
    recipe.until = today + 6;
    return certs::forge_ocsp(recipe, leaf_, root_);
  }
};

TEST_F(StaplerScene, AsksAtOnceAndHandsOnAGoodResponse) {
  configure();
  const std::string response = fresh();
  const std::string request = answer(200, response);
  EXPECT_EQ(places_, std::vector<std::uint32_t>{7});
  EXPECT_EQ(request.find("POST /a HTTP/1.1\r\n"), 0U) << request;
  EXPECT_NE(request.find("application/ocsp-request"), std::string::npos);
  ASSERT_EQ(told_.size(), 1U);
  ASSERT_TRUE(told_[0].second.ok()) << told_[0].second.error().message;
  EXPECT_EQ(told_[0].first, "staple/leaf");
  EXPECT_EQ(*told_[0].second, response);
}

TEST_F(StaplerScene, HandsNothingOnThatIsNoGoodAnswer) {
  configure();
  answer(200, "junk");
  EXPECT_EQ(told_.back().second.error().message, "it comes with an OCSP response that cannot be read");
}

TEST_F(StaplerScene, SaysWhatTheResponderAnswered) {
  configure();
  answer(503, "later");
  EXPECT_EQ(told_.back().second.error().message, "it answered 503");
}

TEST_F(StaplerScene, DoesNotAskWhileTheOneAtHandIsFresh) {
  configure(loop_.wall() + 24 * kHour);
  loop_.turn();
  loop_.turn();
  EXPECT_TRUE(places_.empty());
}

TEST_F(StaplerScene, AConfigurationThatIsReadAgainAsksNothingAgain) {
  configure();
  answer(200, fresh());
  configure();
  loop_.turn();
  EXPECT_EQ(places_.size(), 1U);
  stapler_.configure({});
}

}  // namespace
}  // namespace postern::link
