// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control's authority for its installations, and the only certificates that it makes: a leaf for one URI of its
// domain, clientAuth, for a while. Pure: PEM in, PEM out.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/issue.h"

namespace postern::certs {

inline constexpr base::Micros kInstallationLife = 30LL * 86400 * base::kWallSecond;

// Self-signed, ECDSA P-256, pathlen 0, clientAuth alone, and critically constrained to URIs whose host is domain (a DNS
// name in lower case).
base::Result<Credentials> make_installation_authority(const std::string& domain, Validity validity);

class InstallationIssuer {
 public:
  // Invalid: the key is not the certificate's, that is no such authority for domain, or it is over.
  static base::Result<InstallationIssuer> read(const Credentials& authority, std::string_view domain,
                                               base::Micros now);
  InstallationIssuer(InstallationIssuer&& other) noexcept;
  InstallationIssuer& operator=(InstallationIssuer&& other) noexcept;
  ~InstallationIssuer();

  // The certificate in PEM. key: SubjectPublicKeyInfo in DER. Valid for kInstallationLife, but not beyond the authority's
  // own end. Invalid: the key is none, of a kind that RULES.md does not let pass, or the authority's own.
  base::Result<std::string> issue(const std::string& uri, std::string_view key, base::Micros now) const;

 private:
  struct Held;
  explicit InstallationIssuer(std::unique_ptr<Held> held);
  std::unique_ptr<Held> held_;
};

}  // namespace postern::certs
