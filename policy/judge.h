// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Does a request satisfy what one operation demands? Shared by decide() and explain(), so that what is
// explained is what was decided.
#pragma once

#include <string_view>

#include "base/refusal.h"
#include "policy/decide.h"

namespace postern::policy {

struct Judgement {
  base::Refusal refusal = base::Refusal::None;  // or ParameterNotAllowed, BodyNotAllowed
  std::string_view parameter;                   // which one; views constraints or question
};

// The request's path matches the operation's template.
Judgement judge(const Constraints& constraints, Method method, const Question& question);

}  // namespace postern::policy
