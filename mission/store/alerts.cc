// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/alerts.h"

#include "audit/event.h"
#include "line/protocol.h"
#include "mission/store/bodies.h"
#include "mission/store/installations.h"

namespace postern::mission {
namespace {

constexpr std::string_view kAlertColumns =
    "number, id, installation, rule, subject, severe, what, since, fired, gone, resolved, acknowledged, "
    "by_whom";

Alert alert_in(const Row& row) {
  return {row.number(0),      row.text(1),    row.text(2),   row.text(3),   row.text(4),
          row.number(5) != 0, row.text(6),    row.number(7), row.number(8), row.number(9),
          row.number(10),     row.number(11), row.text(12)};
}

base::Result<bool> was_touched(const base::Result<std::int64_t>& touched) {
  if (!touched.ok()) return touched.error();
  return *touched == 1;
}

// The types that a gateway has, as SQL: whatever else calls itself one is of no known type, and they are counted together. Nothing
// that came from outside stands here.
const std::string& known_types() {
  static const std::string list = [] {
    std::string out;
    for (const audit::EventText& one : audit::all_events())
      out += (out.empty() ? "'" : ",'") + std::string(one.name) + "'";
    return out;
  }();
  return list;
}

}  // namespace

base::Result<std::vector<Alert>> Alerts::open_alerts() {
  return turn_.all("SELECT " + std::string(kAlertColumns) + " FROM alerts WHERE resolved=0 ORDER BY number",
                   {}, alert_in);
}

base::Result<std::vector<Alert>> Alerts::alerts(const AlertsWanted& wanted) {
  return turn_.all(
      "SELECT " + std::string(kAlertColumns) +
          " FROM alerts WHERE fired>0 AND (?1=1 OR resolved=0) AND (?2='' OR installation=?2) AND "
          "(?3=0 OR number<?3) ORDER BY number DESC LIMIT ?4",
      {std::int64_t{wanted.resolved}, wanted.installation, wanted.below,
       static_cast<std::int64_t>(wanted.most)},
      alert_in);
}

base::Status Alerts::add_alert(const Alert& alert) {
  return turn_.act(
      "INSERT INTO alerts (id, installation, rule, subject, severe, what, since) VALUES "
      "(?1,?2,?3,?4,?5,?6,?7) "
      "ON CONFLICT (installation, rule, subject) WHERE resolved=0 DO NOTHING",
      {alert.id, alert.installation, alert.rule, alert.subject, std::int64_t{alert.severe}, alert.what,
       alert.since});
}

base::Result<bool> Alerts::fire_alert(const Alert& alert, base::Micros now) {
  return was_touched(
      turn_.touch("UPDATE alerts SET fired=?1 WHERE id=?2 AND fired=0 AND resolved=0", {now, alert.id}));
}

base::Result<bool> Alerts::resolve_alert(const Alert& alert, base::Micros now) {
  auto resolved =
      was_touched(turn_.touch("UPDATE alerts SET resolved=?1 WHERE id=?2 AND resolved=0", {now, alert.id}));
  if (!resolved.ok() || !*resolved) return resolved;
  base::Status done = turn_.act(
      "DELETE FROM alerts WHERE installation=?1 AND rule=?2 AND resolved>0 AND number<=(SELECT number FROM "
      "alerts WHERE installation=?1 AND rule=?2 AND resolved>0 ORDER BY number DESC LIMIT 1 OFFSET ?3)",
      {alert.installation, alert.rule, kMostResolved});
  if (!done.ok()) return std::move(done).error();
  return resolved;
}

base::Status Alerts::set_alert_gone(const Alert& alert, base::Micros gone) {
  return turn_.act("UPDATE alerts SET gone=?1 WHERE id=?2 AND resolved=0", {gone, alert.id});
}

base::Status Alerts::set_alert_words(const Alert& alert, bool severe, std::string_view what) {
  return turn_.act("UPDATE alerts SET severe=?1, what=?2 WHERE id=?3 AND resolved=0",
                   {std::int64_t{severe}, what, alert.id});
}

base::Status Alerts::drop_alert(const Alert& alert) {
  return turn_.act("DELETE FROM alerts WHERE id=?1 AND fired=0", {alert.id});
}

base::Result<bool> Alerts::acknowledge_alert(std::string_view id, std::string_view by, base::Micros now) {
  return was_touched(
      turn_.touch("UPDATE alerts SET acknowledged=?1, by_whom=?2 WHERE id=?3 AND fired>0 AND resolved=0 AND "
                  "acknowledged=0",
                  {now, by, id}));
}

base::Result<std::vector<Finding>> Alerts::late_installations(base::Micros since_before) {
  return turn_.all("SELECT id, since FROM installations WHERE standing=?1 AND since<?2",
                   {static_cast<std::int64_t>(Standing::Late), since_before}, [](const Row& row) {
                     return Finding{.installation = row.text(0),
                                    .rule = "late",
                                    .severe = true,
                                    .what = "its line is down since " + base::format_time(row.number(1)),
                                    .since = row.number(1)};
                   });
}

base::Result<std::vector<Finding>> Alerts::ending_certificates(base::Micros until_before) {
  return turn_.all(
      "SELECT certificates.installation, MAX(certificates.until) FROM certificates JOIN installations ON "
      "installations.id=certificates.installation WHERE installations.standing<>?1 GROUP BY "
      "certificates.installation HAVING MAX(certificates.until)<?2",
      {static_cast<std::int64_t>(Standing::Retired), until_before}, [](const Row& row) {
        return Finding{.installation = row.text(0),
                       .rule = "certificate",
                       .severe = true,
                       .what = "its certificate is good until " + base::format_time(row.number(1)) +
                               ", and it has not renewed it"};
      });
}

base::Result<std::vector<Finding>> Alerts::silent_usage(base::Micros told_since, base::Micros not_since) {
  return turn_.all(
      "SELECT usage_hours.installation, MAX(usage_hours.hour) FROM usage_hours JOIN installations ON "
      "installations.id=usage_hours.installation WHERE usage_hours.hour>=?1 AND installations.standing=?2 "
      "GROUP BY "
      "usage_hours.installation HAVING MAX(usage_hours.hour)<?3",
      {told_since, static_cast<std::int64_t>(Standing::Up), not_since}, [](const Row& row) {
        return Finding{.installation = row.text(0),
                       .rule = "usage",
                       .what = "it has told no usage since the hour of " + base::format_time(row.number(1)) +
                               ", and its line is up"};
      });
}

base::Result<std::vector<Finding>> Alerts::serious_events(base::Micros received_since) {
  return turn_.all("SELECT installation, CASE WHEN own=1 OR type IN (" + known_types() +
                       ") THEN type ELSE '' END, own, COUNT(*), MAX(received) FROM events "
                       "WHERE serious=1 AND received>=?1 GROUP BY 1, 2, 3",
                   {received_since}, [](const Row& row) {
                     const bool known = !row.text(1).empty();
                     return Finding{
                         .installation = row.text(0),
                         .rule = "event",
                         .subject = known ? row.text(1) : std::string(kOtherTypes),
                         .severe = true,
                         .what = (known ? row.text(1) : "severe events of types that are not known here") +
                                 (row.number(3) == 1 ? "" : ", " + std::to_string(row.number(3)) + " times") +
                                 " within the hour, last at " + base::format_time(row.number(4)),
                         .noticed = row.number(2) != 0};
                   });
}

base::Result<std::vector<Alerts::Warned>> Alerts::health_reports(base::Micros received_since) {
  return turn_.all(
      "SELECT installation, body FROM latest WHERE kind=?1 AND received>=?2 AND body LIKE '%\"warnings\"%'",
      {static_cast<std::int64_t>(line::Kind::Health), received_since}, [](const Row& row) {
        return Warned{row.text(0), body_in(row.text(1))};
      });
}

base::Status Alerts::forget_alerts(base::Micros before) {
  return turn_.act("DELETE FROM alerts WHERE resolved>0 AND resolved<?1", {before});
}

}  // namespace postern::mission
