// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of an installation over its line (line/asks.h), and what it says of that.
#pragma once

#include <string>

#include "line/protocol.h"
#include "mission/desk/paced_notes.h"
#include "mission/desk/parts.h"

namespace postern::mission {

// The answer to a heartbeat; an empty object: nothing is asked.
base::Result<base::Json> asks_for(Parts& parts, const std::string& installation);
// A report of the kind standing: kept, and an event of the installation, at the pace of notes, if it is news. What is none of its asks changes nothing.
base::Status keep_standing(Parts& parts, PacedNotes& notes, const std::string& installation,
                           const line::Report& report);

}  // namespace postern::mission
