// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/postgres_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace postern::mission {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";

class StopsAtTheEnd final : public testing::Environment {
 public:
  explicit StopsAtTheEnd(std::unique_ptr<PostgresServer>& server) : server_(server) {}
  void TearDown() override { server_.reset(); }

 private:
  std::unique_ptr<PostgresServer>& server_;
};

}  // namespace

PostgresServer& PostgresServer::get() {
  static std::unique_ptr<PostgresServer> server;
  if (server == nullptr) {
    server.reset(new PostgresServer);
    testing::AddGlobalTestEnvironment(new StopsAtTheEnd(server));  // which gtest owns
  }
  return *server;
}

// It does not run as root: then it is Debian's account for it that does.
std::string PostgresServer::run(const std::string& command) const {
  const std::string as = ::geteuid() == 0 ? "runuser -u postgres -- " : "";
  FILE* pipe = ::popen(("cd / && " + as + kPrograms + command + " 2>&1").c_str(), "r");
  POSTERN_CHECK(pipe != nullptr);
  std::string out;
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) out += buffer.data();
  EXPECT_EQ(::pclose(pipe), 0) << command << ": " << out;
  return out;
}

PostgresServer::PostgresServer() {
  char name[] = "/tmp/postern-postgres-XXXXXX";
  folder_ = ::mkdtemp(name);
  if (::geteuid() == 0) {
    EXPECT_EQ(std::system(("chown postgres " + folder_).c_str()), 0) << "postgresql-15 is not installed";
  }
  run("initdb -D " + folder_ + "/data -U mission -A trust --no-sync --locale=C --encoding=UTF8 >/dev/null");
  // A test does not ask whether the disk keeps what is synced.
  run("pg_ctl -D " + folder_ + "/data -w -l " + folder_ + "/log -o \"-k " + folder_ +
      " -c listen_addresses= -c fsync=off -c max_connections=40\" start >/dev/null");
}

PostgresServer::~PostgresServer() {
  run("pg_ctl -D " + folder_ + "/data -w -m immediate stop >/dev/null");
  EXPECT_EQ(std::system(("rm -rf " + folder_).c_str()), 0);
}

std::string PostgresServer::new_database(const std::string& options) {
  const std::string name = "test" + std::to_string(++databases_);
  run("createdb -h " + folder_ + " -U mission " + options + " --template template0 " + name);
  return name;
}

base::UniqueFd PostgresServer::connect() const {
  base::UniqueFd out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder_ + "/.s.PGSQL.5432").c_str(), sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return out;
}

PostgresSettings PostgresServer::settings(const std::string& database) const {
  PostgresSettings out;
  out.host = folder_;
  out.database = database;
  out.user = "mission";
  return out;
}

std::unique_ptr<PostgresDatabase> PostgresServer::open(const std::string& database) const {
  auto out = std::make_unique<PostgresDatabase>(settings(database));
  bring_together(*out, connect());
  return out;
}

void PostgresServer::restart(const std::string& how) {
  run("pg_ctl -D " + folder_ + "/data -w -m " + how + " -l " + folder_ + "/log restart >/dev/null");
}

std::string PostgresServer::ask(const std::string& database, const std::string& sql) const {
  std::string out = run("psql -h " + folder_ + " -U mission -At -d " + database + " -c \"" + sql + "\"");
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

PostgresDatabase::State bring_together(PostgresDatabase& database, base::UniqueFd socket) {
  using State = PostgresDatabase::State;
  State state = database.start(std::move(socket));
  while (state == State::WantsToRead || state == State::WantsToWrite) {
    pollfd waiting{database.socket(), static_cast<short>(state == State::WantsToRead ? POLLIN : POLLOUT), 0};
    if (::poll(&waiting, 1, 10'000) != 1) break;
    state = database.advance();
  }
  return state;
}

}  // namespace postern::mission
