// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The published schema and the documentation know exactly the keys that the parser knows.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "gateway/supervisor/config.h"

namespace postern::supervisor {
namespace {

const base::Json& find_map(const base::Json& schema, std::string_view path) {
  const base::Json* at = &schema;
  while (!path.empty()) {
    std::string step(path.substr(0, path.find('.')));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    const bool list = step.ends_with("[]");
    if (list) step.resize(step.size() - 2);
    at = &at->at("properties").at(step);
    if (list) at = &at->at("items");
    if (at->contains("$ref")) at = &schema.at("$defs").at(at->at("$ref").get<std::string>().substr(8));
  }
  return *at;
}

TEST(Schema, HasTheKeysOfTheParserAndNoOthers) {
  const auto text = base::read_file(SOURCE_DIRECTORY "/gateway/supervisor/postern.schema.json", 1 << 20);
  ASSERT_TRUE(text.ok()) << text.error().message;
  const auto schema = base::parse_json(*text);
  ASSERT_TRUE(schema.ok()) << schema.error().message;
  for (const KeyTable& table : config_keys()) {
    const base::Json& map = find_map(*schema, table.map);
    std::set<std::string> known(table.keys.begin(), table.keys.end());
    std::set<std::string> published;
    for (const auto& [key, value] : map.at("properties").items()) published.insert(key);
    EXPECT_EQ(published, known) << table.map;
    EXPECT_EQ(map.at("additionalProperties"), false) << table.map;
  }
}

TEST(Documentation, NamesEveryKey) {
  const auto text = base::read_file(SOURCE_DIRECTORY "/docs/CONFIGURATION.md", 1 << 20);
  ASSERT_TRUE(text.ok()) << text.error().message;
  for (const KeyTable& table : config_keys()) {
    for (const std::string_view key : table.keys) {
      EXPECT_NE(text->find("`" + std::string(key) + "`"), std::string::npos) << table.map << ": " << key;
    }
  }
}

}  // namespace
}  // namespace postern::supervisor
