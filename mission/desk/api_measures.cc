// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations measured, for the vendor's people: their history of health, and what they used.
#include "mission/desk/admin.h"

namespace postern::mission::api {
namespace {

using base::Json;

constexpr std::size_t kRowsShown = 30;  // an hour of them
constexpr std::size_t kHoursShown = 48;

Json rows_of(const std::vector<HealthRow>& rows) {
  Json out = Json::array();
  for (const HealthRow& row : rows) {
    Json& one = out.emplace_back(row.numbers);
    one["time"] = base::format_time(row.at);
    const auto status = static_cast<std::int64_t>(one.value("status", 0.0));
    one["status"] = line::to_text(status >= 2   ? line::HealthStatus::Critical
                                  : status == 1 ? line::HealthStatus::Warning
                                                : line::HealthStatus::Ok);
  }
  return out;
}

Json json_of_hour(const UsageHour& hour) {
  return {{"installation", hour.installation},
          {"hour", base::format_time(hour.hour)},
          {"complete", hour.complete},
          {"counts", hour.counts}};
}

Json json_of_sum(const UsageSum& sum) {
  return {{"installation", sum.installation},
          {"hours", sum.hours},
          {"first", base::format_time(sum.first)},
          {"last", base::format_time(sum.last)},
          {"counts", sum.counts}};
}

}  // namespace

base::Result<Json> health_of(const AdminParts& parts, const std::string& installation) {
  const base::Micros now = parts.desk.clock.wall();
  const auto rows = parts.desk.store.health(installation, now - kHealthRowsKept, kRowsShown);
  const auto hours = parts.desk.store.health_hours(installation, now - kHealthHoursKept, kHoursShown);
  if (!rows.ok() || !hours.ok()) return rows.ok() ? hours.error() : rows.error();
  return Json{{"rows", rows_of(*rows)}, {"hours", rows_of(*hours)}};
}

// installation, since (RFC 3339); sum=true: one item for each installation. At most kUsagePage hours, the oldest first; "next"
// is since of those behind them.
void list_usage(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply) {
  base::Micros since = 0;
  if (const std::string text = call->parameter("since"); !text.empty()) {
    const auto time = base::parse_time(text);
    if (!time.ok()) return reply(unreadable("since must be a time such as 2026-03-01T00:00:00Z"));
    since = *time - *time % (3600 * base::kWallSecond);
  }
  Json items = Json::array();
  if (call->parameter("sum") == "true") {
    const auto sums = parts.desk.store.usage_sums(call->parameter("installation"), since);
    if (!sums.ok()) return reply(store_problem(sums.error()));
    for (const UsageSum& one : *sums) items.push_back(json_of_sum(one));
    return reply(answer::json_response({{"items", items}}));
  }
  const auto hours = parts.desk.store.usage(call->parameter("installation"), since, kUsagePage);
  if (!hours.ok()) return reply(store_problem(hours.error()));
  for (const UsageHour& one : *hours) items.push_back(json_of_hour(one));
  Json out{{"items", items}};
  if (hours->size() == kUsagePage) out["next"] = base::format_time(hours->back().hour);
  reply(answer::json_response(out));
}

}  // namespace postern::mission::api
