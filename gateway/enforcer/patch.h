// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a change changed, as a JSON Patch (RFC 6902) that also says what was there before: each operation that
// replaces or removes has a member "old", which applying a patch passes over. Pure.
//
//   before {"a":1,"b":[1,2]}   after {"a":2,"b":[1]}
//   [{"op":"replace","path":"/a","value":2,"old":1},{"op":"remove","path":"/b/1","old":2}]
//
// Elements of lists are compared place by place: one that is put in front makes all of them differ, and the patch
// long. It is cut for that: past its bounds there is no patch, only the sizes and hashes of both sides.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace postern::enforcer {

inline constexpr std::size_t kDocumentLimit = 256U << 10U;  // bytes of a document that is compared
inline constexpr std::size_t kPatchLimit = 24U << 10U;      // bytes of a patch, as it stands in an event
inline constexpr int kPatchDepth = 12;                      // nested: audit::kDetailDepthLimit, less its own

struct Patch {
  std::string text;             // a JSON list in the form of an event's detail; empty: past the bounds
  std::int64_t operations = 0;  // how many it has, or would have
};
Patch make_patch(const base::Json& before, const base::Json& after);

// JSON in the one form that an event's detail may have (audit/event.h). Empty if it is nested deeper than
// kPatchDepth, or longer than most bytes.
std::string as_detail(const base::Json& value, std::size_t most);

}  // namespace postern::enforcer
