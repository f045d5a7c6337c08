// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/slice.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "gateway/proc/spawn.h"

namespace postern::proc {
namespace {

// In a copy, which keeps what it was given.
TEST(Slice, IsAsShortAsItWasAskedForAndNothingElseChanges) {
  if (slice_of(0) == 0) GTEST_SKIP() << "this kernel has no slices to ask for";
  const auto said = ask_copy([] {
    if (::setpriority(PRIO_PROCESS, 0, 3) != 0) return std::string("no nice value");
    if (!ask_for_slice(kShortSlice)) return std::string("it would not hear of it");
    return std::to_string(slice_of(0)) + ", nice " + std::to_string(::getpriority(PRIO_PROCESS, 0));
  });
  ASSERT_TRUE(said.ok()) << said.error().message;
  EXPECT_EQ(*said, std::to_string(kShortSlice) + ", nice 3");
}

TEST(Slice, OfAnImpossibleLengthIsTheNearestThatIsPossible) {
  if (slice_of(0) == 0) GTEST_SKIP() << "this kernel has no slices to ask for";
  const auto said =
      ask_copy([] { return !ask_for_slice(1) ? std::string("refused") : std::to_string(slice_of(0)); });
  ASSERT_TRUE(said.ok()) << said.error().message;
  EXPECT_EQ(*said, std::to_string(base::kMillisecond / 10));
}

}  // namespace
}  // namespace postern::proc
