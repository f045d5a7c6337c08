// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/figures.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>

namespace postern::ipc {
namespace {

TEST(Figures, AreReadByTheOneWhoMadeThePage) {
  count(Figure::Appends);  // for nobody: it must not stand in the page
  const auto page = *FiguresPage::make();
  ASSERT_TRUE(attach_figures(*page->share()).ok());
  EXPECT_EQ(page->read().values, RoleFigures().values);
  count(Figure::Appends);
  count(Figure::Appends, 41);
  level(Figure::Connections, 7);
  level(Figure::Connections, 3);
  time(Timing::Component, 50'000);
  time(Timing::Component, 51'000);
  time(Timing::Component, 61 * base::kSecond);
  time(Timing::Component, -1);
  const RoleFigures now = page->read();
  EXPECT_EQ(now.values[static_cast<std::size_t>(Figure::Appends)], 42U);
  EXPECT_EQ(now.values[static_cast<std::size_t>(Figure::Connections)], 3U);
  const TimingFigures& component = now.timings[static_cast<std::size_t>(Timing::Component)];
  EXPECT_EQ(component.counts[0], 2U) << "a bound belongs to its bucket; no time is less than none";
  EXPECT_EQ(component.counts[1], 1U);
  EXPECT_EQ(component.counts.back(), 1U);
  EXPECT_EQ(component.micros, 61'000'101U);
  const auto& other = now.timings[static_cast<std::size_t>(Timing::LogSync)].counts;
  EXPECT_EQ(std::accumulate(other.begin(), other.end(), std::uint64_t{0}), 0U);
}

TEST(Figures, TakeNoMemoryThatCouldShrink) {
  base::UniqueFd unsealed(::memfd_create("figures", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(unsealed.get(), 4096), 0);
  const base::Status refused = attach_figures(std::move(unsealed));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, base::Code::Invalid);
  EXPECT_FALSE(attach_figures(base::UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC))).ok());
}

}  // namespace
}  // namespace postern::ipc
