// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Why a request passes or not, for a person: the decision, every rule that speaks about the request and what
// it says, and when nothing is listed, the operations that come nearest. Slow and thorough where decide() is
// quick; the decision in it is decide()'s own.
#pragma once

#include <string>
#include <vector>

#include "policy/decide.h"

namespace postern::policy {

struct Voice {
  int operation = -1;  // index into Policy::operations(), or -1 for a never rule
  int never = -1;
  base::Mark mark;
  std::string says;  // "lets it pass", "refuses: query parameter \"limit\" ..."
};

struct Near {
  int operation = -1;
  int distance = 0;  // segments to change, insert or remove; 0 if only the method differs
  std::string how;   // "the same path with GET"
};

struct Explanation {
  Decision decision;
  std::string why;            // describe()
  std::vector<Voice> voices;  // in the file's order
  std::vector<Near> nearest;  // at most kNearest, closest first; only if nothing is listed
};
inline constexpr std::size_t kNearest = 3;

Explanation explain(const Policy& policy, const Question& question, Standing standing);
std::string to_text(const Policy& policy, const Explanation& explanation);  // lines, without one at the end

}  // namespace postern::policy
