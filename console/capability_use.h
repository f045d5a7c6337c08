// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who used a capability last, and when. Kept from the newest exchanges of the log: what is asked for again looks only at
// what came since.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "console/log_reader.h"

namespace postern::console {

class CapabilityUse {
 public:
  // Exchanges that one refresh looks at, the newest: of older ones nothing is known.
  static constexpr std::size_t kMostLookedAt = 10'000;

  base::Status refresh(LogReader& log);
  // {"items":[{"capability","engineer","session","time","event"}],"since"*}: since is set when older exchanges
  // were not looked at.
  base::Json to_json() const;

 private:
  struct Use {
    std::string engineer, session, event;
    base::Micros time = 0;
  };
  void take(const audit::FoundEvent& found);
  void forget_before(base::Micros time);

  std::map<std::string, Use, std::less<>> uses_;
  std::optional<std::uint64_t> newest_;  // index of the newest exchange that was looked at
  std::optional<base::Micros> since_;
};

}  // namespace postern::console
