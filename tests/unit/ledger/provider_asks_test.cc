// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/provider_asks.h"

#include <gmock/gmock.h>

#include "base/crypto.h"

namespace postern::ledger {
namespace {

using base::Json;
using ::testing::ElementsAre;

struct HandTurned : base::Clock {
  base::Nanos mono = base::kSecond;
  base::Nanos monotonic() const override { return mono; }
  base::Micros wall() const override { return 0; }
};

class ProviderAsked : public ::testing::Test {
 protected:
  ProviderAsked() { EXPECT_TRUE(base::init_crypto().ok()); }
  void ask() {
    asks.ask({{"do", "begin"}},
             [this](const Json& answer) { statuses.push_back(answer.value("status", 0)); });
  }
  void pass(base::Nanos time) { clock.mono += time; }
  HandTurned clock;
  bool link = true;
  std::vector<std::uint64_t> errands;
  ProviderAsks asks{clock, [this](const ipc::Errand& errand) {
                      if (link) errands.push_back(errand.id);
                      return link;
                    }};
  std::vector<int> statuses;
};

TEST_F(ProviderAsked, AnswersEachOnceWithWhatTheLinkBrings) {
  ask();
  ask();
  EXPECT_TRUE(asks.take({errands[1], 403, "the token has expired"}));
  EXPECT_TRUE(asks.take({errands[0], 200, R"({"location":"https://x"})"}));
  EXPECT_TRUE(asks.take({errands[0], 200, "{}"})) << "late, and of no effect";
  EXPECT_THAT(statuses, ElementsAre(403, 200));
}

TEST_F(ProviderAsked, TakesNothingThatWasNotAsked) {
  ask();
  EXPECT_FALSE(asks.take({ProviderAsks::kFirstErrand, 200, "{}"}));
  EXPECT_FALSE(asks.take({errands[0] + 1, 200, "{}"}));
  EXPECT_FALSE(asks.take({errands[0], 200, "no JSON"}));
  EXPECT_TRUE(statuses.empty());
}

TEST_F(ProviderAsked, AnswersWhenTheLinkIsGoneOrSilent) {
  link = false;
  ask();
  link = true;
  ask();
  asks.link_gone();
  ask();
  pass(ProviderAsks::kPatience - 1);
  asks.look();
  EXPECT_THAT(statuses, ElementsAre(502, 502));
  pass(1);
  asks.look();
  EXPECT_THAT(statuses, ElementsAre(502, 502, 502));
}

TEST_F(ProviderAsked, IsBounded) {
  for (std::size_t i = 0; i < ProviderAsks::kMostAsked; ++i) ask();
  EXPECT_TRUE(statuses.empty());
  ask();
  EXPECT_THAT(statuses, ElementsAre(502));
}

TEST_F(ProviderAsked, LetsASignInBeUsedOnce) {
  EXPECT_TRUE(asks.first_use("one"));
  EXPECT_FALSE(asks.first_use("one"));
  EXPECT_TRUE(asks.first_use("two"));
  for (std::size_t i = 2; i < ProviderAsks::kMostRemembered; ++i) asks.first_use(std::to_string(i));
  EXPECT_FALSE(asks.first_use("one more")) << "what cannot be remembered is not let in";
  EXPECT_FALSE(asks.first_use("one"));
  pass(ProviderAsks::kRemembered);
  EXPECT_TRUE(asks.first_use("one more"));
}

}  // namespace
}  // namespace postern::ledger
