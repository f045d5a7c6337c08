// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control's authority for installations, as its keeper holds it. The certificate is made here and not by who asks:
// of what the desk says, only an id that has a ULID's form and a key enter it. Whoever takes over the desk can have such
// certificates made, each for thirty days and for one installation of our domain, and nothing else signed. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "certs/installation_issuer.h"

namespace postern::keeper {

class InstallationSigner {
 public:
  // domain: of line::InstallationName. At most once. Invalid: see certs/installation_issuer.h.
  base::Status set(const certs::Credentials& authority, const std::string& domain, base::Micros now);

  // PEM. Denied with one sentence.
  base::Result<std::string> issue(std::string_view id, std::string_view key, base::Micros now) const;

 private:
  std::optional<certs::InstallationIssuer> issuer_;
  std::string domain_;
};

}  // namespace postern::keeper
