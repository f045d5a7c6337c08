// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission-control.yaml as a value, and what its files hold. docs/MISSION_CONTROL.md describes every key for people,
// mission-control.schema.json for editors, and a test holds both against this. Every fault says file:line:column and what
// would be right, as those of postern.yaml.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/unique_fd.h"
#include "base/yaml.h"
#include "certs/certificate.h"
#include "gateway/supervisor/config.h"
#include "mission/control/config_store.h"

namespace postern::mission {

struct Relay {
  supervisor::Address address{"0.0.0.0", 443, false};
  std::string domain;  // engineers ask for <label>.domain
};

struct Config {
  std::string domain;  // of the installations' names (line::InstallationName)
  std::string user;    // empty: as whoever starts us, who is not root
  base::Mark user_mark;
  supervisor::Sandbox sandbox = supervisor::Sandbox::Required;
  supervisor::Listener line;
  bool has_admin = false;                         // there is an admin listener
  supervisor::Listener admin;                     // for the vendor's people
  supervisor::FileName people;                    // the first of them; empty: none
  bool second_factor_required = true;             // of people who sign in
  std::optional<Relay> relay;                     // none: nobody is relayed
  supervisor::FileName authority, authority_key;  // of installations
  supervisor::FileName witness_key;               // empty: nobody's log is witnessed
  supervisor::FileName audit_key;                 // empty: the log of acts is not signed
  supervisor::FileName control_socket, state_directory;
  StoreConfig store;
  base::Micros retention = 90LL * 86400 * base::kWallSecond;  // of events
  int least_nodes = 0, least_cores = 0;  // of every installation; 0: nothing is said of it
  std::int64_t least_memory = 0;
  // When one is an alert (mission/desk/alarms.h).
  base::Micros alert_late = 300 * base::kWallSecond, alert_certificate = 5LL * 86400 * base::kWallSecond,
               alert_usage = 6LL * 3600 * base::kWallSecond;
  int connections = 20'000, connections_per_address = 1'000;  // on the line
  int relayed = 2'000, relayed_per_address = 100;             // engineers' connections
  base::Level log_level = base::Level::Info;
};

struct ParsedConfig {  // a config if and only if there is no fault
  std::shared_ptr<const Config> config;
  std::vector<base::Fault> faults;
};
// folder: where the file is, absolute.
ParsedConfig parse_config(std::string_view text, const std::string& folder);

const std::vector<supervisor::KeyTable>& config_keys();  // as the gateway's (gateway/supervisor/config.h)

// Keys as open files, certificates as text.
struct Material {
  struct Own {
    std::string chain_pem;
    certs::CertificateFacts leaf;
    base::UniqueFd key;
    std::string key_path, descriptor;
  };
  std::vector<Own> line, admin;  // of the listeners
  std::string people;            // the text of that file
  std::string authority_pem;
  base::UniqueFd authority_key;
  base::UniqueFd witness_key, audit_key;  // invalid: there is none
  StoreMaterial store;
};

struct Loaded {  // both if and only if there is no fault
  std::shared_ptr<const Config> config;
  std::shared_ptr<const Material> material;
  std::string faults;  // a line each
};
Loaded load(const std::string& path);

}  // namespace postern::mission
