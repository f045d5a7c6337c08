// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// requests of postern.yaml: how long requests wait and grants hold, and what a request must say.
#include <algorithm>

#include "base/bytes.h"
#include "gateway/supervisor/config_reader.h"
#include "policy/constraint.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr base::Micros kYear = 365 * 24 * kHour;
constexpr std::size_t kMostReasons = 50;
constexpr std::size_t kLongestChoice = 200;  // bytes of a reason or of the hint

// What people read on one line.
bool is_line(std::string_view text) {
  return text.size() <= kLongestChoice && base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

void read_reasons(ConfigReader& read, const YamlNode& node, Requests& out) {
  const YamlNode* list = read.list(node, "reasons", "requests.reasons");
  if (list == nullptr) return;
  for (const YamlNode& item : list->items) {
    if (!read.is_text(item, "a reason")) continue;
    if (!is_line(item.scalar))
      read.fault(item.mark, "a reason must be one line of at most 200 bytes");
    else if (std::find(out.reasons.begin(), out.reasons.end(), item.scalar) != out.reasons.end())
      read.fault(item.mark, "the reason " + in_quotes(item.scalar) + " stands here twice: keep one");
    out.reasons.push_back(item.scalar);
  }
  if (out.reasons.size() > kMostReasons)
    read.fault(list->mark, "requests.reasons must hold at most " + std::to_string(kMostReasons) + " reasons");
}

void read_ticket(ConfigReader& read, const YamlNode& parent, TicketRule& out) {
  const YamlNode* node = read.map(parent, "ticket", "requests.ticket");
  if (node == nullptr) return;
  if (const YamlNode* pattern = read.text(*node, "pattern"); pattern != nullptr) {
    std::string why;
    out.pattern = pattern->scalar;
    if (policy::Pattern::make(out.pattern, why) == nullptr)
      read.fault(pattern->mark,
                 "pattern must be a regular expression in RE2 syntax, such as [A-Z]+-[0-9]+: " + why);
  }
  if (const YamlNode* hint = read.text(*node, "hint"); hint != nullptr) {
    out.hint = hint->scalar;
    if (!is_line(out.hint)) read.fault(hint->mark, "hint must be one line of at most 200 bytes");
  }
  if (const YamlNode* required = read.text(*node, "required"); required != nullptr) {
    out.required = required->scalar == "true";
    if (required->quoted || (!out.required && required->scalar != "false"))
      read.fault(required->mark, "required must be true or false");
  }
}

}  // namespace

void read_requests(ConfigReader& read, const YamlNode& root, Config& config) {
  const YamlNode* node = read.map(root, "requests", "requests");
  if (node == nullptr) return;
  Requests& out = config.requests;
  read.duration(*node, "expire", kMinute, kYear, out.expire);
  read.duration(*node, "default_grant", kMinute, kYear, out.default_grant);
  read.duration(*node, "longest_grant", kMinute, kYear, out.longest_grant);
  if (out.default_grant > out.longest_grant) {
    read.fault(node->mark, "requests.default_grant (" + base::format_duration(out.default_grant) +
                               ") must not be longer than requests.longest_grant (" +
                               base::format_duration(out.longest_grant) + ")");
  }
  read_reasons(read, *node, out);
  read_ticket(read, *node, out.ticket);
}

}  // namespace postern::supervisor
