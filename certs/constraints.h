// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Name constraints (RFC 5280 4.2.1.10): whom an authority may vouch for. DNS names, IP addresses, directory names,
// e-mail addresses and URIs; a constraint of another kind refuses every name of that kind.
#pragma once

#include <optional>

#include "certs/candidate.h"
#include "certs/work.h"

namespace postern::certs {

// The names of `of` under the constraints of one authority above it. A minimum, a maximum, or a mask with holes is
// ConstraintForm. An exhausted work is no answer: ask it afterwards.
std::optional<Fault> judge_constraints(const Candidate& authority, const Candidate& of, Work& work);

}  // namespace postern::certs
