// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/lines.h"

#include "mission/store/installations.h"

namespace postern::mission {
namespace {

constexpr auto kUp = static_cast<std::int64_t>(Standing::Up);
constexpr auto kLate = static_cast<std::int64_t>(Standing::Late);
constexpr auto kRetired = static_cast<std::int64_t>(Standing::Retired);

Lines::Place place_in(const Row& row) { return {row.text(0), row.text(1)}; }

}  // namespace

base::Result<std::optional<OpenLine>> Lines::line_of(std::string_view installation) {
  return turn_.one(
      "SELECT installation, server, claim, life, client, opened FROM lines WHERE installation=?1",
      {installation}, [](const Row& row) {
        return OpenLine{row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.number(5)};
      });
}

base::Result<bool> Lines::claim_line(const OpenLine& line) {
  const auto touched = turn_.touch(
      "INSERT INTO lines (installation, server, claim, life, client, opened) VALUES (?1,?2,?3,?4,?5,?6) "
      "ON CONFLICT (installation) DO UPDATE SET server=excluded.server, claim=excluded.claim, "
      "life=excluded.life, "
      "client=excluded.client, opened=excluded.opened WHERE lines.life=excluded.life OR "
      "lines.server=excluded.server "
      "OR NOT EXISTS (SELECT 1 FROM servers WHERE servers.id=lines.server)",
      {line.installation, line.server, line.claim, line.life, line.client, line.opened});
  if (!touched.ok()) return touched.error();
  return *touched > 0;
}

base::Status Lines::drop_line(std::string_view installation, std::string_view claim) {
  return turn_.act("DELETE FROM lines WHERE installation=?1 AND claim=?2", {installation, claim});
}

base::Status Lines::set_up(std::string_view installation, std::string_view server, base::Micros since) {
  return turn_.act(
      "UPDATE installations SET since=CASE WHEN standing=?1 THEN since ELSE ?2 END, standing=?1, server=?3 "
      "WHERE id=?4 AND standing<>?5",
      {kUp, since, server, installation, kRetired});
}

base::Result<bool> Lines::set_late(std::string_view installation, std::string_view server,
                                   base::Micros since) {
  const auto touched = turn_.touch(
      "UPDATE installations SET standing=?1, since=?2 WHERE id=?3 AND standing=?4 AND server=?5 "
      "AND NOT EXISTS (SELECT 1 FROM lines WHERE lines.installation=installations.id)",
      {kLate, since, installation, kUp, server});
  if (!touched.ok()) return touched.error();
  return *touched > 0;
}

base::Result<std::vector<Lines::Place>> Lines::up_on(std::string_view server) {
  return turn_.all("SELECT id, server FROM installations WHERE standing=?1 AND server=?2", {kUp, server},
                   place_in);
}

base::Result<std::vector<Lines::Place>> Lines::up_nowhere() {
  return turn_.all(
      "SELECT id, server FROM installations WHERE standing=?1 "
      "AND NOT EXISTS (SELECT 1 FROM servers WHERE servers.id=installations.server)",
      {kUp}, place_in);
}

base::Result<std::vector<std::string>> Lines::retired_on(std::string_view server) {
  return turn_.all(
      "SELECT lines.installation FROM lines JOIN installations ON installations.id=lines.installation "
      "WHERE lines.server=?1 AND installations.standing=?2",
      {server, kRetired}, [](const Row& row) { return row.text(0); });
}

}  // namespace postern::mission
