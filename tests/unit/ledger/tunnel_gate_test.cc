// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/tunnel_gate.h"

#include <gtest/gtest.h>

#include <vector>

namespace postern::ledger {
namespace {

constexpr base::Micros kGateNoon = 1'790'000'000 * base::kWallSecond;

class TunnelGateTest : public ::testing::Test {
 protected:
  void change(const char* what, const char* name, const char* setting, const char* until = "") {
    base::Json detail{{"what", what}, {"name", name}, {"new", setting}};
    if (*until != '\0') detail["until"] = until;
    state.apply({{"type", "permission.changed"},
                 {"time", base::format_time(kGateNoon)},
                 {"actor", "admin:root"},
                 {"detail", detail}});
  }
  void look(base::Micros now = kGateNoon) { gate.look(state, now); }

  state::State state;
  bool there = true;
  std::vector<std::string> told;
  std::vector<std::uint64_t> errands;
  std::vector<audit::EventType> recorded;
  std::string last;
  TunnelGate gate{{[this](const ipc::Errand& errand) {
                     if (!there) return false;
                     EXPECT_EQ(errand.place, "tunnel");
                     told.emplace_back(errand.body);
                     errands.push_back(errand.id);
                     return true;
                   },
                   [this](const Draft& draft) {
                     recorded.push_back(draft.type);
                     last = draft.detail;
                   }}};
};

TEST_F(TunnelGateTest, IsOpenWhenAllFourSaySoAndTheLinkHearsItFirst) {
  look();
  EXPECT_TRUE(told.empty()) << "the configuration has none";
  gate.configure({true, {}, true});
  change("remote_access", "", "read-only");
  look();
  EXPECT_TRUE(recorded.empty()) << "nobody has switched it on";
  change("sharing", "tunnel", "on");
  look();
  look();
  EXPECT_EQ(told, (std::vector<std::string>{"closed", "open"}));
  EXPECT_EQ(recorded, std::vector<audit::EventType>{audit::EventType::TunnelOpened});
}

TEST_F(TunnelGateTest, ClosesWithEachOfThemAndSaysWhy) {
  gate.configure({true, {}, true});
  change("remote_access", "", "all", base::format_time(kGateNoon + base::kWallSecond).c_str());
  change("sharing", "tunnel", "on");
  look();
  ASSERT_EQ(told.back(), "open");
  look(kGateNoon + 2 * base::kWallSecond);
  EXPECT_EQ(told.back(), "closed") << "its end has passed";
  EXPECT_NE(last.find("remote access is off"), std::string::npos);
  change("remote_access", "", "all");
  look();
  change("sharing", "tunnel", "off");
  look();
  EXPECT_EQ(told.back(), "closed");
  EXPECT_NE(last.find("an admin switched it off"), std::string::npos);
  change("sharing", "tunnel", "on");
  look();
  gate.configure({true, {}, false});
  look();
  EXPECT_EQ(told.back(), "closed");
  EXPECT_EQ(recorded.size(), 6U);
}

TEST_F(TunnelGateTest, TellsALinkThatComesAnewAndKnowsItsOwnErrands) {
  gate.configure({true, {}, true});
  there = false;
  look();
  EXPECT_TRUE(told.empty());
  there = true;
  look();
  gate.link_gone();
  look();
  EXPECT_EQ(told, (std::vector<std::string>{"closed", "closed"}));
  EXPECT_TRUE(gate.take({errands.back(), 200, {}}));
  EXPECT_FALSE(gate.take({errands.back() + 1, 200, {}}));
}

}  // namespace
}  // namespace postern::ledger
