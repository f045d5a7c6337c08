// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// store in mission-control.yaml: where what Mission Control knows is kept, and how PostgreSQL is reached.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/supervisor/config_reader.h"
#include "gateway/supervisor/connector.h"

namespace postern::mission {

struct StoreConfig {
  bool postgresql = false;  // false: SQLite in the state directory
  std::string host;         // a name or an address; or the folder of its Unix socket
  int port = 5432;
  std::string database, user;
  supervisor::FileName password, certificate, key, roots;
  std::string tls_name;  // empty: the host

  bool local() const { return host.starts_with('/'); }
  std::string where() const;  // "db.example.com:5432", "/run/postgresql/.s.PGSQL.5432"
};

void read_store(supervisor::ConfigReader& read, const base::YamlNode& root, StoreConfig& out);

// What its files hold.
struct StoreMaterial {
  std::string roots_pem, certificate_pem;
  base::UniqueFd password, key;
};

// The desk's part; and what tells one configuration from another.
base::Json store_part(const StoreConfig& config, const StoreMaterial& material);

// A socket that is connected to it, for the desk, which connects to nothing.
void connect_store(supervisor::Connector& connector, const StoreConfig& config,
                   std::function<void(base::Result<base::UniqueFd>)> done);

}  // namespace postern::mission
