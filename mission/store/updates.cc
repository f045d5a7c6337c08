// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/updates.h"

#include "base/bytes.h"
#include "mission/store/bodies.h"
#include "mission/store/installations.h"

namespace postern::mission {
namespace {

constexpr auto kEnded = static_cast<std::int64_t>(Standing::Retired);
// Of a state, `excused`. kNotOffered lasts until the installation tells something of what is offered to it; kExcused for good.
constexpr std::int64_t kCounts = 0, kNotOffered = 1, kExcused = 2;
constexpr std::int64_t kPiecesAtATime = 500;  // that are removed: 128 MiB of base64

UpdateFile file_in(const Row& row) { return {row.text(0), row.number(1), row.number(2) != 0}; }

UpdateOffer offer_in(const Row& row) {
  return {row.text(0), row.text(1),   body_in(row.text(2)), row.number(3), row.number(4),
          row.text(5), row.number(6), row.text(7),          row.number(8)};
}

UpdateTrust trust_in(const Row& row) { return {row.text(0), body_in(row.text(1))}; }

UpdateCount count_in(const Row& row) { return {row.number(0), row.text(1), row.number(2)}; }

// The row that an UPDATE touches, which changes nothing: what FOR UPDATE is in PostgreSQL alone.
template <typename Make>
auto held(Turn& turn, std::string_view sql, Values values, Make make)
    -> base::Result<std::optional<decltype(make(std::declval<const Row&>()))>> {
  std::optional<decltype(make(std::declval<const Row&>()))> out;
  const auto touched = turn.touch(sql, values, [&](const Row& row) { out = make(row); });
  if (!touched.ok()) return touched.error();
  return out;
}

// Its name and state alone.
UpdateState brief_in(const Row& row) {
  UpdateState out;
  out.installation = row.text(0);
  out.name = row.text(1);
  out.state = row.text(2);
  return out;
}

}  // namespace

// The row first: who has it may touch the pieces.
base::Result<bool> Updates::begin_file(const UpdateUpload& upload, std::int64_t length) {
  const auto begun = turn_.touch(
      "INSERT INTO update_files (name, length, whole, added, upload) VALUES (?1,?2,0,?3,?4) ON CONFLICT "
      "(name) DO UPDATE SET "
      "length=excluded.length, added=excluded.added, upload=excluded.upload WHERE update_files.whole=0",
      {upload.file, length, upload.now, upload.id});
  if (!begun.ok()) return begun.error();
  if (*begun == 0) return false;
  base::Status gone = turn_.act("DELETE FROM update_pieces WHERE name=?1", {upload.file});
  if (!gone.ok()) return std::move(gone).error();
  return true;
}

base::Result<bool> Updates::add_piece(const UpdateUpload& upload, std::int64_t number,
                                      std::string_view bytes) {
  const auto ours = turn_.touch("UPDATE update_files SET added=?1 WHERE name=?2 AND upload=?3 AND whole=0",
                                {upload.now, upload.file, upload.id});
  if (!ours.ok()) return ours.error();
  if (*ours == 0) return false;
  const std::string text = base::to_base64(bytes);
  base::Status added = turn_.act(
      "INSERT INTO update_pieces (name, number, data) VALUES (?1,?2,?3) ON CONFLICT (name, number) DO UPDATE "
      "SET "
      "data=excluded.data",
      {upload.file, number, text});
  if (!added.ok()) return std::move(added).error();
  return true;
}

base::Result<bool> Updates::end_file(const UpdateUpload& upload) {
  const auto ours = turn_.touch("UPDATE update_files SET whole=1 WHERE name=?1 AND upload=?2 AND whole=0",
                                {upload.file, upload.id});
  if (!ours.ok()) return ours.error();
  return *ours > 0;
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

// One file at a time, its row held: an upload that begins it anew meanwhile waits, and finds what is left.
base::Result<bool> Updates::forget_unfinished(base::Micros before) {
  const auto found =
      turn_.one("SELECT name FROM update_files WHERE whole=0 AND added<?1 ORDER BY name LIMIT 1", {before},
                [](const Row& row) { return row.text(0); });
  if (!found.ok()) return found.error();
  if (!*found) return false;
  const std::string& name = **found;
  const auto held = turn_.touch("UPDATE update_files SET added=added WHERE name=?1 AND whole=0 AND added<?2",
                                {name, before});
  if (!held.ok()) return held.error();
  if (*held == 0) return true;
  const auto gone = turn_.touch(
      "DELETE FROM update_pieces WHERE name=?1 AND number IN (SELECT number FROM update_pieces WHERE name=?1 "
      "LIMIT ?2)",
      {name, kPiecesAtATime});
  if (!gone.ok()) return gone.error();
  if (*gone == kPiecesAtATime) return true;
  base::Status done = turn_.act("DELETE FROM update_files WHERE name=?1", {name});
  if (!done.ok()) return std::move(done).error();
  return true;
}

base::Result<std::optional<UpdateTrust>> Updates::update_trust() {
  return turn_.one("SELECT pinned, kept FROM update_trust WHERE id=1", {}, trust_in);
}

base::Result<std::optional<UpdateTrust>> Updates::hold_update_trust() {
  return held(turn_, "UPDATE update_trust SET id=id WHERE id=1 RETURNING pinned, kept", {}, trust_in);
}

base::Result<bool> Updates::begin_update_trust(const UpdateTrust& trust) {
  const std::string kept = base::dump_json(trust.kept);
  const auto begun =
      turn_.touch("INSERT INTO update_trust (id, pinned, kept) VALUES (1,?1,?2) ON CONFLICT (id) DO NOTHING",
                  {trust.pinned, kept});
  if (!begun.ok()) return begun.error();
  return *begun > 0;
}

base::Status Updates::set_update_trust(const UpdateTrust& trust) {
  const std::string kept = base::dump_json(trust.kept);
  return turn_.act("UPDATE update_trust SET pinned=?1, kept=?2 WHERE id=1", {trust.pinned, kept});
}

base::Result<std::vector<UpdateOffer>> Updates::offers() {
  return turn_.all(
      "SELECT name, sha256, about, ring, stop_at, suspended, changed, suspended_by, published FROM "
      "update_offers ORDER BY name",
      {}, offer_in);
}

base::Result<std::optional<UpdateOffer>> Updates::offer(std::string_view name) {
  return turn_.one(
      "SELECT name, sha256, about, ring, stop_at, suspended, changed, suspended_by, published FROM "
      "update_offers WHERE name=?1",
      {name}, offer_in);
}

base::Result<std::vector<UpdateOffer>> Updates::hold_offers() {
  std::vector<UpdateOffer> out;
  const auto touched = turn_.touch(
      "UPDATE update_offers SET ring=ring RETURNING name, sha256, about, ring, stop_at, suspended, changed, "
      "suspended_by, published",
      {}, [&](const Row& row) { out.push_back(offer_in(row)); });
  if (!touched.ok()) return touched.error();
  return out;
}

base::Result<std::optional<UpdateOffer>> Updates::hold_offer(std::string_view name) {
  return held(
      turn_,
      "UPDATE update_offers SET ring=ring WHERE name=?1 RETURNING name, sha256, about, ring, stop_at, "
      "suspended, changed, suspended_by, published",
      {name}, offer_in);
}

base::Status Updates::set_offer(const UpdateOffer& offer) {
  const std::string about = base::dump_json(offer.about);
  return turn_.act(
      "INSERT INTO update_offers (name, sha256, about, ring, stop_at, suspended, changed, suspended_by, "
      "published) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) "
      "ON CONFLICT (name) DO UPDATE SET sha256=excluded.sha256, about=excluded.about, ring=excluded.ring, "
      "stop_at=excluded.stop_at, suspended=excluded.suspended, changed=excluded.changed, "
      "suspended_by=excluded.suspended_by, published=excluded.published",
      {offer.name, offer.sha256, about, offer.ring, offer.stop_at, offer.suspended, offer.changed,
       offer.suspended_by, offer.published});
}

// What installations told of it goes with it: under its name may come another artefact.
base::Status Updates::remove_offer(std::string_view name) {
  if (base::Status gone = turn_.act("DELETE FROM update_states WHERE name=?1", {name}); !gone.ok())
    return gone;
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

// Its file being there says nothing of when it starts.
base::Status Updates::set_update_state(const UpdateState& state) {
  return turn_.act(
      "INSERT INTO update_states (installation, name, state, time, starts, why, excused) VALUES "
      "(?1,?2,?3,?4,?5,?6,?7) "
      "ON CONFLICT (name, installation) DO UPDATE SET state=excluded.state, time=excluded.time, "
      "starts=CASE WHEN excluded.state='ready' THEN update_states.starts ELSE excluded.starts END, "
      "why=excluded.why, excused=CASE WHEN update_states.excused=?8 THEN ?8 ELSE excluded.excused END",
      {state.installation, state.name, state.state, state.time, state.starts, state.why,
       state.offered ? kCounts : kNotOffered, kExcused});
}

base::Result<std::vector<UpdateState>> Updates::update_states(const UpdateStatesAsked& asked) {
  return turn_.all(
      "SELECT i.id, i.customer, COALESCE(s.state, ''), COALESCE(s.time, 0), COALESCE(r.ring, ?1), "
      "COALESCE(s.starts, 0), COALESCE(s.why, '') FROM installations i "
      "LEFT JOIN update_states s ON s.installation=i.id AND s.name=?2 "
      "LEFT JOIN update_rings r ON r.installation=i.id WHERE i.standing<>?3 AND i.id>?4 AND "
      "(?5=0 OR (COALESCE(r.ring, ?6)<=?7 AND COALESCE(s.state, '') NOT IN ('done', 'withdrawn'))) "
      "ORDER BY i.id LIMIT ?8",
      {kLastRing, asked.name, kEnded, asked.after, asked.open_to, kLastRing, asked.open_to, asked.most},
      [&asked](const Row& row) {
        return UpdateState{row.text(0),   row.text(1),   std::string(asked.name), row.text(2),
                           row.number(3), row.number(4), row.number(5),           row.text(6)};
      });
}

base::Result<std::vector<UpdateState>> Updates::states_of_installation(std::string_view installation) {
  return turn_.all(
      "SELECT s.name, s.state, s.time, s.starts, s.why FROM update_offers o JOIN update_states s ON "
      "s.name=o.name WHERE s.installation=?1 ORDER BY s.name",
      {installation}, [installation](const Row& row) {
        return UpdateState{std::string(installation),
                           {},
                           row.text(0),
                           row.text(1),
                           row.number(2),
                           kLastRing,
                           row.number(3),
                           row.text(4)};
      });
}

base::Result<std::vector<UpdateCount>> Updates::count_rings() {
  return turn_.all(
      "SELECT COALESCE(r.ring, ?1), '', COUNT(*) FROM installations i LEFT JOIN update_rings r ON "
      "r.installation=i.id WHERE i.standing<>?2 GROUP BY 1 ORDER BY 1",
      {kLastRing, kEnded}, count_in);
}

base::Result<std::vector<UpdateCount>> Updates::count_states(std::string_view name) {
  return turn_.all(
      "SELECT COALESCE(r.ring, ?1), s.state, COUNT(*) FROM update_states s JOIN installations i ON "
      "i.id=s.installation LEFT JOIN update_rings r ON r.installation=s.installation "
      "WHERE s.name=?2 AND i.standing<>?3 GROUP BY 1, 2 ORDER BY 1, 2",
      {kLastRing, name, kEnded}, count_in);
}

base::Result<std::vector<UpdateState>> Updates::given_rings() {
  return turn_.all("SELECT installation, ring FROM update_rings", {}, [](const Row& row) {
    UpdateState out;
    out.installation = row.text(0);
    out.ring = row.number(1);
    return out;
  });
}

base::Result<std::vector<UpdateState>> Updates::open_states() {
  return turn_.all(
      "SELECT s.installation, s.name, s.state FROM update_states s JOIN update_offers o ON o.name=s.name "
      "LEFT JOIN update_rings r ON r.installation=s.installation "
      "WHERE s.state NOT IN ('done', 'withdrawn') AND o.ring>=COALESCE(r.ring, ?1)",
      {kLastRing}, brief_in);
}

base::Result<std::vector<UpdateState>> Updates::over_states(std::string_view name) {
  return turn_.all(
      "SELECT installation, name, state FROM update_states WHERE name=?1 AND state IN ('done', 'withdrawn')",
      {name}, brief_in);
}

base::Result<std::int64_t> Updates::count_failures(std::string_view name, std::int64_t ring) {
  return turn_.number(
      "SELECT COUNT(*) FROM update_states s JOIN installations i ON i.id=s.installation "
      "LEFT JOIN update_rings r ON r.installation=s.installation "
      "WHERE s.name=?1 AND s.state IN ('failed','rolled_back') AND s.excused=?5 AND i.standing<>?2 AND "
      "COALESCE(r.ring, ?3)=?4",
      {name, kEnded, kLastRing, ring, kCounts});
}

base::Status Updates::excuse_failures(std::string_view name) {
  return turn_.act("UPDATE update_states SET excused=?2 WHERE name=?1 AND state IN ('failed','rolled_back')",
                   {name, kExcused});
}

}  // namespace postern::mission
