// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/change_lines.h"

#include "base/bytes.h"

namespace postern::cli {

std::string change_lines(const base::Json& change, const char* now) {
  constexpr std::size_t kMostValue = 200;
  std::string out;
  for (const base::Json& one : change.value("patch", base::Json::array())) {
    out += "    " + base::json_text_or(one, "op", "") + " " +
           base::printable(base::json_text_or(one, "path", ""));
    if (one.contains("old")) out += "  was " + base::printable(base::dump_json(one["old"]), kMostValue);
    if (one.contains("value"))
      out += "  " + std::string(now) + " " + base::printable(base::dump_json(one["value"]), kMostValue);
    out += "\n";
  }
  if (change.contains("why")) out += "    " + base::printable(base::json_text_or(change, "why", "")) + "\n";
  return out;
}

}  // namespace postern::cli
