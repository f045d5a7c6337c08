// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which of the vendor's updates were announced here, and what became of each: the fold of the events update.* whose subject is a
// target's name, and of those of the update that ran it (rolling.h). Part of State: what is planned, put off, cancelled or was run
// stands in the log and nowhere else. docs/UPDATES.md tells the story; ledger/update_calendar.h decides.
//
// What is folded, and from which fields of detail (times are RFC 3339; * may be missing). One that was never announced is passed
// over.
//
//   update.announced         service or product, version, from*, severity, bytes, sha256, not_before*, postpone_hours*, start*,
//                            until*, latest*, notes*; of another sha256, or of one that was withdrawn: it begins anew, but for
//                            what an admin had said of this file: cancelled it stays, and chosen a start that is the same
//   update.scheduled         start*, until*, latest*, why*   without a start nothing is planned; not cancelled any more
//   update.postponed         start, until
//   update.run_now_asked     -
//   update.cancelled         why*
//   update.downloaded        -
//   update.suspended         why*                    also update.suspension_ended: start*, until*, latest*; chosen a start stays
//                            that is the same
//   update.withdrawn         why
//   update.missed            why, next*, until*
//   update.begun             run                     it was told that it runs
//   update.ended             run, why*; outcome done, rolled_back, stopped, refused (nothing was touched): it was told
//   update.started           target*, service, before*     the subject is the run, from here on
//   update.rolling_back, update.done, update.rolled_back, update.stopped      service, version, why*
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace postern::state {

enum class UpdatePhase : std::uint8_t { Planned, Cancelled, Running, Done, RolledBack, Stopped, Withdrawn };

inline constexpr std::size_t kUpdatesKept =
    400;  // of more, those withdrawn go first (but what an admin had cancelled), then what ended first
inline constexpr std::size_t kUpdateMomentsKept = 40;   // of one; the newest
inline constexpr std::size_t kInstalledServices = 256;  // whose versions are remembered

struct UpdateMoment {  // of an update's history
  base::Micros at = 0;
  std::string what;  // the event's type without "update."
  std::string by, why;
  bool operator==(const UpdateMoment&) const = default;
};

struct VendorUpdate {
  std::string target;
  bool product = false;  // Postern's own, or another product's; else of a service of the component
  std::string of, version, severity, notes, sha256;
  std::vector<std::string> from;  // the versions that it may replace; empty: any
  std::int64_t bytes = 0, postpone_hours = 0;
  base::Micros not_before = 0;

  UpdatePhase phase = UpdatePhase::Planned;
  base::Micros announced = 0, withdrawn = 0;
  base::Micros start = 0, until = 0;  // it may start from then to then; 0: nothing is planned
  base::Micros latest = 0;            // start cannot be put off beyond; 0: it never had one
  bool chosen = false;                // the start is what an admin said
  bool was_cancelled = false;         // when it was withdrawn
  base::Micros asked = 0;             // an admin wants it to run now; 0: nobody does
  std::string asked_by;
  bool suspended = false;   // by the vendor
  bool downloaded = false;  // it was told
  std::string run;          // the update that ran it last
  bool begun_told = false, ended_told = false;
  base::Micros began = 0, ended = 0;
  std::string why;  // of the phase, of the suspension while it waits, or why the last try came to nothing
  std::vector<UpdateMoment> history;
  bool operator==(const VendorUpdate&) const = default;

  // It ran, or is running.
  bool ran() const { return phase >= UpdatePhase::Running && phase <= UpdatePhase::Stopped; }
};

struct Updates {
  std::map<std::string, VendorUpdate, std::less<>> targets;
  std::map<std::string, std::string, std::less<>> installed;  // service -> version, as far as updates tell
  bool operator==(const Updates&) const = default;
  const VendorUpdate* find(std::string_view target) const;
};

// "announced" (nothing is planned), "scheduled", "waiting" (for its file, to run then), "suspended", "cancelled", "running", "done",
// "rolled_back", "stopped", "withdrawn".
std::string_view state_text(const VendorUpdate& update);

bool concerns_updates(std::string_view event_type);
struct UpdateNews {  // of an event's head
  std::string_view type, subject, outcome, by;
  base::Micros at = 0;
};
void fold_updates(Updates& updates, const UpdateNews& news, const base::Json& detail);

base::Json to_json(const Updates& updates);
// What does not fit is left out.
Updates updates_from_json(const base::Json& json);
// For the API, as console/openapi.json describes it. whole: with notes and history.
base::Json view(const VendorUpdate& update, bool whole);

}  // namespace postern::state
