// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/patch.h"

#include "audit/detail.h"

namespace postern::enforcer {

std::string as_detail(const base::Json& value, std::size_t most) {
  if (audit::depth_of(value) > kPatchDepth) return {};
  std::string out = audit::as_detail(value);
  return out.size() <= most ? out : std::string();
}

Patch make_patch(const base::Json& before, const base::Json& after) {
  base::Json operations = base::Json::diff(before, after);
  // What is removed from a list is removed from its end, one after the other, so each path still names what
  // stands there in the document as it was.
  for (base::Json& operation : operations) {
    const std::string op = base::json_text_or(operation, "op", "");
    if (op == "add") continue;
    const base::Json::json_pointer path(base::json_text_or(operation, "path", ""));
    if (before.contains(path)) operation["old"] = before.at(path);
  }
  Patch out;
  out.operations = static_cast<std::int64_t>(operations.size());
  out.text = as_detail(operations, kPatchLimit);
  return out;
}

}  // namespace postern::enforcer
