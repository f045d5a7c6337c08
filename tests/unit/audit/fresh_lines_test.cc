// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/fresh_lines.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/unit/audit/sample.h"

namespace postern::audit {
namespace {

std::string numbered_line(std::uint64_t index) {
  return sample(EventType::ExchangeCompleted, index, sample_id(index / 10), R"({"response_bytes":7})");
}

TEST(FreshLines, ShowsWhatWasAddedWithWhatTheScannerFindsInIt) {
  FreshLines fresh(FreshLines::kChunk);
  for (std::uint64_t i = 40; i < 50; ++i) {
    const std::string line = numbered_line(i);
    const auto read = read_event_head(line);
    ASSERT_TRUE(read.ok());
    fresh.add(i, line, i % 2 == 0 ? nullptr : &*read);
  }
  std::uint64_t index = 43;
  const std::size_t shown = fresh.look_at(43, 5, [&](std::string_view line, const EventFields* event) {
    EXPECT_EQ(line, numbered_line(index));
    const auto expected = read_event_head(line);
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(event->time, expected->time);
    EXPECT_EQ(event->type, expected->type);
    EXPECT_EQ(event->severity, expected->severity);
    EXPECT_EQ(event->session, expected->session);
    EXPECT_EQ(event->actor, expected->actor);
    EXPECT_EQ(event->detail, expected->detail);
    ++index;
  });
  EXPECT_EQ(shown, 5U);
  EXPECT_EQ(fresh.look_at(47, 100, [](auto...) {}), 3U);
  EXPECT_EQ(fresh.look_at(50, 100, [](auto...) { FAIL(); }), 0U);
  EXPECT_EQ(fresh.look_at(39, 100, [](auto...) { FAIL(); }), 0U);
}

TEST(FreshLines, SaysOfALineThatItIsNoEvent) {
  FreshLines fresh(FreshLines::kChunk);
  fresh.add(0, "{}", nullptr);
  EXPECT_EQ(fresh.look_at(0, 1,
                          [](std::string_view line, const EventFields* event) {
                            EXPECT_EQ(line, "{}");
                            EXPECT_EQ(event, nullptr);
                          }),
            1U);
}

TEST(FreshLines, ForgetsTheOldestWhenThereIsTooMuch) {
  FreshLines fresh(2 * FreshLines::kChunk);
  const std::string longest = "{" + std::string(kEventLimit - 1, ' ');
  for (std::uint64_t i = 0; i < 100; ++i) fresh.add(i, longest, nullptr);
  EXPECT_EQ(fresh.look_at(0, 100, [](auto...) { FAIL(); }), 0U);
  EXPECT_EQ(fresh.look_at(96, 100, [&](std::string_view line, auto) { EXPECT_EQ(line, longest); }), 4U);
}

TEST(FreshLines, ForgetsWhatNobodyWillAskFor) {
  FreshLines fresh(4 * FreshLines::kChunk);
  const std::string long_line = "{" + std::string(kEventLimit / 2, ' ');
  for (std::uint64_t i = 0; i < 20; ++i) fresh.add(i, long_line, nullptr);
  fresh.forget_before(9);
  EXPECT_EQ(fresh.look_at(6, 20, [](auto...) { FAIL(); }), 0U);
  EXPECT_EQ(fresh.look_at(9, 20, [](auto...) {}), 11U);
  fresh.forget_before(20);
  EXPECT_EQ(fresh.look_at(19, 20, [](auto...) { FAIL(); }), 0U);
  fresh.add(20, long_line, nullptr);
  EXPECT_EQ(fresh.look_at(20, 20, [](auto...) {}), 1U);
}

TEST(FreshLines, BeginsAnewBehindAGap) {
  FreshLines fresh(FreshLines::kChunk);
  fresh.add(0, "{}", nullptr);
  fresh.add(2, "{}", nullptr);
  EXPECT_EQ(fresh.look_at(0, 3, [](auto...) { FAIL(); }), 0U);
  EXPECT_EQ(fresh.look_at(2, 3, [](auto...) {}), 1U);
}

TEST(FreshLines, IsReadByOthersWhileItGrows) {
  FreshLines fresh(3 * FreshLines::kChunk);
  constexpr std::uint64_t kEvents = 20'000;
  std::atomic<std::uint64_t> added = 0;
  std::thread reader([&] {
    std::uint64_t index = 0;
    while (index < kEvents) {
      const std::uint64_t upto = added;
      if (index == upto) continue;
      const std::size_t shown =
          fresh.look_at(index, upto - index, [&](std::string_view line, const EventFields* event) {
            ASSERT_NE(event, nullptr);
            ASSERT_EQ(line, numbered_line(index++));
          });
      if (shown == 0) index = upto;  // it has overtaken us
    }
  });
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    fresh.add(i, numbered_line(i), nullptr);
    added = i + 1;
  }
  reader.join();
}

}  // namespace
}  // namespace postern::audit
