// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/proof.h"

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "console/parts.h"

namespace postern::console {
namespace {

enum class Change : std::uint8_t { Closes, Narrows, Opens };

// How much a mode lets in. Two of them are not comparable: one asks for a grant, the other for reading only.
int width(state::RemoteAccess mode) {
  using enum state::RemoteAccess;
  return mode == Off ? 0 : mode == All ? 2 : 1;
}

base::Json body_of(const Call& call) {
  auto json = base::parse_json(call.body, 8);
  return json.ok() && json->is_object() ? *std::move(json) : base::Json::object();
}

// Whether it would hold beyond the end of what is set now. What cannot be read is without end here; it is refused further on.
bool ends_later(const base::Json& wanted, const std::optional<base::Micros>& present, base::Micros now) {
  if (!present) return false;
  const auto until = base::parse_until(base::json_text_or(wanted, "until", ""), now);
  return !until.ok() || *until > *present;
}

// What cannot be read opens nothing, and is refused further on.
Change change_of_access(const Parts& parts, const Call& call) {
  const base::Json body = body_of(call);
  const auto wanted = state::parse_remote_access(base::json_text_or(body, "mode", ""));
  if (!wanted || *wanted == state::RemoteAccess::Off) return Change::Closes;
  const state::State& state = parts.ledger.state();
  const base::Micros now = parts.loop.wall();
  const bool opens = width(*wanted) >= width(state.remote_access(now)) ||
                     ends_later(body, state.remote_access_toggle().until, now);
  return opens ? Change::Opens : Change::Narrows;
}

Change change_of_capability(const Parts& parts, const Call& call) {
  const base::Json body = body_of(call);
  const auto wanted = state::parse_setting(base::json_text_or(body, "setting", ""));
  if (!wanted || *wanted == state::Setting::Off) return Change::Closes;
  const std::string& name = call.captures.at(0);
  const state::State& state = parts.ledger.state();
  const base::Micros now = parts.loop.wall();
  const state::Toggle* toggle = state.capability_toggle(name);
  const bool opens = *wanted >= state.capability(name, now) ||
                     ends_later(body, toggle == nullptr ? std::nullopt : toggle->until, now);
  return opens ? Change::Opens : Change::Narrows;
}

}  // namespace

namespace proof {

bool always(const Parts& /*parts*/, const Call& /*call*/) { return true; }

bool opening_access(const Parts& parts, const Call& call) {
  return change_of_access(parts, call) == Change::Opens;
}

bool opening_capability(const Parts& parts, const Call& call) {
  return change_of_capability(parts, call) == Change::Opens;
}

bool narrowing_access(const Parts& parts, const Call& call) {
  return change_of_access(parts, call) == Change::Narrows;
}

bool narrowing_capability(const Parts& parts, const Call& call) {
  return change_of_capability(parts, call) == Change::Narrows;
}

}  // namespace proof

}  // namespace postern::console
