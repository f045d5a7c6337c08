// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
// One write(2) per line, so that lines of several processes do not mix. This is the whole need: a logging
// library would bring threads, sinks and formats that a confined process must then be allowed to use.
#include "base/log.h"

#include <unistd.h>

#include <array>
#include <string>

#include "base/clock.h"

namespace postern::base {
namespace {

struct Settings {
  std::string name = "postern";
  Level lowest = Level::Info;
};

// The one mutable global: standard error is global too.
Settings& settings() {
  static Settings instance;
  return instance;
}

constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warning", "error"};

}  // namespace

void set_log_name(std::string_view role) { settings().name = role; }
void set_log_level(Level lowest) { settings().lowest = lowest; }

void log(Level level, std::string_view message) {
  if (level < settings().lowest) return;
  std::string line = format_time(SystemClock().wall());
  line += ' ';
  line += kNames[static_cast<std::size_t>(level)];
  line += ' ';
  line += settings().name;
  line += ": ";
  line += message;
  line += '\n';
  // Nobody can be told if standard error is gone.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace postern::base
