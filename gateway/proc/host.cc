// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/host.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <charconv>

#include "base/file.h"

namespace postern::proc {
namespace {

constexpr std::size_t kProcText = 256U << 10U;  // /proc/stat grows with cores and interrupts
constexpr int kCpuFields = 8;  // user nice system idle iowait irq softirq steal; guests are in user
constexpr int kIdle = 3, kWaiting = 4;

std::string proc_text(const char* name) {
  const auto text = base::read_file(std::string("/proc/") + name, kProcText);
  return text.ok() ? *text : std::string();
}

template <typename Number>
bool take_number(std::string_view& text, Number& out) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<std::uint64_t> kilobytes_of(std::string_view meminfo, std::string_view name) {
  const std::size_t at = meminfo.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = meminfo.substr(at + name.size());
  std::uint64_t out = 0;
  return take_number(rest, out) ? std::optional(out) : std::nullopt;
}

}  // namespace

double DiskSpace::used_percent() const {
  const auto reachable = static_cast<double>(used) + static_cast<double>(available);
  return reachable > 0 ? 100.0 * static_cast<double>(used) / reachable : 0;
}

std::optional<CpuTicks> parse_cpu_ticks(std::string_view stat) {
  if (!stat.starts_with("cpu ")) return std::nullopt;
  stat.remove_prefix(4);
  CpuTicks out;
  for (int field = 0; field < kCpuFields; ++field) {
    std::uint64_t ticks = 0;
    if (!take_number(stat, ticks)) return std::nullopt;
    out.total += ticks;
    if (field != kIdle && field != kWaiting) out.busy += ticks;
  }
  return out;
}

std::optional<HostMemory> parse_memory(std::string_view meminfo) {
  const auto total = kilobytes_of(meminfo, "MemTotal:");
  const auto available = kilobytes_of(meminfo, "MemAvailable:");
  if (!total || !available) return std::nullopt;
  return HostMemory{*total << 10U, *available << 10U};
}

HostUsage host_usage() {
  HostUsage out;
  const long cores = ::sysconf(_SC_NPROCESSORS_ONLN);
  out.cores = cores > 0 ? static_cast<int>(cores) : 0;
  if (const auto cpu = parse_cpu_ticks(proc_text("stat"))) out.cpu = *cpu;
  if (const auto memory = parse_memory(proc_text("meminfo"))) out.memory = *memory;
  const std::string load = proc_text("loadavg"), uptime = proc_text("uptime");
  std::string_view load_text = load, uptime_text = uptime;
  static_cast<void>(take_number(load_text, out.load));
  static_cast<void>(take_number(uptime_text, out.uptime));
  return out;
}

std::optional<DiskSpace> disk_space(const std::string& folder) {
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) != 0 || space.f_blocks == 0) return std::nullopt;
  const std::uint64_t block = space.f_frsize;
  return DiskSpace{space.f_blocks * block, (space.f_blocks - space.f_bfree) * block, space.f_bavail * block};
}

}  // namespace postern::proc
