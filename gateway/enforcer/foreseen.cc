// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/foreseen.h"

#include "redact/kind.h"

namespace postern::enforcer {

std::optional<Patch> foresee(const HeldCall& call, std::string_view read, const base::Json& document) {
  if (call.target != read) return std::nullopt;  // with a query it may mean something else
  if (call.method == "DELETE") {
    const base::Json gone = base::Json::array({{{"op", "remove"}, {"path", ""}, {"old", document}}});
    return Patch{as_detail(gone, kPatchLimit), 1};
  }
  const bool merges =
      call.method == "PATCH" && call.content_type.substr(0, 28) == "application/merge-patch+json";
  const bool puts = call.method == "PUT" && redact::media_of(call.content_type).form == redact::Form::Json;
  if (!merges && !puts) return std::nullopt;
  auto said = base::parse_json(call.body);
  if (!said.ok()) return std::nullopt;
  if (puts) return make_patch(document, *said);
  base::Json merged = document;
  merged.merge_patch(*said);
  return make_patch(document, merged);
}

}  // namespace postern::enforcer
