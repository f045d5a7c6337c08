// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How the tools over a policy name a place in it. Sources of this folder only.
#pragma once

#include <cstddef>
#include <string>

#include "base/yaml.h"

namespace postern::policy {

// Policy numbers what it holds with int, -1 for none; this is for one that is there.
inline std::size_t index(int number) { return static_cast<std::size_t>(number); }

inline std::string line_of(base::Mark mark) { return "line " + std::to_string(mark.line); }

}  // namespace postern::policy
