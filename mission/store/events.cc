// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/events.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/ulid.h"
#include "mission/store/bodies.h"

namespace postern::mission {
namespace {

constexpr std::array<std::string_view, 5> kEvidence{
    "installation.certificate_copied", "installation.connected_twice", "installation.log_conflict",
    "installation.log_refused", "installation.misbehaves"};
constexpr std::int64_t kAtOnce = 1000;  // of those that are forgotten: the next call takes the next ones

StoredEvent event_in(const Row& row) {
  StoredEvent one;
  one.number = row.number(0);
  one.installation = row.text(1);
  one.id = row.text(2);
  one.own = row.number(3) != 0;
  one.type = row.text(4);
  one.time = row.number(5);
  one.received = row.number(6);
  one.body = body_in(row.text(7));
  return one;
}

// What an alert is about: what a gateway calls severe, and what Mission Control noticed as evidence.
bool is_serious(const StoredEvent& event) {
  return event.own ? is_evidence(event.type) : base::json_text_or(event.body, "severity", "") == "severe";
}

}  // namespace

bool is_evidence(std::string_view type) {
  return std::find(kEvidence.begin(), kEvidence.end(), type) != kEvidence.end();
}

base::Result<bool> Events::keep_event(const StoredEvent& event) {
  const std::string body = base::dump_json(event.body);
  const auto size = static_cast<std::int64_t>(body.size());
  if (event.own && is_evidence(event.type)) {
    if (base::Status room = make_room_for_evidence(event, size); !room.ok()) return std::move(room).error();
  }
  std::int64_t events = 0, bytes = 0;
  const auto kept = turn_.touch(
      "INSERT INTO events (installation, id, own, type, time, received, body, bytes, serious) "
      "SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9 FROM installations WHERE id=?1 AND (?3=1 OR ?2>forgotten) "
      "ON CONFLICT (installation, id) DO NOTHING RETURNING "
      "(SELECT events FROM installations WHERE id=?1), (SELECT event_bytes FROM installations WHERE id=?1)",
      {event.installation, event.id, std::int64_t{event.own ? 1 : 0}, event.type, event.time, event.received,
       body, size, std::int64_t{is_serious(event) ? 1 : 0}},
      [&](const Row& row) {
        events = row.number(0);
        bytes = row.number(1);
      });
  if (!kept.ok()) return kept.error();
  if (*kept == 0) return false;
  base::Status done = count(event.installation, 1, size);
  if (done.ok()) done = keep_within(event.installation, events + 1, bytes + size);
  if (!done.ok()) return std::move(done).error();
  return true;
}

base::Result<std::vector<StoredEvent>> Events::events(std::string_view installation, std::int64_t below,
                                                      std::size_t most, std::string_view type) {
  return turn_.all(
      "SELECT number, installation, id, own, type, time, received, body FROM events "
      "WHERE (?1='' OR installation=?1) AND (?2=0 OR number<?2) AND (?4='' OR type=?4 OR "
      "substr(type,1,length(?4)+1)=?4||'.') ORDER BY number DESC LIMIT ?3",
      {installation, below, static_cast<std::int64_t>(most), type}, event_in);
}

base::Result<std::optional<StoredEvent>> Events::newest_own(std::string_view installation,
                                                            std::string_view type) {
  return turn_.one(
      "SELECT number, installation, id, own, type, time, received, body FROM events "
      "WHERE installation=?1 AND own=1 AND type=?2 ORDER BY number DESC LIMIT 1",
      {installation, type}, event_in);
}

base::Status Events::count(std::string_view installation, std::int64_t count, std::int64_t bytes) {
  return turn_.act("UPDATE installations SET events=events+?1, event_bytes=event_bytes+?2 WHERE id=?3",
                   {count, bytes, installation});
}

// What retention takes is remembered by the newest id that it took, so that it is not taken in again; but no id from further
// ahead than a clock may be, or all that comes after a clock was put right would be lost.
base::Result<std::size_t> Events::remove(std::string_view which, Values values) {
  struct Gone {
    std::int64_t events = 0, bytes = 0;
    std::string newest;
  };
  std::map<std::string, Gone> gone;
  const auto removed = turn_.touch(
      "DELETE FROM events WHERE number IN (" + std::string(which) +
          ") RETURNING installation, id, own, bytes, received",
      values, [&](const Row& row) {
        Gone& of = gone[row.text(0)];
        of.events += 1;
        of.bytes += row.number(3);
        if (row.number(2) != 0) return;
        of.newest = std::max(of.newest, std::min(row.text(1), base::UlidMaker().make(row.number(4) + kSkew)));
      });
  if (!removed.ok()) return removed.error();
  std::size_t number = 0;
  for (const auto& [installation, of] : gone) {
    number += static_cast<std::size_t>(of.events);
    base::Status done = count(installation, -of.events, -of.bytes);
    if (done.ok() && !of.newest.empty())
      done = turn_.act("UPDATE installations SET forgotten=?1 WHERE id=?2 AND forgotten<?1",
                       {of.newest, installation});
    if (!done.ok()) return std::move(done).error();
  }
  return number;
}

// The first of a type say how it began, the newest how it is: what stands between them goes.
base::Status Events::make_room_for_evidence(const StoredEvent& event, std::int64_t size) {
  for (;;) {
    const auto there = turn_.one(
        "SELECT COUNT(*), COALESCE(CAST(SUM(bytes) AS BIGINT), 0) FROM events WHERE installation=?1 AND "
        "own=1 "
        "AND serious=1 AND type=?2",
        {event.installation, event.type},
        [](const Row& row) { return std::pair(row.number(0), row.number(1)); });
    if (!there.ok()) return there.error();
    const auto [number, bytes] = there->value_or(std::pair<std::int64_t, std::int64_t>());
    if (number < kMostEvidence && bytes + size <= kMostEvidenceBytes) return base::Ok{};
    const auto removed = remove(
        "SELECT number FROM events WHERE installation=?1 AND own=1 AND serious=1 AND type=?2 ORDER BY number "
        "LIMIT 1 OFFSET ?3",
        {event.installation, event.type, kFirstEvidence});
    if (!removed.ok()) return removed.error();
    if (*removed == 0) return base::Ok{};
  }
}

// Its own words first, and evidence last: no flood of what an installation says or causes pushes out what convicts it.
base::Status Events::keep_within(std::string_view id, std::int64_t events, std::int64_t bytes) {
  while (events > kMostEvents || bytes > kMostEventBytes) {
    base::Result<std::size_t> removed = std::size_t{0};
    for (const std::string_view which : {"own=0", "own=1 AND serious=0", "own=1"}) {
      removed = remove("SELECT number FROM events WHERE installation=?1 AND " + std::string(which) +
                           " ORDER BY number LIMIT 1",
                       {id});
      if (!removed.ok() || *removed > 0) break;
    }
    if (!removed.ok()) return removed.error();
    if (*removed == 0) return base::Ok{};
    const auto known = turn_.one("SELECT events, event_bytes FROM installations WHERE id=?1", {id},
                                 [](const Row& row) { return std::pair(row.number(0), row.number(1)); });
    if (!known.ok()) return known.error();
    if (!*known) return base::Ok{};
    std::tie(events, bytes) = **known;
  }
  return base::Ok{};
}

base::Result<bool> Events::forget_events(base::Micros before) {
  const auto removed =
      remove("SELECT number FROM events WHERE received<?1 ORDER BY received LIMIT ?2", {before, kAtOnce});
  if (!removed.ok()) return removed.error();
  return *removed == static_cast<std::size_t>(kAtOnce);
}

}  // namespace postern::mission
