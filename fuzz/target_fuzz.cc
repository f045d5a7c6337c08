// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A request target: what is accepted is its own canonical form, and holds nothing that policy must never see.
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "gateway/http/request_rules.h"
#include "gateway/http/target.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Authority> ours = {{"postern.test", 443}};
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  for (const bool slash : {false, true}) {
    const TargetRules rules{.ours = ours, .encoded_slash = slash};
    CanonicalTarget once;
    if (!canonicalise(target, rules, once).ok()) continue;
    CanonicalTarget twice;
    POSTERN_CHECK(canonicalise(once.text(), rules, twice).ok() && twice.text() == once.text());
    POSTERN_CHECK(is_target_text(once.text()) && once.path().starts_with('/'));
    const std::string decoded = percent_decode(once.path()) + "/";
    POSTERN_CHECK(decoded.find("/../") == std::string::npos && decoded.find("/./") == std::string::npos);
    POSTERN_CHECK(once.path().find("//") == std::string_view::npos);
    POSTERN_CHECK(decoded.find_first_of(std::string("\\;\0\r\n", 5)) == std::string::npos);
    POSTERN_CHECK(slash || once.path().find("%2F") == std::string_view::npos);
  }
  return 0;
}
