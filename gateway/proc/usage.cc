// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/usage.h"

#include <unistd.h>

#include <charconv>
#include <string>

#include "base/file.h"

namespace postern::proc {
namespace {

constexpr std::size_t kStatLimit = 4096;
// Fields are numbered as in proc(5); the third is the first behind the program's name.
constexpr int kThird = 3, kUserTicks = 14, kSystemTicks = 15, kResidentPages = 24;

}  // namespace

std::optional<Usage> parse_stat(std::string_view text, long ticks_per_second, long page_size) {
  // The name stands in brackets and may hold any of them, and spaces.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos || ticks_per_second <= 0) return std::nullopt;
  text.remove_prefix(name_end + 1);
  std::uint64_t ticks = 0, pages = 0;
  for (int field = kThird; field <= kResidentPages; ++field) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    if (field != kUserTicks && field != kSystemTicks && field != kResidentPages) continue;
    std::uint64_t number = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
    if (read.ec != std::errc() || read.ptr != word.data() + word.size()) return std::nullopt;
    (field == kResidentPages ? pages : ticks) += number;
  }
  Usage out;
  out.cpu =
      static_cast<base::Micros>(ticks * base::kWallSecond / static_cast<std::uint64_t>(ticks_per_second));
  out.resident = pages * static_cast<std::uint64_t>(page_size);
  return out;
}

std::optional<Usage> usage_of(pid_t pid) {
  const auto text = base::read_file("/proc/" + std::to_string(pid) + "/stat", kStatLimit);
  if (!text.ok()) return std::nullopt;
  return parse_stat(*text, ::sysconf(_SC_CLK_TCK), ::sysconf(_SC_PAGESIZE));
}

}  // namespace postern::proc
