// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any text as YAML: nodes or faults, never both, all of them at a place in the file and no deeper than the limit.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/yaml.h"

using namespace postern::base;

static void walk(const YamlNode& node, int depth) {
  POSTERN_CHECK(depth <= kYamlDepthLimit);
  POSTERN_CHECK(node.is_list() || node.items.empty());
  POSTERN_CHECK(node.is_map() || node.entries.empty());
  for (const YamlNode& item : node.items) walk(item, depth + 1);
  for (const YamlNode::Entry& entry : node.entries) {
    POSTERN_CHECK(node.find(entry.key) == &entry.value && entry.mark.line > 0);
    walk(entry.value, depth + 1);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const YamlDocument document = parse_yaml({reinterpret_cast<const char*>(data), size});
  for (const Fault& fault : document.faults) POSTERN_CHECK(!fault.message.empty());
  if (document.faults.empty()) walk(document.root, 0);
  POSTERN_CHECK(format_faults("f", document.faults).empty() == document.faults.empty());
  return 0;
}
