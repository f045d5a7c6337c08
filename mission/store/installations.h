// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The installations, and whether they are up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr std::size_t kMostInstallations = 2'000'000;

enum class Standing : std::uint8_t {
  New,   // never had its orders' stream open
  Up,    // it has, or had less than line::kSilence ago
  Late,  // it has not for longer
  Retired,
};
std::string_view to_text(Standing standing);  // "new"

struct Installation {
  std::string id, customer;
  std::string version;  // of Postern, as it said when it enrolled
  base::Micros enrolled = 0;
  Standing standing = Standing::New;
  base::Micros since = 0;  // of that standing
  base::Micros heard = 0;  // when its last request came, as far as is written down
  std::int64_t events = 0, event_bytes = 0;
  std::string line = {};  // the server that has its orders' stream; empty: none has
};

class Installations : public Subject {
 public:
  base::Result<std::optional<Installation>> installation(std::string_view id);
  base::Result<std::vector<Installation>> installations();
  // How many are in each standing, by its number.
  base::Result<std::vector<std::int64_t>> count_standings();
  // Also of a retired one, whose standing stays.
  base::Status note_heard(std::string_view id, base::Micros now);
  base::Status set_standing(std::string_view id, Standing standing, base::Micros since);

 protected:
  using Subject::Subject;
};

// For whoever makes one: with its code (enrolments.h).
base::Status add_installation(Turn& turn, const Installation& made);

}  // namespace postern::mission
