// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// "METHOD path" against a fixed policy full of overlaps: what is decided agrees with the definition of a
// template.
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "policy/explain.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::policy;
  static const auto policy = parse_policy(
                                 "version: 1\ncapabilities:\n  c:\n    title: T\n    class: write\n    "
                                 "operations:\n      - GET /\n      - GET /a/{x}\n"
                                 "      - GET /a/{x}/\n      - POST /{x}/b/**\n      - GET "
                                 "/{x}/{y}/a-literal-of-more-than-thirty-two-bytes/{z}\n      - PUT /%20/**\n"
                                 "never: [ANY /a/b/c/**, 'GET /{x}/no']\n")
                                 .policy;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t space = std::min(input.find(' '), size);
  const Question question{input.substr(0, space), input.substr(std::min(size, space + 1)), {}, {}, false};
  const auto method = parse_method(question.method);
  bool listed = false;
  bool never = false;
  for (const Operation& one : policy->operations()) {
    listed |= method && (covered_by(one.method) & bit(*method)) != 0 && matches(one.path, question.path);
  }
  for (const NeverRule& one : policy->never())
    never |= method && (one.methods & bit(*method)) != 0 && matches(one.path, question.path);
  const std::vector<postern::base::Refusal> standing(1);
  POSTERN_CHECK(decide(*policy, question, standing).allowed() == (listed && !never));
  POSTERN_CHECK(!to_text(*policy, explain(*policy, question, standing)).empty());
  return 0;
}
