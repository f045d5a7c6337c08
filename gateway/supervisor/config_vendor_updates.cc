// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission_control.updates: by which root the vendor's updates are believed, and how much of them is kept.
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

constexpr std::int64_t kLeastUpdateBytes = 1 << 20, kMostUpdateBytes = std::int64_t{1} << 40U;

}  // namespace

void read_vendor_updates(ConfigReader& read, const base::YamlNode& mission_control, MissionControl& out) {
  const base::YamlNode* node = read.map(mission_control, "updates", "mission_control.updates");
  if (node == nullptr) return;
  MissionControl::Updates& updates = out.updates.emplace();
  updates.mark = node->mark;
  read.required_file(*node, "mission_control.updates", "root",
                     "the first root, 1.root.json, which the vendor gives you by hand", updates.root);
  read.size(*node, "keep", kLeastUpdateBytes, kMostUpdateBytes, updates.keep);
  read_update_windows(read, *node, updates);
}

}  // namespace postern::supervisor
