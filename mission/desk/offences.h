// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations send that no link would: documents of a wrong form, and more requests than the pace allows. Each is refused
// where it comes, and costs others nothing; here it is counted, so that people see it: the event `installation.misbehaves`, at the
// first document of a wrong form, or once so many requests came too fast, and then every kTellEvery at most, with how many of both
// there were since the one before. It is an alert for an hour (store/alerts.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "mission/desk/parts.h"

namespace postern::mission {

class Offences {
 public:
  static constexpr base::Nanos kTellEvery = 600 * base::kSecond;
  // A link that is in trouble meets the pace, too; one that floods meets it hundreds of times a second.
  static constexpr std::int64_t kTooOften = 500;
  static constexpr std::size_t kMost = 100'000;  // installations that are counted at a time

  explicit Offences(Parts& parts) : parts_(parts) {}
  Offences(const Offences&) = delete;
  Offences& operator=(const Offences&) = delete;

  void malformed(const std::string& installation, std::string_view why);
  void too_often(const std::string& installation);

 private:
  struct Offender {
    std::int64_t malformed = 0, too_often = 0;  // since it was told last
    std::string why;                            // of the last that was malformed
    base::Nanos told = 0;                       // 0: never
    base::Nanos seen = 0;
  };
  Offender* offender(const std::string& installation);
  void tell_if_due(const std::string& installation, Offender& one);

  Parts& parts_;
  std::map<std::string, Offender> offenders_;
};

}  // namespace postern::mission
