// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/reports.h"

#include "base/json.h"
#include "mission/store/bodies.h"

namespace postern::mission {

base::Result<bool> Reports::keep_latest(std::string_view installation, const line::Report& report,
                                        base::Micros now) {
  const std::string body = base::dump_json(report.body);
  const auto kind = static_cast<std::int64_t>(report.kind);
  const auto touched = turn_.touch(
      "INSERT INTO latest (installation, kind, id, schema, time, received, body) VALUES "
      "(?1,?2,?3,?4,?5,?6,?7) "
      "ON CONFLICT (installation, kind) DO UPDATE SET id=excluded.id, schema=excluded.schema, "
      "time=excluded.time, received=excluded.received, body=excluded.body "
      "WHERE excluded.id<>latest.id AND (excluded.time>=latest.time OR latest.time>?8)",
      {installation, kind, report.id, static_cast<std::int64_t>(report.schema), report.time, now, body,
       now + kSkew});
  if (!touched.ok()) return touched.error();
  if (*touched > 0) return true;
  // Older than the newest, or the newest itself once more.
  const auto newest = turn_.one("SELECT id FROM latest WHERE installation=?1 AND kind=?2",
                                {installation, kind}, [](const Row& row) { return row.text(0); });
  if (!newest.ok()) return newest.error();
  return *newest != report.id;
}

base::Result<std::vector<LatestReport>> Reports::latest(std::string_view installation) {
  return turn_.all(
      "SELECT kind, id, schema, time, received, body FROM latest WHERE installation=?1 ORDER BY kind",
      {installation}, [](const Row& row) {
        LatestReport one;
        one.report.kind = static_cast<line::Kind>(row.number(0));
        one.report.id = row.text(1);
        one.report.schema = static_cast<int>(row.number(2));
        one.report.time = row.number(3);
        one.received = row.number(4);
        one.report.body = body_in(row.text(5));
        return one;
      });
}

}  // namespace postern::mission
