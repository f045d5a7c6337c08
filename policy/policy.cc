// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include "policy/match.h"

namespace postern::policy {

Policy::Policy() = default;
Policy::~Policy() = default;

std::string_view to_text(Class klass) { return klass == Class::Read ? "read" : "write"; }

std::string Operation::key() const {
  return std::string(to_text(method)) + (constraints.websocket ? " websocket " : " ") + path.key();
}

std::string Operation::text() const {
  return std::string(to_text(method)) + " " + path.text() + (constraints.websocket ? " (WebSocket)" : "");
}

std::string Operation::before_path(std::string_view call) const {
  const std::vector<std::string_view> given = split_path(call);
  std::string out;
  for (const Segment& segment : before->segments) {
    out += '/';
    if (!segment.parameter) {
      out += segment.text;
      continue;
    }
    for (std::size_t i = 0; i < path.segments.size() && i < given.size(); ++i) {
      if (path.segments[i].parameter && path.segments[i].text == segment.text) out += given[i];
    }
  }
  return out.empty() ? "/" : out;
}

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
