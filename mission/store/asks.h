// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the vendor's people asked of installations (line/asks.h), and where it stands there as far as we were told.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "line/asks.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr std::int64_t kMostOpenAsks = 50;  // of one installation, that are not over
// After so long an installation is not asked any more, whatever it said last.
inline constexpr base::Micros kAskLives = 30LL * 86400 * base::kWallSecond;
// What was applied so long ago cannot be undone any more, and is not asked about either.
inline constexpr base::Micros kAppliedLives = 25LL * 3600 * base::kWallSecond;

struct KeptAsk {
  std::string installation;
  line::Ask ask;  // stands is what we were told
  base::Micros created = 0;
  std::string note;        // of where it stands
  base::Micros until = 0;  // likewise
  base::Micros told = 0;   // when we were; 0: never
};

class AskedOfInstallations : public Subject {
 public:
  // Limit: kMostOpenAsks wait there.
  base::Status add_ask(const KeptAsk& ask);
  base::Result<std::optional<KeptAsk>> ask(std::string_view id);
  // The newest first. installation: empty, of all.
  base::Result<std::vector<KeptAsk>> asks(line::AskKind kind, std::string_view installation,
                                          std::string_view before, std::size_t most);
  // What an installation has to be asked, the oldest first.
  base::Result<std::vector<KeptAsk>> open_asks(std::string_view installation, base::Micros now);
  // False: there is none that is not over.
  base::Result<bool> withdraw_ask(std::string_view id);
  // False: it is nothing that we asked of that installation, or no news.
  base::Result<bool> note_standing(std::string_view installation, const line::Standing& standing,
                                   base::Micros now);

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
