// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two documents, a line each, before and after a change: applied to the first, the patch gives the second.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/enforcer/foreseen.h"
#include "gateway/enforcer/patch.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string_view second = text.substr(std::min(line + 1, text.size()));
  const auto before = base::parse_json(text.substr(0, line));
  if (!before.ok()) return 0;
  for (const std::string_view type : {"application/json", "application/merge-patch+json"})
    static_cast<void>(enforcer::foresee({"PATCH", "/a", type, second}, "/a", *before));
  const auto after = base::parse_json(second);
  if (!after.ok()) return 0;
  const enforcer::Patch patch = enforcer::make_patch(*before, *after);
  POSTERN_CHECK(patch.text.size() <= enforcer::kPatchLimit);
  POSTERN_CHECK(patch.operations > 0 || *before == *after);
  if (patch.text.empty()) return 0;
  POSTERN_CHECK(before->patch(*base::parse_json(patch.text)) == *after);
  return 0;
}
