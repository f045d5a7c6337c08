// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `mission-control store move`, as a program of its own in libexec/postern: it speaks to databases, which the program that people
// call, and which becomes the supervisor, cannot. Offline: no server runs meanwhile.
#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/file.h"
#include "certs/private_key.h"
#include "certs/webhook_secret.h"
#include "gateway/loop/loop.h"
#include "gateway/supervisor/connector.h"
#include "gateway/supervisor/process.h"
#include "mission/control/config.h"
#include "mission/control/config_store.h"
#include "mission/store/move.h"
#include "mission/store/postgres_database.h"
#include "mission/store/schema.h"
#include "mission/store/sqlite_database.h"

namespace postern::mission {
namespace {

constexpr int kPatienceMillis = 10'000;

int complain(const std::string& message) {
  std::fprintf(stderr, "mission-control: store move: %s\n", message.c_str());
  return 1;
}

base::Result<base::UniqueFd> connected_to(const StoreConfig& config) {
  loop::Loop loop;
  supervisor::Connector connector(loop);
  base::Result<base::UniqueFd> out = base::fail(base::Code::Unavailable, "nobody answered");
  bool over = false;
  connect_store(connector, config, [&](base::Result<base::UniqueFd> socket) {
    out = std::move(socket);
    over = true;
  });
  while (!over) loop.turn();
  return out;
}

base::Result<std::unique_ptr<Database>> open_postgres(const StoreConfig& config,
                                                      const StoreMaterial& material) {
  // It looks for what is not said in its user's home, which is root's where root called us.
  ::setenv("HOME", "/nonexistent", 1);  // NOLINT(concurrency-mt-unsafe): there is one thread
  PostgresSettings settings;
  settings.patience = 10 * base::kSecond;  // whole tables are sorted, and nobody else waits
  settings.host = config.local() || config.tls_name.empty() ? config.host : config.tls_name;
  settings.port = static_cast<std::uint16_t>(config.port);
  settings.database = config.database;
  settings.user = config.user;
  settings.roots_file = config.roots.path;
  settings.certificate_file = config.certificate.path;
  settings.key_file = config.key.path;
  if (material.password.valid()) {
    auto text = base::read_open_file(material.password.get(), config.password.path, certs::kKeyFileLimit);
    if (!text.ok()) return text.error();
    const auto password = certs::read_password(*text);
    base::wipe(*text);
    if (!password.ok()) return password.error();
    settings.password = std::string(password->view());
  }
  auto socket = connected_to(config);
  if (!socket.ok())
    return base::fail(base::Code::Unavailable, config.where() + ": " + socket.error().message);
  auto out = std::make_unique<PostgresDatabase>(std::move(settings));
  using State = PostgresDatabase::State;
  State state = out->start(*std::move(socket));
  while (state == State::WantsToRead || state == State::WantsToWrite) {
    pollfd waiting{out->socket(), static_cast<short>(state == State::WantsToRead ? POLLIN : POLLOUT), 0};
    if (::poll(&waiting, 1, kPatienceMillis) != 1)
      return base::fail(base::Code::Timeout, config.where() + " does not answer");
    state = out->advance();
  }
  if (state != State::Ready) return base::fail(base::Code::Unavailable, config.where() + ": " + out->why());
  return std::unique_ptr<Database>(std::move(out));
}

base::Result<std::unique_ptr<Database>> open_store(const Loaded& loaded, bool source) {
  if (loaded.config->store.postgresql) return open_postgres(loaded.config->store, loaded.material->store);
  const std::string file = loaded.config->state_directory.path + "/mission.sqlite";
  if (source && !base::read_file(file, 0).ok() &&
      base::read_file(file, 0).error().code == base::Code::NotFound)
    return base::fail(base::Code::NotFound, file + " is not there: there is nothing to move");
  auto out = open_sqlite_database(file);
  if (!out.ok()) return out;
  if (base::Status ready = bring_up(**out); !ready.ok()) return std::move(ready).error();
  return out;
}

std::string place_of(const Config& config) {
  return config.store.postgresql ? config.store.where() + " " + config.store.database
                                 : config.state_directory.path + "/mission.sqlite";
}

int move_between(const std::string& from_path, const std::string& to_path, bool json) {
  const Loaded from = load(supervisor::absolute(from_path)), to = load(supervisor::absolute(to_path));
  for (const Loaded* one : {&from, &to})
    if (one->config == nullptr) return complain("the configuration has faults:\n" + one->faults);
  if (place_of(*from.config) == place_of(*to.config))
    return complain("both configurations keep their store in " + place_of(*to.config));
  if (from.config->domain != to.config->domain)
    return complain("the configurations are of two Mission Controls: their domains differ");
  const auto account = supervisor::choose_account(to.config->user, to.config->user_mark, to_path);
  base::Status ready = account.ok() ? supervisor::give_up_root(*account) : base::Status(account.error());
  if (!ready.ok()) return complain(ready.error().message);
  auto source = open_store(from, true);
  if (!source.ok()) return complain(source.error().message);
  auto target = open_store(to, false);
  if (!target.ok()) return complain(target.error().message);
  StoreMove move{**source, **target};
  move.on_progress = [](const std::string& table, std::int64_t rows, bool read) {
    std::fprintf(stderr, "%s: %lld rows %s\n", table.c_str(), static_cast<long long>(rows),
                 read ? "read back" : "written");
  };
  const auto moved = move_store(move);
  if (!moved.ok()) return complain(moved.error().message);
  base::Json tables = base::Json::array();
  std::string text;
  for (const MovedTable& one : *moved) {
    tables.push_back({{"table", one.name}, {"rows", one.rows}, {"sha256", one.sha256}});
    text += one.name + ": " + std::to_string(one.rows) + " rows, " + one.sha256.substr(0, 16) + "\n";
  }
  text += "Moved to " + place_of(*to.config) + ", and read back from it with the same hashes. " +
          place_of(*from.config) +
          " is as it was.\nServe with the new configuration from now on, and not with the old one.\n";
  const std::string out = json ? base::dump_json(base::Json{{"tables", tables}}) + "\n" : text;
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}

}  // namespace
}  // namespace postern::mission

int main(int argc, char** argv) {
  using namespace postern;
  if (argc != 4) return mission::complain("is called by mission-control store move");
  if (const base::Status crypto = base::init_crypto(); !crypto.ok())
    return mission::complain(crypto.error().message);
  base::set_log_name("store move");
  return mission::move_between(argv[1], argv[2], std::string(argv[3]) == "json");
}
