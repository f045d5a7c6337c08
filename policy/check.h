// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Review of a valid policy: the proof that no capability reaches what never rules out, and what is probably a
// mistake. never wins at decision time, so an overlap opens no door. It is an error if the operation can
// never be used, and a warning with a witness if only some of its paths stay refused. The proof walks both
// sets of templates at once; its cost follows the pairs of prefixes that agree, not operations times rules.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.h"
#include "policy/policy.h"

namespace postern::policy {

enum class Severity { Error, Warning };

struct Finding {
  Severity severity = Severity::Warning;
  base::Mark mark;      // in the policy's text
  std::string message;  // one sentence: what, and what would be right
  int operation = -1;   // for an overlap with a never rule: which two, and a request that both speak about
  int never = -1;
  std::string witness;  // "GET /api/v1/admin/x"
};

inline constexpr std::size_t kFindingLimit = 1'000;  // more are counted in a last finding

// In the order of the file. Empty: nothing to say.
std::vector<Finding> check(const Policy& policy);

// "file:line:column: warning: message", a line each.
std::string format_findings(std::string_view file, const std::vector<Finding>& findings);

}  // namespace postern::policy
