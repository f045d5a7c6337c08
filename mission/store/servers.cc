// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/servers.h"

#include <algorithm>
#include <utility>

namespace postern::mission {
namespace {

Server server_in(const Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.number(4), row.number(5), row.number(6)};
}

}  // namespace

base::Result<std::vector<Server>> Servers::servers() {
  return turn_.all("SELECT id, name, version, run, beat, started, connected FROM servers ORDER BY id", {},
                   server_in);
}

base::Status Servers::join(const Server& server) {
  base::Status done = turn_.act(
      "INSERT INTO servers (id, name, version, run, beat, started) VALUES (?1,?2,?3,?4,0,?5) ON CONFLICT "
      "(id) DO UPDATE "
      "SET name=excluded.name, version=excluded.version, run=excluded.run, beat=0, started=excluded.started, "
      "connected=0",
      {server.id, server.name, server.version, server.run, server.started});
  if (done.ok()) done = turn_.act("DELETE FROM lines WHERE server=?1", {server.id});
  if (done.ok()) done = turn_.act("DELETE FROM tasks WHERE server=?1", {server.id});
  return done;
}

base::Result<bool> Servers::beat(const Server& server) {
  const auto touched = turn_.touch("UPDATE servers SET beat=beat+1, connected=?1 WHERE id=?2 AND run=?3",
                                   {server.connected, server.id, server.run});
  if (!touched.ok()) return touched.error();
  return *touched > 0;
}

base::Result<bool> Servers::forget_server(const Server& server) {
  const auto touched = turn_.touch("DELETE FROM servers WHERE id=?1 AND run=?2 AND beat=?3",
                                   {server.id, server.run, server.beat});
  if (!touched.ok()) return touched.error();
  if (*touched == 0) return false;
  base::Status done = turn_.act("DELETE FROM lines WHERE server=?1", {server.id});
  if (done.ok()) done = turn_.act("DELETE FROM tasks WHERE server=?1", {server.id});
  if (!done.ok()) return std::move(done).error();
  return true;
}

base::Status Servers::leave_task(std::string_view server, std::string_view installation,
                                 std::string_view task) {
  base::Status done = turn_.act("INSERT INTO tasks (server, installation, body) VALUES (?1,?2,?3)",
                                {server, installation, task});
  return done.ok() ? turn_.tell(server) : done;
}

base::Result<std::vector<Servers::Task>> Servers::take_tasks(std::string_view server) {
  std::vector<std::pair<std::int64_t, Task>> taken;
  const auto touched = turn_.touch("DELETE FROM tasks WHERE server=?1 RETURNING number, installation, body",
                                   {server}, [&](const Row& row) {
                                     taken.emplace_back(row.number(0), Task{row.text(1), row.text(2)});
                                   });
  if (!touched.ok()) return touched.error();
  std::sort(taken.begin(), taken.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Task> out;
  out.reserve(taken.size());
  for (auto& [number, task] : taken) out.push_back(std::move(task));
  return out;
}

}  // namespace postern::mission
