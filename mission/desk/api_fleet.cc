// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The fleet: how the server is, its installations, and what they reported.
#include <map>

#include "mission/desk/admin.h"
#include "mission/desk/log_witness.h"
#include "mission/desk/peers.h"
#include "mission/desk/roll_out.h"

namespace postern::mission::api {
namespace {

using answer::CallPtr;
using answer::Reply;
using base::Json;

constexpr base::Micros kHealthIsNew = 600 * base::kWallSecond;  // five reports
constexpr std::string_view kTwiceType = "installation.connected_twice";

Json time_or_null(base::Micros time) { return time == 0 ? Json(nullptr) : Json(base::format_time(time)); }

Json json_of_event(const StoredEvent& one) {
  Json out = brief_of(one);
  out.update({{"number", one.number}, {"received", base::format_time(one.received)}, {"body", one.body}});
  return out;
}

Json json_of(const AdminParts& parts, const Installation& one) {
  return {{"id", one.id},
          {"customer", one.customer},
          {"version", one.version},
          {"state", to_text(one.standing)},
          {"since", base::format_time(one.since)},
          {"connected", !one.line.empty()},
          {"contested", parts.lives.contested(one.id)},
          {"enrolled", base::format_time(one.enrolled)},
          {"heard", time_or_null(one.heard)},
          {"events", one.events}};
}

}  // namespace

void show_status(AdminParts& parts, const CallPtr&, const Reply& reply) {
  // How it is must be known when the store is away, too.
  const auto counted = parts.desk.store.count_standings();
  const auto servers = servers_json(parts.desk, parts.lives);
  Json out{{"version", parts.desk.facts.version},
           {"domain", parts.desk.facts.domain},
           {"started", base::format_time(parts.started)},
           {"connected", parts.lives.size()},
           {"witness", witness_key(parts)},
           {"log", log_json(parts)},
           {"tunnel", parts.tunnels.status()},
           {"servers", servers.ok() ? *servers : Json::array()},
           {"store", {{"available", counted.ok() && servers.ok()}}}};
  if (const std::string& problem = parts.desk.commits.problem(); !problem.empty())
    out["store"] = {{"available", false}, {"why", "it cannot be written: " + problem}};
  if (!counted.ok() || !servers.ok())
    out["store"]["why"] = counted.ok() ? servers.error().message : counted.error().message;
  for (std::size_t i = 0; counted.ok() && i < counted->size(); ++i)
    out["installations"][std::string(to_text(static_cast<Standing>(i)))] = (*counted)[i];
  parts.desk.ask({{"ask", "status"}}, [reply, out](const Json& said) {
    Json whole = out;
    if (said.is_object()) whole.update(said);
    reply(answer::json_response(whole));
  });
}

void list_installations(AdminParts& parts, const CallPtr&, const Reply& reply) {
  const auto all = parts.desk.store.installations();
  if (!all.ok()) return reply(store_problem(all.error()));
  const auto newest = parts.desk.store.newest_healths(parts.desk.clock.wall() - kHealthIsNew);
  if (!newest.ok()) return reply(store_problem(newest.error()));
  const auto lags = Lags::count(parts.desk.store);
  if (!lags.ok()) return reply(store_problem(lags.error()));
  std::map<std::string_view, const HealthRow*> healths;
  for (const Healths::Newest& each : *newest) healths[each.installation] = &each.row;
  Json items = Json::array();
  for (const Installation& one : *all) {
    Json& item = items.emplace_back(json_of(parts, one));
    const auto health = healths.find(one.id);
    item["updates"] = one.standing == Standing::Retired ? Json(nullptr) : to_json(lags->of(one.id));
    item["newest_health"] = health == healths.end() ? Json(nullptr) : json_of_health(*health->second);
  }
  reply(answer::json_response({{"items", items}}));
}

void show_installation(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const auto one = parts.desk.store.installation(call->captures.front());
  if (!one.ok()) return reply(store_problem(one.error()));
  if (!*one) return reply(not_there("there is no such installation"));
  const auto certificates = parts.desk.store.certificates((*one)->id);
  const auto latest = parts.desk.store.latest((*one)->id);
  if (!certificates.ok() || !latest.ok())
    return reply(store_problem(certificates.ok() ? latest.error() : certificates.error()));
  const auto log = parts.desk.store.log_of((*one)->id);
  if (!log.ok()) return reply(store_problem(log.error()));
  Json out = json_of(parts, **one);
  out["log"] = json_of_log(*log);
  out["line"] = parts.lives.life_of((*one)->id);
  const auto name = parts.desk.store.name_of((*one)->id);
  if (!name.ok()) return reply(store_problem(name.error()));
  if (!name->empty()) out["name"] = *name;
  out["tunnel"] = parts.tunnels.status_of((*one)->id, *name);
  auto health = health_of(parts, (*one)->id);
  if (!health.ok()) return reply(store_problem(health.error()));
  out["health"] = *std::move(health);
  auto updates = updates_of(parts, (*one)->id);
  if (!updates.ok()) return reply(store_problem(updates.error()));
  out["updates"] = *std::move(updates);
  const auto twice = parts.desk.store.newest_own((*one)->id, kTwiceType);
  if (!twice.ok()) return reply(store_problem(twice.error()));
  if (*twice) out["conflict"] = json_of_event(**twice);
  out["certificates"] = Json::array();
  for (const IssuedCertificate& each : *certificates) {
    Json& item = out["certificates"].emplace_back(Json{{"serial", each.serial},
                                                       {"issued", base::format_time(each.issued)},
                                                       {"until", base::format_time(each.until)},
                                                       {"first_seen", time_or_null(each.first_seen)}});
    if (!each.replaced_by.empty()) item["replaced_by"] = each.replaced_by;
  }
  out["reports"] = Json::object();
  for (const LatestReport& each : *latest) {
    out["reports"][std::string(line::to_text(each.report.kind))] = {
        {"id", each.report.id},
        {"schema", each.report.schema},
        {"time", base::format_time(each.report.time)},
        {"received", base::format_time(each.received)},
        {"body", each.report.body}};
  }
  reply(answer::json_response(out));
}

void retire_installation(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  const std::string& id = call->captures.front();
  const auto one = parts.desk.store.installation(id);
  if (!one.ok()) return reply(store_problem(one.error()));
  if (!*one) return reply(not_there("there is no such installation"));
  if ((*one)->standing != Standing::Retired) {
    const base::Status done = parts.desk.store.set_standing(id, Standing::Retired, parts.desk.clock.wall());
    if (!done.ok()) return reply(store_problem(done.error()));
    const std::string by = face::actor_of(parts, call->identity);
    const base::Status recorded =
        parts.desk.record({"installation.retired", by, call->client, id, {{"customer", (*one)->customer}}});
    if (!recorded.ok()) return reply(store_problem(recorded.error()));
    parts.desk.note(id, "installation.retired", {{"by", by}});
  }
  parts.lives.retire(id);
  reply(answer::no_content());
}

void list_events(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  std::int64_t below = 0;
  std::size_t most = 100;
  if (!read_page(*call, kEventsPage, below, most))
    return reply(unreadable("before is an event's number, limit between 1 and 1000"));
  const auto found =
      parts.desk.store.events(call->parameter("installation"), below, most, call->parameter("type"));
  if (!found.ok()) return reply(store_problem(found.error()));
  Json items = Json::array();
  for (const StoredEvent& one : *found) items.push_back(json_of_event(one));
  Json out{{"items", items}};
  if (found->size() == most) out["next"] = found->back().number;
  reply(answer::json_response(out));
}

}  // namespace postern::mission::api
