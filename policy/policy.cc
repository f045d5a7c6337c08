// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include "policy/match.h"

namespace postern::policy {

Policy::Policy() = default;
Policy::~Policy() = default;

std::string_view to_text(Class klass) { return klass == Class::Read ? "read" : "write"; }

std::string Operation::text() const { return std::string(to_text(method)) + " " + path.text(); }

int Policy::find_capability(std::string_view name) const {
  for (std::size_t i = 0; i < capabilities_.size(); ++i) {
    if (capabilities_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

const Role* Policy::find_role(std::string_view name) const {
  for (const Role& role : roles_) {
    if (role.name == name) return &role;
  }
  return nullptr;
}

}  // namespace postern::policy
