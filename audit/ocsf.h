// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Events as those of the Open Cybersecurity Schema Framework (https://schema.ocsf.io, version kOcsfVersion), a JSON
// object per line, for systems that gather security events. A table says which class and activity each type of ours is:
//
//   exchange.*                                  HTTP Activity 4002
//   session.*, admin.*                          Authentication 3002
//   engineer.*                                  Account Change 3001
//   permission, pass, request, grant, hold,     Entity Management 3004
//     policy, config, exchange.changed, log.read
//   gateway, role                               Application Lifecycle 6002
//   what convicts somebody                      Detection Finding 2004
//   all others                                  Base Event 0
//
// Nothing is lost: what has no attribute there stands under `unmapped`, detail included; metadata.uid is the event's
// id, metadata.event_code its type, message its sentence (sentence.h). The lines are made from the log's and are not
// leaves of it: proofs are of the originals.
#pragma once

#include <string>
#include <string_view>

#include "audit/event.h"
#include "base/result.h"

namespace postern::audit {

inline constexpr std::string_view kOcsfVersion = "1.3.0";

struct OcsfClass {
  int class_uid = 0;
  int activity_id = 0;  // of the type; an exchange's is its method's
  bool failure = false;
};
// nullptr: the type is not in the table, and is written as a base event.
const OcsfClass* ocsf_class_of(EventType type);

// Appends the line's event and a newline. Invalid if the line is not an event.
base::Status append_ocsf(std::string& out, std::string_view line);

}  // namespace postern::audit
