// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a call would make of the document that it changes, where the call itself says so: one that puts a document where
// it is read, takes it away, or merges into it (RFC 7396). Of all others only the component knows. A JSON Patch (RFC 6902)
// is not tried: a small one can make a document grow without end. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "gateway/enforcer/patch.h"

namespace postern::enforcer {

struct HeldCall {
  std::string_view method, target, content_type;
  std::string_view body;  // without secrets, as document is
};

// read: where the document stands. Nothing: it is not known.
std::optional<Patch> foresee(const HeldCall& call, std::string_view read, const base::Json& document);

}  // namespace postern::enforcer
