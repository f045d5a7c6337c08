// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/said.h"

#include <array>
#include <cstdio>

namespace postern::cli {

base::Json items_of(const base::Json& answer) {
  const auto items = answer.is_object() ? answer.find("items") : answer.end();
  return answer.is_object() && items != answer.end() ? *items : base::Json::array();
}

std::string said_of_cut(const base::Json& answer) {
  const base::Json cut = answer.value("cut", base::Json::object());
  const long long sessions = base::json_number_or(cut, "sessions", 0);
  const long long exchanges = base::json_number_or(cut, "exchanges", 0);
  if (sessions == 0 && exchanges == 0) return {};
  std::array<char, 160> text{};
  const double slowest = static_cast<double>(base::json_number_or(cut, "slowest_us", 0)) / 1000.0;
  std::snprintf(text.data(), text.size(), "Cut: %lld sessions, %lld exchanges; the slowest after %.1f ms.\n",
                sessions, exchanges, slowest);
  return text.data();
}

}  // namespace postern::cli
