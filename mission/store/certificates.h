// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The installations' certificates: one that does not stand here is not believed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mission/store/subject.h"

namespace postern::mission {

struct IssuedCertificate {
  std::string serial;  // hexadecimal
  std::string installation;
  base::Micros issued = 0, until = 0;
  base::Micros first_seen = 0;   // used on the line; 0: never
  std::string replaced_by = {};  // serial
  std::string key = {};          // SHA-256 of its SubjectPublicKeyInfo, hexadecimal
};

class Certificates : public Subject {
 public:
  base::Result<std::optional<IssuedCertificate>> certificate(std::string_view serial);
  base::Result<std::vector<IssuedCertificate>> certificates(
      std::string_view installation);  // the newest first
  base::Status note_certificate_seen(std::string_view serial, base::Micros now);
  // It replaces all that its installation has, whichever was shown for it: of two that were made from one, the older one would be
  // nobody's, and good for its whole life, in the hands of whoever copied the first.
  base::Status renew(const IssuedCertificate& fresh);

 protected:
  using Subject::Subject;
};

// For whoever makes the installation with it.
base::Status add_certificate(Turn& turn, const IssuedCertificate& one);

}  // namespace postern::mission
