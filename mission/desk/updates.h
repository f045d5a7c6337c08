// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates at Mission Control: what is published is judged by update/ as a customer judges it, before it is kept; an
// installation is told which updates it may have now, and handed files in pieces (line/updates.h). Mission Control has no key that
// signs an update, and whoever takes it over can withhold one, and offer one again that was suspended, and no more.
//
// Rings: an installation is in one, 1 to kLastRing; an update is offered to the rings from 1 to the one that it was offered to last,
// 0: to none. When so many percent of a ring's installations as `stop_at` says have told that it failed or was rolled back there, it
// is suspended for all, and an event about the installation that told so last says it. Only what is told while it is offered to the
// teller's ring counts, and of what was told before somebody resumed it nothing.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/answer/call.h"
#include "mission/desk/parts.h"
#include "update/trust.h"

namespace postern::mission {

inline constexpr std::int64_t kDefaultStopAt = 10;  // percent

// The line's side.
void answer_update_offers(Parts& parts, const answer::Reply& reply, const std::string& installation);
void answer_update_file(Parts& parts, const answer::Call& call, const answer::Reply& reply,
                        const std::string& installation);
// An event that an installation told: how far it is with an update.
base::Status note_update(Parts& parts, const StoredEvent& event);

// The vendor's side. A piece of an artefact, in order from 0; true: it is whole, with the hash that its name says. Invalid: this piece
// is not the next (begin again with 0), or all of it is not what its name says.
base::Result<bool> add_artefact_piece(Parts& parts, const std::string& name, std::int64_t length,
                                      std::int64_t piece, std::string_view bytes);

struct Publication {
  std::vector<std::string>
      roots;  // those that Mission Control has not, rising; the first of all is what it trusts from then on
  std::string timestamp, snapshot, targets;  // empty: as they are
};
// What is known from then on. Invalid with a sentence: nothing was changed.
base::Result<update::Trust> publish(Parts& parts, const Publication& published);

}  // namespace postern::mission
