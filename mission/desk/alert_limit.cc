// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/alert_limit.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace postern::mission {
namespace {

constexpr std::size_t kNamed = 3;  // of the others, in the words of the one that stands for them

using Rule = std::pair<std::string, std::string>;  // of an installation
struct Group {
  std::vector<Finding> told, noticed;
  std::set<std::string> places;  // subjects of what is open, the oldest kMostAlerts of them
};

Finding collective(const std::vector<Finding>& others) {
  Finding out = others.front();
  out.subject = kOtherAlerts;
  out.what = std::to_string(others.size()) + " more: ";
  for (std::size_t i = 0; i < std::min(others.size(), kNamed); ++i)
    out.what += (i == 0 ? "" : ", ") + others[i].subject;
  if (others.size() > kNamed) out.what += ", ...";
  for (const Finding& one : others) {
    out.severe |= one.severe;
    out.hold = std::min(out.hold, one.hold);
  }
  out.since = 0;
  return out;
}

void add_group(Group& group, std::vector<Finding>& out) {
  std::move(group.noticed.begin(), group.noticed.end(), std::back_inserter(out));
  const auto has_place = [&](const Finding& one) { return group.places.contains(one.subject); };
  std::sort(group.told.begin(), group.told.end(), [&](const Finding& a, const Finding& b) {
    return std::tuple(!has_place(a), !a.severe, a.subject) < std::tuple(!has_place(b), !b.severe, b.subject);
  });
  const auto held = static_cast<std::size_t>(std::count_if(group.told.begin(), group.told.end(), has_place));
  const std::size_t own = std::min(group.told.size(), held + kMostAlerts - group.places.size());
  const auto others = group.told.begin() + static_cast<std::ptrdiff_t>(own);
  std::vector<Finding> more(std::make_move_iterator(others), std::make_move_iterator(group.told.end()));
  group.told.erase(others, group.told.end());
  std::move(group.told.begin(), group.told.end(), std::back_inserter(out));
  if (!more.empty()) out.push_back(collective(more));
}

}  // namespace

std::vector<Finding> within_limit(std::vector<Finding> found, const std::vector<Alert>& open) {
  std::map<Rule, Group> groups;
  std::set<std::tuple<std::string, std::string, std::string>> noticed;
  for (Finding& one : found) {
    Group& group = groups[{one.installation, one.rule}];
    if (one.noticed) noticed.emplace(one.installation, one.rule, one.subject);
    (one.noticed ? group.noticed : group.told).push_back(std::move(one));
  }
  for (const Alert& alert : open) {
    const auto group = groups.find({alert.installation, alert.rule});
    if (group == groups.end() || alert.subject == kOtherAlerts) continue;
    if (noticed.contains({alert.installation, alert.rule, alert.subject})) continue;
    if (group->second.places.size() < kMostAlerts) group->second.places.insert(alert.subject);
  }
  std::vector<Finding> out;
  for (auto& [rule, group] : groups) add_group(group, out);
  return out;
}

}  // namespace postern::mission
