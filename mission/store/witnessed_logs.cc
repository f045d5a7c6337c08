// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/witnessed_logs.h"

namespace postern::mission {
namespace {

constexpr std::string_view kOfInstallation =
    "SELECT installation, origin, key, size, root, cosigned, at, conflict, offered FROM witnessed_logs "
    "WHERE installation=?1";
constexpr std::string_view kNamed =
    "SELECT installation, origin, key, size, root, cosigned, at, conflict, offered FROM witnessed_logs "
    "WHERE origin=?1";

WitnessedLog witnessed_log_in(const Row& row) {
  return {row.text(0), row.text(1),   row.text(2),   row.number(3), row.text(4),
          row.text(5), row.number(6), row.number(7), row.text(8)};
}

}  // namespace

base::Result<std::optional<WitnessedLog>> WitnessedLogs::log_of(std::string_view installation) {
  return turn_.one(kOfInstallation, {installation}, witnessed_log_in);
}

base::Result<std::optional<WitnessedLog>> WitnessedLogs::log_named(std::string_view origin) {
  return turn_.one(kNamed, {origin}, witnessed_log_in);
}

base::Result<bool> WitnessedLogs::add_log(std::string_view installation, std::string_view origin,
                                          std::string_view key) {
  const auto touched = turn_.touch(
      "INSERT INTO witnessed_logs (installation, origin, key) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
      "(SELECT 1 FROM witnessed_logs WHERE origin=?4) ON CONFLICT (installation) DO NOTHING",
      {installation, origin, key, origin});
  if (!touched.ok()) return touched.error();
  return *touched == 1;
}

base::Status WitnessedLogs::set_offered(std::string_view installation, std::string_view key) {
  return turn_.act("UPDATE witnessed_logs SET offered=?1 WHERE installation=?2", {key, installation});
}

base::Result<bool> WitnessedLogs::accept_offered(const WitnessedLog& log, std::string_view origin) {
  const auto touched =
      log.origin == origin
          ? turn_.touch(
                "UPDATE witnessed_logs SET key=offered, offered='' WHERE installation=?1 AND offered=?2 AND "
                "origin=?3",
                {log.installation, log.offered, origin})
          : turn_.touch(
                "UPDATE witnessed_logs SET key=offered, offered='', origin=?1, size=0, root='', cosigned='', "
                "at=0, conflict=0 WHERE installation=?2 AND offered=?3 AND NOT EXISTS (SELECT 1 FROM "
                "witnessed_logs AS other WHERE other.origin=?4)",
                {origin, log.installation, log.offered, origin});
  if (!touched.ok()) return touched.error();
  return *touched == 1;
}

base::Result<bool> WitnessedLogs::see_log(const WitnessedLog& seen, std::int64_t size, std::string_view root,
                                          base::Micros now) {
  const auto touched = turn_.touch(
      "UPDATE witnessed_logs SET size=?1, root=?2, at=?3 WHERE installation=?4 AND key=?5 AND size=?6 AND "
      "root=?7",
      {size, root, now, seen.installation, seen.key, seen.size, seen.root});
  if (!touched.ok()) return touched.error();
  return *touched == 1;
}

base::Status WitnessedLogs::set_log_conflict(std::string_view installation, base::Micros now) {
  return turn_.act("UPDATE witnessed_logs SET conflict=?1 WHERE installation=?2", {now, installation});
}

base::Status WitnessedLogs::set_cosigned(std::string_view installation, std::string_view note) {
  return turn_.act("UPDATE witnessed_logs SET cosigned=?1 WHERE installation=?2", {note, installation});
}

}  // namespace postern::mission
