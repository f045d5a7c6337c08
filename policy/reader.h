// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reads typed values out of YAML nodes and collects a fault for each one that is not what it should be. Never
// stops early: a wrong value becomes an empty one, and the next is read.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"

namespace postern::policy {

std::string in_quotes(std::string_view text);  // printable, in double quotes

// ", did you mean "x"?" for the candidate that is nearest in spelling, or "" if none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

class Reader {
 public:
  explicit Reader(std::vector<base::Fault>& faults) : faults_(faults) {}

  void fault(base::Mark mark, std::string message) { faults_.push_back({mark, std::move(message)}); }
  std::vector<base::Fault>& faults() { return faults_; }

  // False and a fault if node is not of that kind. what: "capabilities", as in "capabilities must be a map".
  bool is_map(const base::YamlNode& node, std::string_view what);
  bool is_list(const base::YamlNode& node, std::string_view what);

  // One fault for each key of map that is not known.
  void only_keys(const base::YamlNode& map, std::string_view what,
                 std::initializer_list<std::string_view> known);

  // The value of key in map, or empty / false / 0 with a fault if it is of the wrong kind. A missing key is
  // no fault.
  std::string text(const base::YamlNode& map, std::string_view key, std::size_t limit);
  bool flag(const base::YamlNode& map, std::string_view key);
  std::uint64_t number(const base::YamlNode& map, std::string_view key, std::uint64_t low,
                       std::uint64_t high);
  // A list of texts: one fault for each item that is none. limit items.
  std::vector<const base::YamlNode*> texts(const base::YamlNode& list, std::string_view what,
                                           std::size_t limit);

 private:
  std::vector<base::Fault>& faults_;
};

}  // namespace postern::policy
