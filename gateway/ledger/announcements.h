// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// When the others are told of a change: what closes at once, what gives once it is durable (no record, no
// access). So a closing change may overtake a giving one, and the two folds, ours and theirs, must come out
// the same all the same:
//
//   - events about different things may be folded in either order (see State), so overtaking them is
//   harmless;
//   - an event about the same thing that was overtaken (a session ended before its opening was durable) must
//   not be told any
//     more: instead everyone gets the whole state, once the overtaken event is durable. That is rare.
//
// Pure. The state of what the others have been told is kept as the fold of what is durable, plus the closing
// events ahead of it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/state/state.h"

namespace postern::ledger {

struct Announcement {
  std::uint64_t index = 0;  // in the journal
  std::string line;
  base::Json event;   // the line, parsed
  std::string about;  // "session:ID", "permission:remote_access": what the event changes
  bool closes = false;
  bool wants_applied = false;  // of what closes and is measured, and of what gives and is waited for
  base::Nanos commanded = 0;
  std::uint64_t stop = 0;  // the stop word, if it was raised for this
};

class Announcements {
 public:
  explicit Announcements(state::State durable) : durable_(std::move(durable)) {}

  // Takes them in the order of the journal. True: tell it now.
  bool add(Announcement announcement);

  struct Released {
    std::vector<Announcement> changes;  // to be told, in order
    bool gap = false;                   // tell the whole state instead
  };
  Released release(std::uint64_t durable);  // everything below this index is on the medium

  // What the others know: the snapshot for one who comes late, or after a gap.
  state::State told() const;
  // The fold of what is durable: all of told() that only gives.
  const state::State& durable() const { return durable_; }
  void touch(std::string_view session, base::Micros at) { durable_.touch(session, at); }
  std::size_t waiting() const { return waiting_.size(); }
  std::uint64_t released() const { return released_; }  // the greatest index that release() was called with

 private:
  struct Entry {
    Announcement announcement;
    bool overtaken = false;
  };
  state::State durable_;
  std::deque<Entry> waiting_;
  std::uint64_t released_ = 0;
};

}  // namespace postern::ledger
