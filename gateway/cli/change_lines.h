// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A JSON Patch as lines for people, one per operation. What it holds is outside text.
#pragma once

#include <string>

#include "base/json.h"

namespace postern::cli {

// change: an object with "patch" and "why", both of which may be missing. now: what the new value is called.
std::string change_lines(const base::Json& change, const char* now = "is");

// What a waiting call would change: "before" of a hold or a proposal. Nothing until it was read.
std::string comparison_lines(const base::Json& waiting);

}  // namespace postern::cli
