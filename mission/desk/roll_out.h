// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How far roll-outs are: of an update ring by ring, and of the fleet who is behind. Counted by the store, with a few statements whatever
// the fleet's size: one for all that stands open, and one for each update that is the newest of what it is of (measured at 10,000
// installations: docs/MISSION_CONTROL.md).
//
// Versions are not compared (docs/UPDATES.md). An update replaces another of the same service or product if its `from` names that one's
// version, or if it may replace any and the other names not its version; of two that may replace each other alike, the one that was
// published later does, or the one whose name comes last. So of what an installation was never told it is expected to have heard of
// those alone, of what its ring is offered, that no other one replaces.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "mission/desk/parts.h"

namespace postern::mission {

// update_json's part that the store counts: of each ring with installations in it
//   {"ring","installations","offered","taken","waiting","failed","cancelled","not_for","untold","behind"}
// behind: that are offered it and have not taken it: waiting, failed, cancelled or untold.
base::Json ring_progress(const UpdateOffer& offer, const std::vector<UpdateCount>& rings,
                         const std::vector<UpdateCount>& states);

// Of an offer, what decides which of two replaces the other.
struct Replacing {
  std::string name, of, version;  // of: "service prometheus", "product postern"
  std::vector<std::string> from;
  std::int64_t ring = 0;
  bool suspended = false;
  base::Micros published = 0;
};
Replacing replacing_of(const UpdateOffer& offer);
bool replaces(const Replacing& one, const Replacing& other);

struct Lag {
  std::int64_t ring = kLastRing;
  std::int64_t offered = 0;  // to its ring, and not suspended
  std::int64_t behind =
      0;  // of these it was told, has not taken them, nor one that replaces them; those that failed included
  std::int64_t failed = 0;  // of these, or of those that are suspended by now
  std::int64_t untold = 0;  // said nothing of
};
base::Json to_json(const Lag& lag);

// Of the whole fleet, as it stands when it is counted.
class Lags {
 public:
  static base::Result<Lags> count(Store& store);
  Lag of(const std::string& installation) const;

 private:
  struct Ring {
    std::int64_t offered = 0;
    std::vector<std::string>
        heads;  // of what is offered to it and not suspended: those that no other one replaces
  };
  using Told = std::map<std::string, std::string, std::less<>>;  // update -> state

  bool was_replaced(const Replacing& update, const Told& told) const;

  std::map<std::string, Replacing, std::less<>> offers_;  // to some ring
  std::map<std::int64_t, Ring> rings_;
  std::map<std::string, std::int64_t, std::less<>> given_;  // rings, by installation
  std::map<std::string, Told, std::less<>>
      told_;  // by installation: what stands open, and of heads what is over, too
};

}  // namespace postern::mission
