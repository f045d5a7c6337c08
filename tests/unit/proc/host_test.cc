// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/host.h"

#include <gtest/gtest.h>

namespace postern::proc {
namespace {

TEST(Host, TicksOfAllCoresAreBusyUnlessTheyRestOrWait) {
  const auto ticks = parse_cpu_ticks("cpu  10 2 5 100 20 1 2 3 4 4\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->busy, 10U + 2 + 5 + 1 + 2 + 3);
  EXPECT_EQ(ticks->total, ticks->busy + 120U);
}

TEST(Host, MemoryIsWhatTheKernelCallsAvailable) {
  const auto memory = parse_memory("MemTotal:       16384 kB\nMemFree:  1 kB\nMemAvailable:    4096 kB\n");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->total, 16384U << 10U);
  EXPECT_EQ(memory->available, 4096U << 10U);
}

TEST(Host, WhatIsNotSuchAFileIsNothing) {
  for (const char* text : {"", "cpu", "cpu  1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu  a"})
    EXPECT_FALSE(parse_cpu_ticks(text)) << text;
  for (const char* text : {"", "MemTotal: 1 kB", "MemTotal: x kB\nMemAvailable: 1 kB"})
    EXPECT_FALSE(parse_memory(text)) << text;
  EXPECT_FALSE(disk_space("/nothing/is/here"));
}

TEST(Host, AFullDiskIsWhatDfCallsFull) {
  EXPECT_DOUBLE_EQ((DiskSpace{100, 45, 45}.used_percent()), 50);  // a tenth is for root alone
  EXPECT_DOUBLE_EQ((DiskSpace{100, 90, 0}.used_percent()), 100);
  EXPECT_DOUBLE_EQ((DiskSpace{0, 0, 0}.used_percent()), 0);
}

TEST(Host, OfThisMachineIsMoreThanNothing) {
  const HostUsage host = host_usage();
  EXPECT_GT(host.cores, 0);
  EXPECT_GT(host.cpu.total, host.cpu.busy);
  EXPECT_GT(host.memory.total, host.memory.available);
  EXPECT_GT(host.uptime, 0);
  ASSERT_TRUE(disk_space("/"));
}

}  // namespace
}  // namespace postern::proc
