// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How this machine is, as its kernel counts: /proc/stat, /proc/meminfo, /proc/loadavg, /proc/uptime (proc(5)), and file systems.
// Numbers only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proc {

struct CpuTicks {
  std::uint64_t busy = 0, total = 0;  // of all cores, since the machine started
};
struct HostMemory {
  std::uint64_t total = 0, available = 0;  // bytes
};
struct DiskSpace {
  std::uint64_t size = 0, used = 0, available = 0;  // bytes; available: to whoever is not root
  // As df(1) says it: of what is used and what may be.
  double used_percent() const;
};
struct HostUsage {
  int cores = 0;
  CpuTicks cpu;
  HostMemory memory;
  double load = 0;          // of the last minute
  std::int64_t uptime = 0;  // seconds
};

// Nothing: the text is not of that file.
std::optional<CpuTicks> parse_cpu_ticks(std::string_view stat);
std::optional<HostMemory> parse_memory(std::string_view meminfo);

// What cannot be read is 0.
HostUsage host_usage();
std::optional<DiskSpace> disk_space(const std::string& folder);

}  // namespace postern::proc
