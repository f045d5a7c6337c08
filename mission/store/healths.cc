// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/healths.h"

#include <algorithm>
#include <cmath>

#include "mission/store/bodies.h"

namespace postern::mission {
namespace {

using base::Json;

constexpr std::int64_t kHealthAtOnce =
    1000;  // of those that are forgotten: the next call takes the next ones
constexpr const char* kWorst = "status";

// {name: [sum, how many]}; of the status the worst alone.
Json with_row(Json sums, const Json& numbers) {
  for (const auto& [name, value] : numbers.items()) {
    if (!value.is_number()) continue;
    const auto before = sums.find(name);
    const bool known = before != sums.end() && before->is_array() && before->size() == 2 &&
                       before->at(0).is_number() && before->at(1).is_number();
    const double sum = known ? before->at(0).get<double>() : 0;
    const auto count = known ? before->at(1).get<std::int64_t>() : 0;
    if (name == kWorst)
      sums[name] = {std::max(sum, value.get<double>()), 1};
    else
      sums[name] = {sum + value.get<double>(), count + 1};
  }
  return sums;
}

Json averages(const Json& sums) {
  Json out = Json::object();
  for (const auto& [name, pair] : sums.items()) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_number_integer())
      continue;
    const auto count = pair[1].get<std::int64_t>();
    if (count > 0) out[name] = std::round(1000 * pair[0].get<double>() / static_cast<double>(count)) / 1000;
  }
  return out;
}

}  // namespace

base::Status Healths::keep_health(std::string_view installation, const HealthRow& row) {
  const base::Micros at = row.at - row.at % kHealthRow, hour = row.at - row.at % kHealthHour;
  const std::string body = base::dump_json(row.numbers);
  base::Status kept = turn_.act(
      "INSERT INTO health (installation, at, body) VALUES (?1,?2,?3) "
      "ON CONFLICT (installation, at) DO UPDATE SET body=excluded.body",
      {installation, at, body});
  if (!kept.ok()) return kept;
  const auto before =
      turn_.one("SELECT body FROM health_hours WHERE installation=?1 AND at=?2", {installation, hour},
                [](const Row& found) { return body_in(found.text(0)); });
  if (!before.ok()) return before.error();
  const std::string sums = base::dump_json(with_row(before->value_or(Json::object()), row.numbers));
  return turn_.act(
      "INSERT INTO health_hours (installation, at, body) VALUES (?1,?2,?3) "
      "ON CONFLICT (installation, at) DO UPDATE SET body=excluded.body",
      {installation, hour, sums});
}

base::Result<std::optional<HealthRow>> Healths::newest_health(std::string_view installation) {
  return turn_.one("SELECT at, body FROM health WHERE installation=?1 ORDER BY at DESC LIMIT 1",
                   {installation}, [](const Row& row) {
                     return HealthRow{row.number(0), body_in(row.text(1))};
                   });
}

base::Result<std::vector<Healths::Newest>> Healths::newest_healths(base::Micros since) {
  return turn_.all(
      "SELECT health.installation, health.at, health.body FROM health JOIN (SELECT installation, MAX(at) AS "
      "at "
      "FROM health WHERE at>=?1 GROUP BY installation) AS newest ON newest.installation=health.installation "
      "AND "
      "newest.at=health.at",
      {since}, [](const Row& row) {
        return Newest{row.text(0), {row.number(1), body_in(row.text(2))}};
      });
}

base::Result<std::vector<HealthRow>> Healths::health(std::string_view installation, base::Micros since,
                                                     std::size_t most) {
  return turn_.all("SELECT at, body FROM health WHERE installation=?1 AND at>=?2 ORDER BY at DESC LIMIT ?3",
                   {installation, since, static_cast<std::int64_t>(most)}, [](const Row& row) {
                     return HealthRow{row.number(0), body_in(row.text(1))};
                   });
}

base::Result<std::vector<HealthRow>> Healths::health_hours(std::string_view installation, base::Micros since,
                                                           std::size_t most) {
  return turn_.all(
      "SELECT at, body FROM health_hours WHERE installation=?1 AND at>=?2 ORDER BY at DESC LIMIT ?3",
      {installation, since, static_cast<std::int64_t>(most)}, [](const Row& row) {
        return HealthRow{row.number(0), averages(body_in(row.text(1)))};
      });
}

base::Result<bool> Healths::forget_health(base::Micros now) {
  const auto rows = turn_.touch(
      "DELETE FROM health WHERE (installation, at) IN (SELECT installation, at FROM health WHERE at<?1 "
      "ORDER BY at LIMIT ?2)",
      {now - kHealthRowsKept, kHealthAtOnce});
  if (!rows.ok()) return rows.error();
  const auto hours = turn_.touch(
      "DELETE FROM health_hours WHERE (installation, at) IN (SELECT installation, at FROM health_hours "
      "WHERE at<?1 ORDER BY at LIMIT ?2)",
      {now - kHealthHoursKept, kHealthAtOnce});
  if (!hours.ok()) return hours.error();
  return *rows == kHealthAtOnce || *hours == kHealthAtOnce;
}

}  // namespace postern::mission
