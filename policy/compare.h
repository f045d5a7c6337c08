// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Is one set of demands at least as strict as another? Sound, not complete: true is a proof, false may only
// mean that no proof was found (regular expressions are compared by spelling).
#pragma once

#include "policy/policy.h"

namespace postern::policy {

// Every request for an operation of this method that strict lets pass, loose lets pass too.
bool at_least_as_strict(const Constraints& strict, const Constraints& loose, Method method);

// "query parameter \"limit\" must be one of a, b": what changed in words is the difference of these lists.
std::vector<std::string> in_words(const Constraints& constraints);

}  // namespace postern::policy
