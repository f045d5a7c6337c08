// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Looks now and then for what is wrong with installations, by rules over what the store knows, and keeps alerts of it. None flaps:
// what is found must have been so for as long as its rule says before it is an alert (fired), and must have been gone for kKeep
// before that is over (resolved). Of several servers each looks, and the store lets one of them fire and resolve.
//
//   late         its line is down for longer than alerts.late
//   health       what it tells of its health is critical, or a warning
//   resource     one of its resources is at its threshold (the warnings in its health: host.disk ...)
//   certificate  its certificate is over within alerts.certificate, and was not renewed
//   usage        it told usage within a week, its line is up, and nothing came for alerts.usage
//   event        it reported one that is severe, or Mission Control noticed one: connected twice, another history of its log
//
// What installations can cause is bounded: by alert_limit.h how much of it is open, by kMostChanges what one look does, by a pace what
// is an event of theirs.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "mission/desk/paced_notes.h"
#include "mission/desk/parts.h"

namespace postern::mission {

struct AlertSettings {
  base::Micros late = 300 * base::kWallSecond;
  base::Micros certificate = 5LL * 86400 * base::kWallSecond;
  base::Micros usage = 6LL * 3600 * base::kWallSecond;
};
AlertSettings read_alert_settings(const base::Json& part);  // "alerts" of the desk's part

class Alarms {
 public:
  Alarms(Parts& parts, AlertSettings settings);
  Alarms(const Alarms&) = delete;
  Alarms& operator=(const Alarms&) = delete;

  void look();

  static constexpr base::Nanos kEvery = 15 * base::kSecond;
  static constexpr base::Micros kHealthHold = 240 * base::kWallSecond;  // two reports
  static constexpr base::Micros kKeep = 300 * base::kWallSecond;
  static constexpr base::Micros kEventKeeps = 3600 * base::kWallSecond;
  // That one look writes, within one turn of the loop: what is left is the next one's.
  static constexpr std::size_t kMostChanges = 1'000;

 private:
  using Place = std::tuple<std::string, std::string, std::string>;  // installation, rule, subject
  base::Result<std::vector<Finding>> find(base::Micros now);
  struct Work {  // of a place
    const Finding* finding = nullptr;
    const Alert* alert = nullptr;
  };
  base::Status settle(std::vector<Finding> found, base::Micros now);
  base::Status settle_one(const Work& work, base::Micros now);
  base::Status still(const Alert& alert, const Finding& finding, base::Micros now);
  base::Status over(const Alert& alert, base::Micros now);

  Parts& parts_;
  AlertSettings settings_;
  PacedNotes notes_;
  std::size_t changes_ = 0;  // of this look
  Place stopped_at_;         // in the look before; empty: it came to its end
};

base::Json json_of_alert(const Alert& alert);

}  // namespace postern::mission
