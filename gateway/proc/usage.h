// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a process costs, as the kernel counts it (/proc/PID/stat, proc(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace postern::proc {

struct Usage {
  base::Micros cpu = 0;        // user and system, of all its threads, since it began
  std::uint64_t resident = 0;  // bytes of memory; shared pages are counted in each process
};

// Nothing: there is no such process, or no /proc.
std::optional<Usage> usage_of(pid_t pid);
// From the file's text. Nothing: it is not one.
std::optional<Usage> parse_stat(std::string_view text, long ticks_per_second, long page_size);

}  // namespace postern::proc
