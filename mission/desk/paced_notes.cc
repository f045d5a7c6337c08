// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/paced_notes.h"

#include <utility>

namespace postern::mission {

void PacedNotes::note(const std::string& installation, std::string_view type, base::Json body) {
  if (pace_.take(installation, parts_.clock.monotonic()) > 0) {
    ++unrecorded_[installation];
    return;
  }
  if (const auto missing = unrecorded_.extract(installation); missing) body["unrecorded"] = missing.mapped();
  parts_.note(installation, type, std::move(body));
}

}  // namespace postern::mission
