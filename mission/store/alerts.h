// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Alerts: what is wrong with an installation by a rule (mission/desk/alarms.h), from when it was first seen until it was gone for
// long enough. One of a rule and a subject is open at a time. Every server may write what it finds: what one wrote is not
// written again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr std::size_t kAlertsPage = 1'000;  // of one answer
// That are over, of a rule and an installation: then the oldest go.
inline constexpr std::int64_t kMostResolved = 500;
// The subject of severe events whose types no gateway of this version has: one of a newer version, or a hostile one. A type of the
// catalogue has no blank.
inline constexpr std::string_view kOtherTypes = "other types";

// What is so now, by a rule.
struct Finding {
  std::string installation, rule;
  std::string subject = {};  // of a rule about several: "host.disk"
  bool severe = false;
  std::string what = {};   // for people
  base::Micros hold = 0;   // for so long it must have been so before it is an alert
  base::Micros since = 0;  // it is known to be so; 0: from now on
  bool noticed = false;    // by Mission Control itself, and not only told
};

struct Alert {
  std::int64_t number = 0;
  std::string id, installation, rule, subject;
  bool severe = false;
  std::string what;
  base::Micros since = 0;     // it was first seen
  base::Micros fired = 0;     // 0: it has not been so for long enough
  base::Micros gone = 0;      // it is not so any more; 0: it is
  base::Micros resolved = 0;  // and was not for long enough; 0: it is open
  base::Micros acknowledged = 0;
  std::string by;  // whom
};

class Alerts : public Subject {
 public:
  base::Result<std::vector<Alert>> open_alerts();  // those that have not fired, too
  struct AlertsWanted {
    bool resolved = false;  // those, too
    std::string_view installation = "";
    std::int64_t below = 0;  // 0: the newest first, of all
    std::size_t most = 100;
  };
  base::Result<std::vector<Alert>> alerts(const AlertsWanted& wanted);  // that have fired
  base::Status add_alert(const Alert& alert);  // nothing if one of its rule and subject is open
  // True: this changed it, and no other server did before. The alert is found by its id.
  base::Result<bool> fire_alert(const Alert& alert, base::Micros now);
  base::Result<bool> resolve_alert(const Alert& alert, base::Micros now);
  base::Status set_alert_gone(const Alert& alert, base::Micros gone);
  base::Status set_alert_words(const Alert& alert, bool severe, std::string_view what);
  base::Status drop_alert(const Alert& alert);  // that never fired
  base::Result<bool> acknowledge_alert(std::string_view id, std::string_view by, base::Micros now);

  // What rules are about.
  base::Result<std::vector<Finding>> late_installations(base::Micros since_before);
  base::Result<std::vector<Finding>> ending_certificates(base::Micros until_before);
  base::Result<std::vector<Finding>> silent_usage(base::Micros told_since, base::Micros not_since);
  base::Result<std::vector<Finding>> serious_events(base::Micros received_since);
  // "warnings" of the newest report of health, which are of those alone.
  struct Warned {
    std::string installation;
    base::Json health;
  };
  base::Result<std::vector<Warned>> health_reports(base::Micros received_since);

 protected:
  using Subject::Subject;
  base::Status forget_alerts(base::Micros before);
};

}  // namespace postern::mission
