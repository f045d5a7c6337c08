// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One item of a capability's operations: "GET /path", or a map with call and what it demands. Part of
// parse_policy().
#pragma once

#include <map>
#include <memory>
#include <string>

#include "policy/policy.h"
#include "policy/reader.h"

namespace postern::policy {

inline constexpr std::size_t kTitleLength = 200;  // bytes

// "METHOD /template" in a scalar. The word before the path is returned; the path is parsed into path.
std::string_view split_call(Reader& reader, const base::YamlNode& node, Template& path);

class OperationParser {
 public:
  explicit OperationParser(Reader& reader) : reader_(reader) {}
  Operation parse(const base::YamlNode& node, Class klass);
  // hold, where it stands, must be in a capability that writes.
  void check_hold(const base::YamlNode& map, Class klass);

 private:
  void take_before(const base::YamlNode& node, Class klass, Operation& operation);
  void take_call(const base::YamlNode& node, Operation& operation);
  void check_class(const Operation& operation, Class klass);
  void take_parameters(const base::YamlNode& node, Operation& operation);
  void take_websocket(const base::YamlNode& node, const base::YamlNode& map, Operation& operation);
  void take_subprotocols(const base::YamlNode& node, WebSocketRule& rule);
  void take_response(const base::YamlNode& node, const base::YamlNode& map, Operation& operation);
  Lasting lasting(const base::YamlNode& map);
  base::Micros duration(const base::YamlNode& map, std::string_view key);
  void take_path_rules(const base::YamlNode& map, Operation& operation);
  void take_query_rules(const base::YamlNode& map, Constraints& constraints);
  ValueRule value_rule(const std::string& name, const base::YamlNode& node, bool query);
  void take_choices(const base::YamlNode& node, ValueRule& rule);
  void take_pattern(const base::YamlNode& node, ValueRule& rule);
  void take_body(const base::YamlNode& node, Constraints& constraints);
  void take_content_types(const base::YamlNode& node, Constraints& constraints);

  Reader& reader_;
  std::map<std::string, std::shared_ptr<const Pattern>> patterns_;  // each expression is compiled once
};

}  // namespace postern::policy
