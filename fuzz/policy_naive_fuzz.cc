// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A policy made of the input's first lines ("METHOD template" is an operation of a capability that is on, "-METHOD template" of one that
// is off, "!METHOD template" a never rule), and the last line as the question: decided as the definition of a template says.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "policy/decide.h"

using namespace postern::policy;

static std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string on, off, never;
  std::size_t line = 0;
  for (; (line = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(line + 1)) {
    const bool prefixed = line > 0 && (rest[0] == '-' || rest[0] == '!');
    std::string& list = !prefixed ? on : rest[0] == '-' ? off : never;
    list += (list.empty() ? "" : ", ") + quoted(rest.substr(prefixed ? 1 : 0, line - (prefixed ? 1 : 0)));
  }
  if (on.empty() || off.empty()) return 0;
  const auto policy = parse_policy("version: 1\ncapabilities:\n  a: { title: A, class: write, operations: [" +
                                   on + "] }\n  b: { title: B, class: write, operations: [" + off +
                                   "] }\nnever: [" + never + "]\n")
                          .policy;
  const auto method = parse_method(rest.substr(0, rest.find(' ')));
  const std::string_view path = rest.substr(std::min(rest.size(), rest.find(' ') + 1));
  if (policy == nullptr || !method || !path.starts_with('/')) return 0;
  bool listed = false, forbidden = false;
  for (const Operation& one : policy->operations())
    listed |= one.capability == 0 && (covered_by(one.method) & bit(*method)) != 0 && matches(one.path, path);
  for (const NeverRule& one : policy->never())
    forbidden |= (one.methods & bit(*method)) != 0 && matches(one.path, path);
  const std::vector<postern::base::Refusal> standing = {postern::base::Refusal::None,
                                                        postern::base::Refusal::CapabilityOff};
  const Decision decision = decide(*policy, {to_text(*method), path, {}, {}, false}, standing);
  POSTERN_CHECK(decision.allowed() == (listed && !forbidden));
  POSTERN_CHECK((decision.refusal == postern::base::Refusal::Never) == forbidden);
  return 0;
}
