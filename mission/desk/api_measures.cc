// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations measured, for the vendor's people: their history of health, and what they used.
#include <set>

#include "mission/desk/admin.h"

namespace postern::mission::api {
namespace {

using base::Json;

constexpr std::size_t kRowsShown = 30;  // an hour of them
constexpr std::size_t kHoursShown = 48;

Json rows_of(const std::vector<HealthRow>& rows) {
  Json out = Json::array();
  for (const HealthRow& row : rows) out.push_back(json_of_health(row));
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

// A column for each count that any of the hours has; what one does not have is empty: it was not told.
std::string as_csv(const std::vector<UsageHour>& hours) {
  std::set<std::string> names;
  for (const UsageHour& hour : hours)
    for (const auto& [name, count] : hour.counts) names.insert(name);
  std::string out = "installation,hour,complete";
  for (const std::string& name : names) out += "," + name;
  for (const UsageHour& hour : hours) {
    out +=
        "\n" + hour.installation + "," + base::format_time(hour.hour) + (hour.complete ? ",true" : ",false");
    for (const std::string& name : names) {
      const auto count = hour.counts.find(name);
      out += "," + (count == hour.counts.end() ? std::string() : std::to_string(count->second));
    }
  }
  return out + "\n";
}

void reply_csv(const std::vector<UsageHour>& hours, const answer::Reply& reply) {
  answer::Response response;
  response.content_type = "text/csv; charset=utf-8";
  response.body = as_csv(hours);
  response.fields.emplace_back("content-disposition", "attachment; filename=\"usage.csv\"");
  reply(std::move(response));
}

}  // namespace

Json json_of_health(const HealthRow& row) {
  Json out = row.numbers;
  out["time"] = base::format_time(row.at);
  const auto status = static_cast<std::int64_t>(out.value("status", 0.0));
  out["status"] = line::to_text(status >= 2   ? line::HealthStatus::Critical
                                : status == 1 ? line::HealthStatus::Warning
                                              : line::HealthStatus::Ok);
  return out;
}

// of=year: an average of each hour; otherwise a row each two minutes of the last two days. The newest first.
void show_health(AdminParts& parts, const answer::CallPtr& call, const answer::Reply& reply) {
  const std::string& id = call->captures.front();
  const base::Micros now = parts.desk.clock.wall();
  const std::string of = call->parameter("of");
  if (!of.empty() && of != "year" && of != "days") return reply(unreadable("of is days or year"));
  const auto rows =
      of == "year" ? parts.desk.store.health_hours(id, now - kHealthHoursKept, kHealthHoursKept / kHealthHour)
                   : parts.desk.store.health(id, now - kHealthRowsKept, kHealthRowsKept / kHealthRow);
  if (!rows.ok()) return reply(store_problem(rows.error()));
  reply(answer::json_response({{"items", rows_of(*rows)}}));
}

base::Result<Json> health_of(const AdminParts& parts, const std::string& installation) {
  const base::Micros now = parts.desk.clock.wall();
  const auto rows = parts.desk.store.health(installation, now - kHealthRowsKept, kRowsShown);
  const auto hours = parts.desk.store.health_hours(installation, now - kHealthHoursKept, kHoursShown);
  if (!rows.ok() || !hours.ok()) return rows.ok() ? hours.error() : rows.error();
  return Json{{"rows", rows_of(*rows)}, {"hours", rows_of(*hours)}};
}

// installation, since (RFC 3339); sum=true: one item for each installation; format=csv: hours as a file. At most kUsagePage hours, the oldest first; "next"
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
  if (call->parameter("format") == "csv") return reply_csv(*hours, reply);
  for (const UsageHour& one : *hours) items.push_back(json_of_hour(one));
  Json out{{"items", items}};
  if (hours->size() == kUsagePage) out["next"] = base::format_time(hours->back().hour);
  reply(answer::json_response(out));
}

}  // namespace postern::mission::api
