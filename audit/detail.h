// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Documents as an event's detail. Events are written with base::JsonWriter, whose texts have one form of escapes; what
// exists as a base::Json already is brought into that form here.
#pragma once

#include <cstddef>
#include <string>

#include "base/json.h"

namespace postern::audit {

// The document, with the escapes that read_event_head() takes. Nothing is bounded: see depth_of() and kEventLimit.
std::string as_detail(const base::Json& value);

// How deep objects and lists are nested: 0 for a text or a number.
int depth_of(const base::Json& value);

}  // namespace postern::audit
