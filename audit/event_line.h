// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An event that happens now: what ledger, console and supervisor make of what they have to say. (An enforcer makes
// two per exchange and writes them into memory that it keeps: gateway/enforcer/recorder.h.)
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "audit/event.h"

namespace postern::audit {

// Fills id, time and the usual severity of head.type, unless head has a higher one; the rest is as given. detail_json as in write_event.
inline std::string event_line(std::string_view id, base::Micros now, EventHead head,
                              std::string_view detail_json) {
  head.id = id;
  head.time = now;
  head.severity = std::max(head.severity, text_of(head.type).severity);
  std::string line;
  write_event(line, head, detail_json);
  return line;
}

}  // namespace postern::audit
