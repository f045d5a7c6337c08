// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one door to yaml-cpp: a document as nodes that know where they stand, so that every later complaint can
// name line and column. Strict beyond YAML: one document, no anchors or aliases (a short file must not unfold
// into a long one), no tags, no duplicate keys, plain scalar keys, bounded size and depth.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace postern::base {

struct Mark {
  int line = 0;    // from 1; 0 when unknown
  int column = 0;  // from 1
};

// One complaint about a file. Files are checked whole: a parser returns every fault it can find, not the
// first.
struct Fault {
  Mark mark;
  std::string message;  // what is wrong and what would be right
};

// "file:line:column: message", a line each, sorted by place.
std::string format_faults(std::string_view file, std::vector<Fault> faults);

class YamlNode {
 public:
  enum class Kind { Null, Scalar, List, Map };

  Kind kind = Kind::Null;
  Mark mark;
  std::string scalar;           // for Scalar
  bool quoted = false;          // a quoted "true" or "12" is text
  std::vector<YamlNode> items;  // for List
  struct Entry;
  std::vector<Entry> entries;  // for Map, in the file's order

  bool is_null() const { return kind == Kind::Null; }
  bool is_scalar() const { return kind == Kind::Scalar; }
  bool is_list() const { return kind == Kind::List; }
  bool is_map() const { return kind == Kind::Map; }
  const YamlNode* find(std::string_view key) const;  // in a Map; nullptr if it is not there
  std::string_view kind_name() const;                // "a map", "a list", "a value", "nothing"
};

struct YamlNode::Entry {
  std::string key;
  Mark mark;  // of the key
  YamlNode value;
};

inline constexpr std::size_t kYamlSizeLimit = 32U << 20U;
inline constexpr int kYamlDepthLimit = 64;

// The faults are empty if and only if the root is valid.
struct YamlDocument {
  YamlNode root;
  std::vector<Fault> faults;
};
YamlDocument parse_yaml(std::string_view text);

}  // namespace postern::base
