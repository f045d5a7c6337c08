// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Documents that installations sent, as texts in the store.
#pragma once

#include <string>
#include <utility>

#include "base/clock.h"
#include "base/json.h"

namespace postern::mission {

// What says to be from so far ahead of our clock does not keep later ones out.
inline constexpr base::Micros kSkew = 3600 * base::kWallSecond;

inline base::Json body_in(const std::string& text) {
  auto json = base::parse_json(text);
  return json.ok() ? std::move(json).value() : base::Json::object();
}

}  // namespace postern::mission
