// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which values of a JSON document a policy names: a part of JSONPath (RFC 9535) that can be decided while the
// document streams by.
//
//   $..password          every member of that name, at any depth
//   $.data.token         exactly there
//   $.list[*].token      in every element; $.list[0].token in one
//   $.keys.*             every member (or element)
//   $['x-key']           a name that is no word
//
// There are no filters, slices, unions, or indices from the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::redact {

inline constexpr std::size_t kPathLength = 512;  // bytes
inline constexpr std::size_t kPathSteps = 32;
inline constexpr std::size_t kNameLength = 128;  // bytes of one name

struct Step {
  enum class What : std::uint8_t { Name, Index, Any };
  What what = What::Name;
  bool deep = false;  // at any depth below: `..`
  std::string name;
  std::uint32_t index = 0;
  bool operator==(const Step&) const = default;
};

struct Path {
  std::string text;         // as written
  std::vector<Step> steps;  // at least one
  // What values of other forms (YAML, text) are found by; empty if the last step is no name.
  std::string_view last_name() const {
    return steps.back().what == Step::What::Name ? std::string_view(steps.back().name) : std::string_view();
  }
  bool operator==(const Path&) const = default;
};

// The error says what is wrong at which character, counted from 1.
base::Result<Path> parse_path(std::string_view text);

}  // namespace postern::redact
