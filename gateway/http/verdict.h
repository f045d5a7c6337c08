// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the rules of this folder answer: accepted, or refused with a code and one sentence. A refusal is an
// answer, not a failure (DESIGN section 4), and costs no memory: sentences are literals, and never quote the
// peer's bytes.
#pragma once

#include <string_view>

#include "base/refusal.h"

namespace postern::http {

struct Verdict {
  base::Refusal refusal = base::Refusal::None;
  std::string_view sentence;  // a literal: lower case, without a final stop, which rule was broken

  bool ok() const { return refusal == base::Refusal::None; }
};

constexpr Verdict accepted() { return {}; }
constexpr Verdict refused(base::Refusal refusal, std::string_view sentence) { return {refusal, sentence}; }
constexpr Verdict malformed(std::string_view sentence) { return {base::Refusal::Malformed, sentence}; }

}  // namespace postern::http
