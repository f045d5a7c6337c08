// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/offences.h"

#include "base/bytes.h"

namespace postern::mission {

namespace {
constexpr std::size_t kLongestOffence = 200;  // bytes of a sentence about it
}  // namespace

void Offences::malformed(const std::string& installation, std::string_view why) {
  Offender* const one = offender(installation);
  if (one == nullptr) return;
  ++one->malformed;
  one->why = base::printable(why, kLongestOffence);
  tell_if_due(installation, *one);
}

void Offences::too_often(const std::string& installation) {
  Offender* const one = offender(installation);
  if (one == nullptr) return;
  ++one->too_often;
  tell_if_due(installation, *one);
}

// What was quiet for two whole times is forgotten, when there is no room.
Offences::Offender* Offences::offender(const std::string& installation) {
  const base::Nanos now = parts_.clock.monotonic();
  if (offenders_.size() >= kMost && !offenders_.contains(installation))
    std::erase_if(offenders_, [now](const auto& one) { return now - one.second.seen >= 2 * kTellEvery; });
  if (offenders_.size() >= kMost && !offenders_.contains(installation)) return nullptr;
  Offender& one = offenders_[installation];
  one.seen = now;
  return &one;
}

void Offences::tell_if_due(const std::string& installation, Offender& one) {
  const base::Nanos now = parts_.clock.monotonic();
  if (one.told != 0 && now - one.told < kTellEvery) return;
  if (one.malformed == 0 && one.too_often < kTooOften) return;
  base::Json body{{"malformed", one.malformed}, {"too_often", one.too_often}};
  if (!one.why.empty()) body["why"] = one.why;
  parts_.note(installation, "installation.misbehaves", std::move(body));
  one.malformed = one.too_often = 0;
  one.why.clear();
  one.told = now;
}

}  // namespace postern::mission
