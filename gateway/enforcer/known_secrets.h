// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A policy's rules of redaction, and what the component is shown as secrets besides: it may echo them. Made when policy
// or configuration change, and kept for all exchanges that have both; one that still has others gets its own.
#pragma once

#include <memory>
#include <utility>

#include "gateway/enforcer/settings.h"
#include "redact/rules.h"

namespace postern::enforcer {

class KnownSecrets {
 public:
  std::shared_ptr<const redact::Rules> rules(const std::shared_ptr<const redact::Rules>& of_policy,
                                             const std::shared_ptr<const Settings>& settings) {
    if (of_policy != of_policy_ || settings != settings_) {
      of_policy_ = of_policy;
      settings_ = settings;
      const auto literals = settings->literals();
      made_ = literals.empty() ? of_policy : of_policy->with(literals);
    }
    return made_;
  }

 private:
  std::shared_ptr<const redact::Rules> of_policy_, made_;
  std::shared_ptr<const Settings> settings_;
};

}  // namespace postern::enforcer
