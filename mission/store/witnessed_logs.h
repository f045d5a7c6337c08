// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which log is an installation's, and the newest checkpoint of it that Mission Control, as its witness, has seen (C2SP
// tlog-witness). One log of each installation, and no log of two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "mission/store/subject.h"

namespace postern::mission {

struct WitnessedLog {
  std::string installation;
  std::string origin;         // the log's name
  std::string key;            // a verifier key (certs/note.h), of that name
  std::int64_t size = 0;      // events under the newest checkpoint; 0: none was seen
  std::string root;           // base64
  std::string cosigned;       // that checkpoint, with the log's signature and ours; may be an older one's
  base::Micros at = 0;        // when it was seen
  base::Micros conflict = 0;  // when another history was shown last; 0: never
  std::string offered;        // another key that the installation says its log has, which nobody has accepted
};

class WitnessedLogs : public Subject {
 public:
  base::Result<std::optional<WitnessedLog>> log_of(std::string_view installation);
  base::Result<std::optional<WitnessedLog>> log_named(std::string_view origin);
  // False: the installation has one, or another has that one.
  base::Result<bool> add_log(std::string_view installation, std::string_view origin, std::string_view key);
  base::Status set_offered(std::string_view installation, std::string_view key);
  // The key that was offered is the log's from now on. Of another log, nothing was seen. False: it is not offered any more, or
  // another installation has that log.
  base::Result<bool> accept_offered(const WitnessedLog& log, std::string_view origin);
  // From what was seen, to what is seen now. False: it is not what was seen any more.
  base::Result<bool> see_log(const WitnessedLog& seen, std::int64_t size, std::string_view root,
                             base::Micros now);
  base::Status set_log_conflict(std::string_view installation, base::Micros now);
  base::Status set_cosigned(std::string_view installation, std::string_view note);

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
