// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How often the link is listened to about what it fetched. It reads from the network, and in strange hands may say anything as
// often as it likes; each word may cost an event that lasts and is told to people, and a synced file. An honest link says
// something about a name every ten seconds at most (revocation_sources.every, link/fetcher.h), and more only once it was
// started or somebody asked for all anew. How long what it brings may be judged: judging_time.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/supervisor/paced_events.h"

namespace postern::supervisor {

class LinkWords {
 public:
  // About one name.
  static constexpr base::Rate kWords{10, 6 * base::kSecond}, kEvents{4, 600 * base::kSecond};

  // Whether it is listened to about this name now.
  bool may_speak(const std::string& name, base::Nanos now);
  // Whether it is recorded; then detail says how many were not before it ("unrecorded"). severe: it always is, for those
  // the link cannot repeat.
  bool may_record(const std::string& name, bool severe, base::Nanos now, base::Json& detail);
  // A person has asked for all of it anew: what comes of that is listened to and recorded.
  void ask_again();
  bool has(const std::string& name) const { return names_.contains(name); }
  // Of names that are fetched no more nothing is kept.
  void keep_only(const std::function<bool(const std::string&)>& known);
  std::size_t size() const { return names_.size(); }

 private:
  struct Name {
    base::Pace words;
    PacedEvents events{kEvents};
  };
  std::map<std::string, Name> names_;
};

}  // namespace postern::supervisor
