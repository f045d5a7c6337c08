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

std::string comparison_lines(const base::Json& waiting) {
  constexpr std::size_t kMostDocument = 100'000;  // characters; the gateway keeps 24 KiB
  const auto before = waiting.find("before");
  if (before == waiting.end()) return {};
  std::string out = "\nWhat it would change, as it was at " +
                    base::printable(base::json_text_or(*before, "time", "")) + "\n" +
                    change_lines(*before, "would be");
  if (before->contains("document"))
    out += "  > " + base::printable(base::dump_json((*before)["document"]), kMostDocument) + "\n";
  return out;
}

}  // namespace postern::cli
