// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The line's part of the configuration as values ("line" of the link's part; supervisor/parts.h): where Mission Control is,
// how it is recognised, who we are, and what is asked of the link just now. Checked by the supervisor; what is wrong here
// is a defect.
//
//   {"id", "host", "tls_name", "roots", "revocation": "hard"|"soft", "crls"*, "life", "version", "certificate", "from",
//    "until", "proxy": null | {"user", "fd"*}, "enrol": null | {"asked", "code", "request"}, "check"}
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "gateway/link/proxy_greeting.h"
#include "gateway/link/settings.h"
#include "gateway/tls/client_context.h"
#include "gateway/tls/remote_signer.h"

namespace postern::link {

struct LineEnrolment {
  std::int64_t asked = 0;  // rises with each time that a person asks
  std::string code, request;
};

struct LineSettings {
  std::uint32_t place = 0;  // by which the supervisor knows whom to connect to: the proxy, where there is one
  std::string host;         // Mission Control's host[:port]
  std::string tls_name;
  std::string life;     // ULID: of this installation's present life
  std::string version;  // of Postern
  bool through_proxy = false;
  ProxyLogin login;
  std::shared_ptr<ProxyMemory> memory;      // with a proxy
  std::shared_ptr<tls::ClientContext> own;  // shows the installation's certificate; nullptr: it has none yet
  std::shared_ptr<tls::ClientContext> nameless;
  base::Micros from = 0, until = 0;  // of the certificate
  std::optional<LineEnrolment> enrol;
  std::int64_t check = 0;  // rises with each check that a person asks for; 0: none
  std::string identity;    // two that are equal in it can share a connection

  // signer: for the installation's key; outlives this. It is asked for nothing here.
  static base::Result<LineSettings> read(const base::Json& part, const base::Clock& clock,
                                         tls::RemoteSigner& signer, const Settings::TakeFile& file);
};

}  // namespace postern::link
