// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/live.h"

#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

class LiveTest : public Rig {
 protected:
  static std::string drain(Source& source) {
    std::string out;
    while (source.read(out, 1 << 20U) == Source::State::More) {
    }
    return out;
  }
};

TEST_F(LiveTest, TellsEachClientThatTheStateChangedOnce) {
  const auto one = live.open([] { return true; });
  const auto two = live.open([] { return true; });
  for (std::uint64_t version = 1; version <= 100; ++version) live.state_changed(version);
  std::string told;
  ASSERT_TRUE(turn_until([&] {
    told += drain(*one);
    return told.find("event: state") != std::string::npos;
  }));
  EXPECT_NE(told.find("data: {\"version\":100}"), std::string::npos);
  EXPECT_EQ(told.find("event: state"), told.rfind("event: state"));
  EXPECT_NE(drain(*two).find("event: state"), std::string::npos);
}

TEST_F(LiveTest, EndsTheStreamOfWhoMayNoLongerSeeIt) {
  bool allowed = true;
  const auto stream = live.open([&] { return allowed; });
  drain(*stream);
  std::string out;
  EXPECT_EQ(stream->read(out, 100), Source::State::Waiting);
  allowed = false;
  live.state_changed(1);
  ASSERT_TRUE(turn_until([&] { return stream->read(out, 100) == Source::State::Done; }));
  EXPECT_EQ(out.find("event: state"), std::string::npos);
}

TEST_F(LiveTest, BoundsClientsAndForgetsThoseThatLeave) {
  std::vector<std::unique_ptr<Source>> streams;
  while (!live.full()) streams.push_back(live.open([] { return true; }));
  EXPECT_EQ(streams.size(), face::Audience::kMost);
  streams.pop_back();
  EXPECT_FALSE(live.full());
}

}  // namespace
}  // namespace postern::console
