// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who shows a certificate on the line: all that is asked of the store about that, in one question, because each request asks it.
#pragma once

#include <optional>
#include <string_view>

#include "mission/store/certificates.h"
#include "mission/store/installations.h"
#include "mission/store/subject.h"

namespace postern::mission {

struct AskerRecord {
  Installation installation;
  IssuedCertificate certificate;
  base::Micros successor_seen =
      0;  // when the certificate that replaced it was first used; 0: there is none, or it was not
};

class Askers : public Subject {
 public:
  // Nothing: there is no such installation, or the certificate is not its.
  base::Result<std::optional<AskerRecord>> asker(std::string_view installation, std::string_view serial);

 protected:
  using Subject::Subject;
};

}  // namespace postern::mission
