// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The document that a call would change while an admin is asked about that call (Hold in state.h, Proposal in proposal.h): as it was when it
// was read, and what the call would make of it. An enforcer reads it, once; the events hold.compared and proposal.compared have it.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/json.h"

namespace postern::state {

struct Comparison {
  base::Micros at = 0;  // when it was read; 0: it is not yet
  std::string document,
      patch;  // JSON texts without secrets; patch: what the call would make of it, where that is known
  std::int64_t changes = 0;
  std::int64_t bytes = 0;  // of the document as it came
  std::string sha256;      // of the same
  std::string why;         // document or patch is missing
  bool operator==(const Comparison&) const = default;
};

// Of the event's detail: before_bytes*, before_sha256*, document*, changes*, patch*, why*.
Comparison comparison_of(const base::Json& detail, base::Micros at);
base::Json to_json(const Comparison& comparison);
Comparison comparison_from_json(const base::Json& json);  // what is not of that form is left out
// As the API shows it (console/openapi.json, Before).
base::Json view(const Comparison& comparison);

}  // namespace postern::state
