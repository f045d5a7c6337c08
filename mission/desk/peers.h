// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The other servers of this Mission Control behind one store, as this one sees them. It counts its own beat up every few
// seconds; a server whose beat stands still for kDead, by our clock and while we see the store, is taken out, and its
// installations are late in time, unless they come to another. What others leave for us (a stream that has moved, an order) is
// taken when the store tells us of it, and with each beat, should the word be lost.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "mission/desk/lives.h"
#include "mission/desk/parts.h"

namespace postern::mission {

class Peers {
 public:
  static constexpr base::Nanos kBeat = 5 * base::kSecond;
  static constexpr base::Nanos kDead = 30 * base::kSecond;
  static constexpr base::Nanos kRetiredEvery = 60 * base::kSecond;  // should that word have been lost

  // alone: nobody else can have the same store.
  Peers(Parts& parts, Lives& lives, Server self, bool alone)
      : parts_(parts), lives_(lives), self_(std::move(self)), alone_(alone) {}
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  void ready();                       // the store is there, or there again
  void look();                        // every second or so
  void heard(std::string_view text);  // the store told it: somebody has something to do

 private:
  struct Seen {
    std::string run;
    std::int64_t beat = 0;
    base::Nanos since = 0;
  };
  bool beat();
  bool join();
  void go_on();
  void take_tasks();
  void watch();

  Parts& parts_;
  Lives& lives_;
  Server self_;
  const bool alone_;
  bool joined_ = false, resumed_ = false;
  base::Nanos beaten_ = 0, retired_asked_ = 0;
  std::map<std::string, Seen> seen_;  // by id
};

// For status: who there is.
base::Result<base::Json> servers_json(Parts& parts, const Lives& lives);

}  // namespace postern::mission
