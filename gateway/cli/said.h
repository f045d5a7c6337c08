// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What several commands say in the same words.
#pragma once

#include <string>

#include "base/json.h"

namespace postern::cli {

// The list in an answer; an empty one if there is none.
base::Json items_of(const base::Json& answer);
// "Cut: 2 sessions, 3 exchanges; the slowest after 4.2 ms." and a newline, or nothing if nothing was cut.
std::string said_of_cut(const base::Json& answer);

}  // namespace postern::cli
