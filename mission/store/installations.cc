// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/installations.h"

#include <array>

namespace postern::mission {
namespace {

Installation installation_in(const Row& row) {
  return {row.text(0),   row.text(1),   row.text(2),   row.number(3), static_cast<Standing>(row.number(4)),
          row.number(5), row.number(6), row.number(7), row.number(8), row.text(9)};
}

}  // namespace

std::string_view to_text(Standing standing) {
  constexpr std::array<std::string_view, 4> kNames{"new", "up", "late", "retired"};
  return kNames.at(static_cast<std::size_t>(standing));
}

base::Status add_installation(Turn& turn, const Installation& made) {
  return turn.act(
      "INSERT INTO installations (id, customer, version, enrolled, standing, since) VALUES "
      "(?1,?2,?3,?4,?5,?6)",
      {made.id, made.customer, made.version, made.enrolled, static_cast<std::int64_t>(made.standing),
       made.since});
}

base::Result<std::optional<Installation>> Installations::installation(std::string_view id) {
  return turn_.one(
      "SELECT id, customer, version, enrolled, standing, since, heard, events, event_bytes, "
      "(SELECT lines.server FROM lines WHERE lines.installation=installations.id) FROM installations WHERE "
      "id=?1",
      {id}, installation_in);
}

base::Result<std::vector<Installation>> Installations::installations() {
  return turn_.all(
      "SELECT id, customer, version, enrolled, standing, since, heard, events, event_bytes, "
      "(SELECT lines.server FROM lines WHERE lines.installation=installations.id) FROM installations ORDER "
      "BY id",
      {}, installation_in);
}

base::Result<std::vector<std::int64_t>> Installations::count_standings() {
  std::vector<std::int64_t> out(static_cast<std::size_t>(Standing::Retired) + 1);
  base::Status done =
      turn_.read("SELECT standing, COUNT(*) FROM installations GROUP BY standing", {}, [&](const Row& row) {
        const auto standing = static_cast<std::size_t>(row.number(0));
        if (standing < out.size()) out[standing] = row.number(1);
      });
  if (!done.ok()) return std::move(done).error();
  return out;
}

base::Status Installations::note_heard(std::string_view id, base::Micros now) {
  return turn_.act("UPDATE installations SET heard=?1 WHERE id=?2", {now, id});
}

base::Status Installations::set_standing(std::string_view id, Standing standing, base::Micros since) {
  return turn_.act(
      "UPDATE installations SET standing=?1, since=?2 WHERE id=?3 AND standing<>?4",
      {static_cast<std::int64_t>(standing), since, id, static_cast<std::int64_t>(Standing::Retired)});
}

}  // namespace postern::mission
