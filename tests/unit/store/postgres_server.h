// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A PostgreSQL of our own for tests: in a new folder, on a Unix socket there, as nobody who matters.
#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "mission/store/postgres_database.h"

namespace postern::mission {

class PostgresServer {
 public:
  // The one of this process, started when it is first asked for, stopped when the tests are over.
  static PostgresServer& get();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string new_database(const std::string& options = "--encoding UTF8");  // its name
  base::UniqueFd connect() const;
  PostgresSettings settings(const std::string& database) const;
  // Connected as far as it comes.
  std::unique_ptr<PostgresDatabase> open(const std::string& database) const;
  void restart(const std::string& how);                                        // "fast", "immediate"
  std::string ask(const std::string& database, const std::string& sql) const;  // by psql

 private:
  PostgresServer();
  std::string run(const std::string& command) const;
  std::string folder_;
  int databases_ = 0;
};

// Until it is Ready or Lost, for ten seconds.
PostgresDatabase::State bring_together(PostgresDatabase& database, base::UniqueFd socket);

}  // namespace postern::mission
