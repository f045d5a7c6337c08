// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/store/usages.h"

#include <algorithm>

#include "mission/store/bodies.h"

namespace postern::mission {
namespace {

using base::Json;

constexpr std::int64_t kUsageAtOnce = 1000;  // of those that are forgotten
constexpr const char* kByHour = "engineers";

UsageHour usage_in(const Row& row) {
  UsageHour out;
  out.installation = row.text(0);
  out.hour = row.number(1);
  out.complete = row.number(2) != 0;
  const Json counts = body_in(row.text(3));
  for (const auto& [name, value] : counts.items()) {
    if (value.is_number_integer()) out.counts[name] = value.get<std::int64_t>();
  }
  return out;
}

void add_up(UsageSum& sum, const UsageHour& hour) {
  if (sum.hours++ == 0) sum.first = hour.hour;
  sum.last = hour.hour;
  for (const auto& [name, count] : hour.counts) {
    std::int64_t& of = sum.counts[name];
    of = name == kByHour ? std::max(of, count) : of + count;
  }
}

}  // namespace

base::Result<bool> Usages::keep_usage(const UsageHour& hour, base::Micros now) {
  const std::string body = base::dump_json(Json(hour.counts));
  const auto kept = turn_.touch(
      "INSERT INTO usage_hours (installation, hour, complete, received, body) VALUES (?1,?2,?3,?4,?5) "
      "ON CONFLICT (installation, hour) DO NOTHING",
      {hour.installation, hour.hour, std::int64_t{hour.complete ? 1 : 0}, now, body});
  if (!kept.ok()) return kept.error();
  return *kept > 0;
}

base::Result<std::vector<UsageHour>> Usages::usage(std::string_view installation, base::Micros since,
                                                   std::size_t most) {
  return turn_.all(
      "SELECT installation, hour, complete, body FROM usage_hours WHERE (?1='' OR installation=?1) AND "
      "hour>=?2 "
      "ORDER BY hour, installation LIMIT ?3",
      {installation, since, static_cast<std::int64_t>(most)}, usage_in);
}

base::Result<std::vector<UsageSum>> Usages::usage_sums(std::string_view installation, base::Micros since) {
  std::vector<UsageSum> out;
  base::Status read = turn_.read(
      "SELECT installation, hour, complete, body FROM usage_hours WHERE (?1='' OR installation=?1) AND "
      "hour>=?2 "
      "ORDER BY installation, hour",
      {installation, since}, [&out](const Row& row) {
        const UsageHour hour = usage_in(row);
        if (out.empty() || out.back().installation != hour.installation)
          out.push_back({hour.installation, 0, 0, 0, {}});
        add_up(out.back(), hour);
      });
  if (!read.ok()) return std::move(read).error();
  return out;
}

base::Result<bool> Usages::forget_usage(base::Micros now) {
  const auto gone = turn_.touch(
      "DELETE FROM usage_hours WHERE (installation, hour) IN (SELECT installation, hour FROM usage_hours "
      "WHERE "
      "hour<?1 ORDER BY hour LIMIT ?2)",
      {now - kUsageKept, kUsageAtOnce});
  if (!gone.ok()) return gone.error();
  return *gone == kUsageAtOnce;
}

}  // namespace postern::mission
