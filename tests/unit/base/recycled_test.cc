// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/recycled.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace postern::base {
namespace {

struct alignas(64) Strict : Recycled<Strict> {
  char bytes[100] = {};
};
struct Parent {
  virtual ~Parent() = default;
};
struct Child final : Parent, Recycled<Child> {
  std::uint64_t number = 7;
};

TEST(Recycled, GivesEachItsOwnMemoryAlignedAsItWantsIt) {
  std::vector<std::unique_ptr<Strict>> all;
  std::set<Strict*> places;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i) {
      all.push_back(std::make_unique<Strict>());
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.back().get()) % 64, 0U);
      EXPECT_EQ(all.back()->bytes[0], 0);
      all.back()->bytes[0] = 1;
      places.insert(all.back().get());
    }
    EXPECT_GE(places.size(), 300U);
    places.clear();
    all.clear();
  }
}

TEST(Recycled, WorksThroughAParentAndOnAnyThread) {
  std::unique_ptr<Parent> parent = std::make_unique<Child>();
  std::thread([moved = std::move(parent)]() mutable { moved.reset(); }).join();
  const auto child = std::make_unique<Child>();
  EXPECT_EQ(child->number, 7U);
}

}  // namespace
}  // namespace postern::base
