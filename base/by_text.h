// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A table by text that is looked up by a view of it, without copying what is looked for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace postern::base {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <typename Value>
using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace postern::base
