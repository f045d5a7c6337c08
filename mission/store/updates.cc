// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/updates.h"

#include "base/bytes.h"
#include "mission/store/bodies.h"
#include "mission/store/installations.h"

namespace postern::mission {
namespace {

constexpr auto kEnded = static_cast<std::int64_t>(Standing::Retired);

UpdateFile file_in(const Row& row) { return {row.text(0), row.number(1), row.number(2) != 0}; }

UpdateOffer offer_in(const Row& row) {
  return {row.text(0),   row.text(1), body_in(row.text(2)), row.number(3),
          row.number(4), row.text(5), row.number(6)};
}

}  // namespace

base::Result<bool> Updates::begin_file(std::string_view name, std::int64_t length, base::Micros now) {
  const auto known = update_file(name);
  if (!known.ok()) return known.error();
  if (*known && (*known)->whole) return false;
  if (base::Status gone = remove_file(name); !gone.ok()) return std::move(gone).error();
  base::Status done = turn_.act("INSERT INTO update_files (name, length, whole, added) VALUES (?1,?2,?3,?4)",
                                {name, length, std::int64_t{0}, now});
  if (!done.ok()) return std::move(done).error();
  return true;
}

base::Status Updates::add_piece(std::string_view name, std::int64_t number, std::string_view bytes) {
  const std::string text = base::to_base64(bytes);
  return turn_.act(
      "INSERT INTO update_pieces (name, number, data) VALUES (?1,?2,?3) ON CONFLICT (name, number) DO UPDATE "
      "SET "
      "data=excluded.data",
      {name, number, text});
}

base::Status Updates::end_file(std::string_view name) {
  return turn_.act("UPDATE update_files SET whole=1 WHERE name=?1", {name});
}

base::Result<std::optional<UpdateFile>> Updates::update_file(std::string_view name) {
  return turn_.one("SELECT name, length, whole FROM update_files WHERE name=?1", {name}, file_in);
}

base::Result<std::optional<std::string>> Updates::update_piece(std::string_view name, std::int64_t number) {
  const auto found = turn_.one("SELECT data FROM update_pieces WHERE name=?1 AND number=?2", {name, number},
                               [](const Row& row) { return row.text(0); });
  if (!found.ok()) return found.error();
  if (!*found) return std::optional<std::string>();
  auto bytes = base::from_base64(**found);
  if (!bytes) return base::fail(base::Code::Corrupt, "a piece of an update in the store is damaged");
  return std::optional(*std::move(bytes));
}

base::Status Updates::remove_file(std::string_view name) {
  base::Status done = turn_.act("DELETE FROM update_pieces WHERE name=?1", {name});
  if (!done.ok()) return done;
  return turn_.act("DELETE FROM update_files WHERE name=?1", {name});
}

base::Result<std::vector<UpdateFile>> Updates::update_files() {
  return turn_.all("SELECT name, length, whole FROM update_files ORDER BY name", {}, file_in);
}

base::Result<std::optional<UpdateTrust>> Updates::update_trust() {
  return turn_.one("SELECT pinned, kept FROM update_trust WHERE id=1", {}, [](const Row& row) {
    return UpdateTrust{row.text(0), body_in(row.text(1))};
  });
}

base::Status Updates::set_update_trust(const UpdateTrust& trust) {
  const std::string kept = base::dump_json(trust.kept);
  return turn_.act(
      "INSERT INTO update_trust (id, pinned, kept) VALUES (1,?1,?2) ON CONFLICT (id) DO UPDATE SET "
      "pinned=excluded.pinned, kept=excluded.kept",
      {trust.pinned, kept});
}

base::Result<std::vector<UpdateOffer>> Updates::offers() {
  return turn_.all(
      "SELECT name, sha256, about, ring, stop_at, suspended, changed FROM update_offers ORDER BY name", {},
      offer_in);
}

base::Result<std::optional<UpdateOffer>> Updates::offer(std::string_view name) {
  return turn_.one(
      "SELECT name, sha256, about, ring, stop_at, suspended, changed FROM update_offers WHERE name=?1",
      {name}, offer_in);
}

base::Status Updates::set_offer(const UpdateOffer& offer) {
  const std::string about = base::dump_json(offer.about);
  return turn_.act(
      "INSERT INTO update_offers (name, sha256, about, ring, stop_at, suspended, changed) VALUES "
      "(?1,?2,?3,?4,?5,?6,?7) "
      "ON CONFLICT (name) DO UPDATE SET sha256=excluded.sha256, about=excluded.about, ring=excluded.ring, "
      "stop_at=excluded.stop_at, suspended=excluded.suspended, changed=excluded.changed",
      {offer.name, offer.sha256, about, offer.ring, offer.stop_at, offer.suspended, offer.changed});
}

base::Status Updates::remove_offer(std::string_view name) {
  return turn_.act("DELETE FROM update_offers WHERE name=?1", {name});
}

base::Result<bool> Updates::is_offered(std::string_view sha256, std::int64_t ring) {
  const auto found = turn_.number(
      "SELECT COUNT(*) FROM update_offers WHERE sha256=?1 AND suspended='' AND ring>=?2", {sha256, ring});
  if (!found.ok()) return found.error();
  return *found > 0;
}

base::Result<std::int64_t> Updates::ring_of(std::string_view installation) {
  const auto found = turn_.one("SELECT ring FROM update_rings WHERE installation=?1", {installation},
                               [](const Row& row) { return row.number(0); });
  if (!found.ok()) return found.error();
  return found->value_or(kLastRing);
}

base::Status Updates::set_ring(std::string_view installation, std::int64_t ring) {
  return turn_.act(
      "INSERT INTO update_rings (installation, ring) VALUES (?1,?2) ON CONFLICT (installation) DO UPDATE SET "
      "ring=excluded.ring",
      {installation, ring});
}

base::Result<std::int64_t> Updates::count_ring(std::int64_t ring) {
  return turn_.number(
      "SELECT COUNT(*) FROM installations i LEFT JOIN update_rings r ON r.installation=i.id "
      "WHERE i.standing<>?1 AND COALESCE(r.ring, ?2)=?3",
      {kEnded, kLastRing, ring});
}

base::Status Updates::set_update_state(std::string_view installation, std::string_view name,
                                       std::string_view state, base::Micros time) {
  return turn_.act(
      "INSERT INTO update_states (installation, name, state, time) VALUES (?1,?2,?3,?4) "
      "ON CONFLICT (name, installation) DO UPDATE SET state=excluded.state, time=excluded.time",
      {installation, name, state, time});
}

base::Result<std::vector<UpdateState>> Updates::update_states(std::string_view name) {
  return turn_.all(
      "SELECT i.id, i.customer, COALESCE(s.state, ''), COALESCE(s.time, 0), COALESCE(r.ring, ?1) FROM "
      "installations i "
      "LEFT JOIN update_states s ON s.installation=i.id AND s.name=?2 "
      "LEFT JOIN update_rings r ON r.installation=i.id WHERE i.standing<>?3 ORDER BY i.id",
      {kLastRing, name, kEnded}, [name](const Row& row) {
        return UpdateState{row.text(0), row.text(1),   std::string(name),
                           row.text(2), row.number(3), row.number(4)};
      });
}

base::Result<std::int64_t> Updates::count_failures(std::string_view name, std::int64_t ring) {
  return turn_.number(
      "SELECT COUNT(*) FROM update_states s JOIN installations i ON i.id=s.installation "
      "LEFT JOIN update_rings r ON r.installation=s.installation "
      "WHERE s.name=?1 AND s.state IN ('failed','rolled_back') AND i.standing<>?2 AND COALESCE(r.ring, "
      "?3)=?4",
      {name, kEnded, kLastRing, ring});
}

}  // namespace postern::mission
