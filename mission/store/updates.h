// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates: the signed documents and the artefacts in pieces, so that every server on this store serves them; which
// installations are in which ring, which update is offered up to which ring, and how far each installation is with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr std::int64_t kLastRing = 9;  // of whom nobody gave another one

struct UpdateFile {
  std::string name;
  std::int64_t length = 0;
  bool whole = false;  // all pieces are there, and its hash was the one in its name
};
// Who brings a file in pieces, on whichever server: the one that began it last, until it is whole.
struct UpdateUpload {
  std::string_view file;
  std::string_view id;  // unlike that of any other
  base::Micros now = 0;
};
inline constexpr base::Micros kUnfinishedFor = 86400 * base::kWallSecond;  // after its last piece
struct UpdateOffer {
  std::string name;       // of the target
  std::string sha256;     // of its artefact
  base::Json about;       // as the signed targets have it: length, hashes, custom
  std::int64_t ring = 0;  // 1 to this one are offered it
  std::int64_t stop_at =
      0;  // percent of a ring's installations that reported a failure, at which it is suspended
  std::string suspended;  // why; empty: it is not
  base::Micros changed = 0;
  std::string suspended_by = {};  // an actor, or kByFailures
  base::Micros published = 0;     // since when this artefact is
};
inline constexpr std::string_view kByFailures = "failures";

// What an installation told of an update last. Taken and not for it are the end of it; the others stand open.
//   announced scheduled postponed ready running    on its way
//   missed refused                                 not begun, and tried again
//   cancelled                                      its admin wants it not
//   failed rolled_back                             did not work there
//   done withdrawn                                 it has it; it is none for it, or not offered any more
struct UpdateState {
  std::string installation, customer, name, state;
  base::Micros time = 0;
  std::int64_t ring = kLastRing;
  base::Micros starts = 0;  // by itself; 0: not, or not told
  std::string why = {};
  bool offered = true;  // to its ring, when it told so; else a failure suspends nothing
};
struct UpdateCount {  // of an update, in a ring
  std::int64_t ring = 0;
  std::string state;  // empty: of the ring, whatever they told
  std::int64_t installations = 0;
};
// Which of an update's installations: all that are not retired, or those that are offered it and have not taken it.
struct UpdateStatesAsked {
  std::string_view name;
  std::int64_t open_to =
      0;  // 0: all; else those of rings up to this one for whom it stands open, or who told nothing
  std::string_view after = "";  // behind this installation
  std::int64_t most = 0;
};
struct UpdateTrust {
  std::string pinned;  // the first root
  base::Json kept;     // update::Kept
};

// hold_: read, and nobody else's before commit(). Who writes what another server may write as well holds it first: what was read
// without it may be over by then, and would undo what the other one did.
class Updates : public Subject {
 public:
  // A file's beginning: what was there of it, and was not whole, is thrown away. False: it is whole.
  base::Result<bool> begin_file(const UpdateUpload& upload, std::int64_t length);
  // False, and nothing is done: it is whole, or gone, or another upload has begun it anew.
  base::Result<bool> add_piece(const UpdateUpload& upload, std::int64_t number, std::string_view bytes);
  base::Result<bool> end_file(const UpdateUpload& upload);
  base::Result<std::optional<UpdateFile>> update_file(std::string_view name);
  base::Result<std::optional<std::string>> update_piece(std::string_view name, std::int64_t number);
  base::Status remove_file(std::string_view name);
  base::Result<std::vector<UpdateFile>> update_files();
  // Files that are not whole, and of which no piece came since before then. Some of their pieces; true: there may be more, call again.
  base::Result<bool> forget_unfinished(base::Micros before);

  base::Result<std::optional<UpdateTrust>> update_trust();
  base::Result<std::optional<UpdateTrust>> hold_update_trust();
  // Where there is none. False: there is.
  base::Result<bool> begin_update_trust(const UpdateTrust& trust);
  base::Status set_update_trust(const UpdateTrust& trust);  // that is held

  base::Result<std::vector<UpdateOffer>> offers();
  base::Result<std::optional<UpdateOffer>> offer(std::string_view name);
  base::Result<std::vector<UpdateOffer>> hold_offers();
  base::Result<std::optional<UpdateOffer>> hold_offer(std::string_view name);
  base::Status set_offer(const UpdateOffer& offer);
  base::Status remove_offer(std::string_view name);
  base::Result<bool> is_offered(std::string_view sha256, std::int64_t ring);  // and not suspended

  base::Result<std::int64_t> ring_of(std::string_view installation);
  base::Status set_ring(std::string_view installation, std::int64_t ring);
  // Of those that are not retired.
  base::Result<std::int64_t> count_ring(std::int64_t ring);

  // state.customer and ring are not looked at. Whose failure was excused stays so, whatever it tells.
  base::Status set_update_state(const UpdateState& state);
  // By installation; state empty: it has said nothing.
  base::Result<std::vector<UpdateState>> update_states(const UpdateStatesAsked& asked);
  base::Result<std::vector<UpdateState>> states_of_installation(std::string_view installation);
  // Of a ring, those that count: told while it was offered to them, and not excused since.
  base::Result<std::int64_t> count_failures(std::string_view name, std::int64_t ring);
  base::Status excuse_failures(
      std::string_view name);  // that were told so far: somebody has seen them, and goes on

  // For the fleet as a whole, each one statement.
  base::Result<std::vector<UpdateCount>> count_rings();
  base::Result<std::vector<UpdateCount>> count_states(std::string_view name);  // by ring and state
  base::Result<std::vector<UpdateState>>
  given_rings();  // installation and ring, of those that were given one
  base::Result<std::vector<UpdateState>>
  open_states();  // of updates that are offered to them: installation, name, state
  base::Result<std::vector<UpdateState>> over_states(std::string_view name);  // done and withdrawn

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
