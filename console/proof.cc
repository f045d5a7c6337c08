// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/proof.h"

#include "console/parts.h"

namespace postern::console {
namespace {

// How much a mode lets in. Two of them are not comparable: one asks for a grant, the other for reading only.
int width(state::RemoteAccess mode) {
  using enum state::RemoteAccess;
  return mode == Off ? 0 : mode == All ? 2 : 1;
}

std::string text_in(const Call& call, const char* key) {
  const auto json = base::parse_json(call.body, 8);
  return json.ok() && json->is_object() ? base::json_text_or(*json, key, "") : std::string();
}

}  // namespace

namespace proof {

bool always(const Parts& /*parts*/, const Call& /*call*/) { return true; }

// What cannot be read opens nothing, and is refused further on.
bool opening_access(const Parts& parts, const Call& call) {
  const auto wanted = state::parse_remote_access(text_in(call, "mode"));
  if (!wanted || *wanted == state::RemoteAccess::Off) return false;
  return width(*wanted) >= width(parts.ledger.state().remote_access(parts.loop.wall()));
}

bool opening_capability(const Parts& parts, const Call& call) {
  const auto wanted = state::parse_setting(text_in(call, "setting"));
  if (!wanted || *wanted == state::Setting::Off) return false;
  return *wanted >= parts.ledger.state().capability(call.captures.at(0), parts.loop.wall());
}

}  // namespace proof

}  // namespace postern::console
