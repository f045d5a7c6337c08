// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which credentials the component has refused. That one is refused, and that it is accepted again, is an event;
// each exchange that meets it is not. Kept across reloads: the one that puts it right is a reload.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace postern::enforcer {

class CredentialNews {
 public:
  static constexpr std::size_t kMost = 1'000;  // configurations change; past it, all are news again

  // True if it was not known. role: Credential::role.
  bool refused(std::string_view service, std::string_view role) {
    if (refused_.size() >= kMost) refused_.clear();
    return refused_.emplace(service, role).second;
  }
  bool accepted(std::string_view service, std::string_view role) {
    return !refused_.empty() && refused_.erase({std::string(service), std::string(role)}) > 0;
  }

 private:
  std::set<std::pair<std::string, std::string>> refused_;
};

}  // namespace postern::enforcer
