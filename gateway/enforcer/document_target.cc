// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/document_target.h"

namespace postern::enforcer {
namespace {

bool is_never(const policy::Policy& policy, const policy::Policy* accepted, std::string_view path) {
  const policy::Question question{"GET", path, {}, {}, false};
  return policy::decide(policy, question, {}).refusal == base::Refusal::Never ||
         (accepted != nullptr && policy::decide(*accepted, question, {}).refusal == base::Refusal::Never);
}

}  // namespace

std::string document_target(const policy::Policy& policy, const policy::Acceptance* acceptance,
                            const policy::Decision& decision, std::string_view path) {
  const policy::Operation* recording = &policy.operations()[static_cast<std::size_t>(decision.operation)];
  // What the policy accepted last has in its place counts where the one in force names none.
  if (!recording->before && acceptance != nullptr) recording = acceptance->accepted_operation(decision);
  if (recording == nullptr || !recording->before) return {};
  std::string read = recording->before_path(path);
  return is_never(policy, acceptance == nullptr ? nullptr : acceptance->accepted(), read) ? std::string()
                                                                                          : read;
}

}  // namespace postern::enforcer
