// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/admin_api.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/log.h"
#include "certs/note.h"
#include "gateway/http/target.h"
#include "mission/desk/log_witness.h"
#include "mission/desk/peers.h"

namespace postern::mission {
namespace {

using answer::Call;
using answer::Reply;
using answer::Response;
using base::Json;

constexpr std::size_t kCustomerLimit = 200;  // bytes, as line/protocol.h has it

Response invalid(std::string_view why) {
  return answer::problem(400, "invalid", "The request cannot be read", why);
}
Response not_found(std::string_view what) {
  return answer::problem(404, "not_found", "There is no such thing", what);
}

Json time_or_null(base::Micros time) { return time == 0 ? Json(nullptr) : Json(base::format_time(time)); }

std::string_view state_of(const Enrolment& one, base::Micros now) {
  if (one.used != 0) return "used";
  if (one.withdrawn != 0) return "withdrawn";
  return one.expires <= now ? "expired" : "open";
}

Json json_of_enrolment(const Enrolment& one, base::Micros now) {
  Json out{{"id", one.id},
           {"customer", one.customer},
           {"state", state_of(one, now)},
           {"created", base::format_time(one.created)},
           {"expires", base::format_time(one.expires)}};
  if (one.used != 0) out.update({{"used", base::format_time(one.used)}, {"installation", one.installation}});
  if (one.withdrawn != 0) out["withdrawn"] = base::format_time(one.withdrawn);
  return out;
}

Json json_of_event(const StoredEvent& one) {
  return {{"number", one.number},
          {"installation", one.installation},
          {"id", one.id},
          {"by", one.own ? "mission-control" : "installation"},
          {"type", one.type},
          {"time", base::format_time(one.time)},
          {"received", base::format_time(one.received)},
          {"body", one.body}};
}

bool is_plain_text(std::string_view text) {
  return !text.empty() && text.size() <= kCustomerLimit && base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_label(std::string_view text) {
  return text.size() <= 63 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos &&
         text.front() != '-' && text.back() != '-' && text.size() != base::kUlidLength;
}

// "/api/v1/enrolments/{}" with one segment for {}.
bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& captures) {
  captures.clear();
  const std::size_t hole = pattern.find("{}");
  if (hole == std::string_view::npos) return pattern == path;
  const std::string_view after = pattern.substr(hole + 2);
  if (path.size() <= pattern.size() - 2 || !path.starts_with(pattern.substr(0, hole)) ||
      !path.ends_with(after))
    return false;
  const std::string_view segment = path.substr(hole, path.size() - hole - after.size());
  if (segment.empty() || segment.find('/') != std::string_view::npos) return false;
  captures.push_back(http::percent_decode(segment));
  return true;
}

}  // namespace

struct AdminApi::Route {
  http::Method method;
  std::string_view path;
  Handler handler;
};

const AdminApi::Route* AdminApi::routes(std::size_t& count) {
  using enum http::Method;
  static constexpr std::array<Route, 11> kRoutes{{
      {Get, "/api/v1/status", &AdminApi::status},
      {Get, "/api/v1/enrolments", &AdminApi::list_enrolments},
      {Post, "/api/v1/enrolments", &AdminApi::new_enrolment},
      {Delete, "/api/v1/enrolments/{}", &AdminApi::withdraw_enrolment},
      {Get, "/api/v1/installations", &AdminApi::list_installations},
      {Get, "/api/v1/installations/{}", &AdminApi::show_installation},
      {Put, "/api/v1/installations/{}/name", &AdminApi::name_installation},
      {Post, "/api/v1/installations/{}/retire", &AdminApi::retire_installation},
      {Post, "/api/v1/installations/{}/accept-log", &AdminApi::accept_log},
      {Get, "/api/v1/events", &AdminApi::list_events},
      {Get, "/api/v1/usage", &AdminApi::list_usage},
  }};
  count = kRoutes.size();
  return kRoutes.data();
}

void AdminApi::answer(const std::shared_ptr<Call>& call, const Reply& reply) {
  std::size_t count = 0;
  const Route* all = routes(count);
  std::string allow;
  for (const Route* route = all; route != all + count; ++route) {
    std::vector<std::string> captures;
    if (!fits(route->path, call->target.path(), captures)) continue;
    if (route->method != call->method) {
      allow += (allow.empty() ? "" : ", ") + std::string(http::to_text(route->method));
      continue;
    }
    call->captures = std::move(captures);
    return (this->*route->handler)(*call, reply);
  }
  if (allow.empty()) return reply(not_found("the API has no such path"));
  Response out = answer::problem(405, "method_not_allowed", "The method is not answered here", allow);
  out.fields.emplace_back("allow", allow);
  reply(std::move(out));
}

void AdminApi::status(const Call&, const Reply& reply) {
  // How it is must be known when the store is away, too.
  const auto counted = parts_.store.count_standings();
  const auto servers = servers_json(parts_, lives_);
  Json out{{"version", parts_.facts.version},
           {"domain", parts_.facts.domain},
           {"started", base::format_time(started_)},
           {"connected", lives_.size()},
           {"witness", witness_key()},
           {"tunnel", tunnels_.status()},
           {"servers", servers.ok() ? *servers : Json::array()},
           {"store", {{"available", counted.ok() && servers.ok()}}}};
  if (!counted.ok() || !servers.ok())
    out["store"]["why"] = counted.ok() ? servers.error().message : counted.error().message;
  for (std::size_t i = 0; counted.ok() && i < counted->size(); ++i)
    out["installations"][std::string(to_text(static_cast<Standing>(i)))] = (*counted)[i];
  parts_.ask({{"ask", "status"}}, [reply, out](const Json& said) {
    Json whole = out;
    if (said.is_object()) whole.update(said);
    reply(answer::json_response(whole));
  });
}

void AdminApi::list_enrolments(const Call&, const Reply& reply) {
  const auto all = parts_.store.enrolments();
  if (!all.ok()) return reply(store_problem(all.error()));
  Json items = Json::array();
  for (const Enrolment& one : *all) items.push_back(json_of_enrolment(one, parts_.clock.wall()));
  reply(answer::json_response({{"items", items}}));
}

void AdminApi::new_enrolment(const Call& call, const Reply& reply) {
  const auto asked = base::parse_json(call.body);
  if (!asked.ok() || !asked->is_object()) return reply(invalid("the body is no JSON object"));
  Enrolment made;
  made.customer = base::json_text_or(*asked, "customer", "");
  if (!is_plain_text(made.customer))
    return reply(invalid("customer must be text of 1 to 200 printable bytes: whose the installation is"));
  const std::string expires = base::json_text_or(*asked, "expires", "");
  base::Result<base::Micros> duration = kDefaultExpiry;
  if (!expires.empty()) duration = base::parse_duration(expires);
  if (!duration.ok()) return reply(invalid("expires: " + duration.error().message));
  if (*duration < 60 * base::kWallSecond || *duration > kLongestExpiry)
    return reply(invalid("expires must be between 1m and 90d"));
  const std::string code = line::new_code();
  made.id = parts_.new_id();
  made.hash = base::sha256_hex(line::normal_code(code));
  made.created = parts_.clock.wall();
  made.expires = made.created + *duration;
  const base::Status kept = parts_.store.add_enrolment(made);
  if (!kept.ok() && kept.error().code == base::Code::Limit)
    return reply(
        answer::problem(409, "limit_reached", "There are too many enrolments", kept.error().message));
  if (!kept.ok()) return reply(store_problem(kept.error()));
  base::log_info("enrolment " + made.id + " for " + made.customer + " was made by " + call.identity.actor());
  Json out = json_of_enrolment(made, made.created);
  out["code"] = code;
  out["witness"] = witness_key();
  parts_.commits.reply(reply, answer::json_response(out, 201));
}

void AdminApi::withdraw_enrolment(const Call& call, const Reply& reply) {
  const auto done = parts_.store.withdraw_enrolment(call.captures.front(), parts_.clock.wall());
  if (!done.ok()) return reply(store_problem(done.error()));
  if (!*done) return reply(not_found("there is no such enrolment that is open"));
  base::log_info("enrolment " + base::printable(call.captures.front()) + " was withdrawn by " +
                 call.identity.actor());
  parts_.commits.reply(reply, answer::no_content());
}

Json AdminApi::witness_key() const {
  const auto key = parts_.witness_key();
  return key.ok() ? Json(*key) : Json(nullptr);
}

Json AdminApi::json_of(const Installation& one) const {
  return {{"id", one.id},
          {"customer", one.customer},
          {"version", one.version},
          {"state", to_text(one.standing)},
          {"since", base::format_time(one.since)},
          {"connected", !one.line.empty()},
          {"enrolled", base::format_time(one.enrolled)},
          {"heard", time_or_null(one.heard)},
          {"events", one.events}};
}

void AdminApi::list_installations(const Call&, const Reply& reply) {
  const auto all = parts_.store.installations();
  if (!all.ok()) return reply(store_problem(all.error()));
  Json items = Json::array();
  for (const Installation& one : *all) items.push_back(json_of(one));
  reply(answer::json_response({{"items", items}}));
}

void AdminApi::show_installation(const Call& call, const Reply& reply) {
  const auto one = parts_.store.installation(call.captures.front());
  if (!one.ok()) return reply(store_problem(one.error()));
  if (!*one) return reply(not_found("there is no such installation"));
  const auto certificates = parts_.store.certificates((*one)->id);
  const auto latest = parts_.store.latest((*one)->id);
  if (!certificates.ok() || !latest.ok())
    return reply(store_problem(certificates.ok() ? latest.error() : certificates.error()));
  const auto log = parts_.store.log_of((*one)->id);
  if (!log.ok()) return reply(store_problem(log.error()));
  Json out = json_of(**one);
  out["log"] = json_of_log(*log);
  const auto name = parts_.store.name_of((*one)->id);
  if (!name.ok()) return reply(store_problem(name.error()));
  if (!name->empty()) out["name"] = *name;
  out["tunnel"] = tunnels_.status_of((*one)->id, *name);
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
  auto health = health_of((*one)->id);
  if (!health.ok()) return reply(store_problem(health.error()));
  out["health"] = *std::move(health);
  reply(answer::json_response(out));
}

// By which engineers ask for it: a DNS label that cannot be taken for an installation's id.
void AdminApi::name_installation(const Call& call, const Reply& reply) {
  const std::string& id = call.captures.front();
  const auto asked = base::parse_json(call.body);
  if (!asked.ok() || !asked->is_object()) return reply(invalid("the body is no JSON object"));
  const std::string name = base::json_text_or(*asked, "name", "");
  if (!name.empty() && !is_label(name))
    return reply(invalid(
        "name must be a DNS label: 1 to 63 lower-case letters, digits and hyphens within, and no id"));
  const auto one = parts_.store.installation(id);
  if (!one.ok()) return reply(store_problem(one.error()));
  if (!*one) return reply(not_found("there is no such installation"));
  const auto set = parts_.store.set_name(id, name);
  if (!set.ok()) return reply(store_problem(set.error()));
  if (!*set)
    return reply(answer::problem(409, "taken", "Another installation has that name",
                                 "take it from there first, or choose another"));
  parts_.note(id, "installation.named", {{"name", name}, {"by", call.identity.actor()}});
  parts_.commits.reply(reply, answer::json_response({{"id", id}, {"name", name}}));
}

void AdminApi::retire_installation(const Call& call, const Reply& reply) {
  const std::string& id = call.captures.front();
  const auto one = parts_.store.installation(id);
  if (!one.ok()) return reply(store_problem(one.error()));
  if (!*one) return reply(not_found("there is no such installation"));
  if ((*one)->standing != Standing::Retired) {
    const base::Status done = parts_.store.set_standing(id, Standing::Retired, parts_.clock.wall());
    if (!done.ok()) return reply(store_problem(done.error()));
    parts_.note(id, "installation.retired", {{"by", call.identity.actor()}});
  }
  lives_.retire(id);
  parts_.commits.reply(reply, answer::no_content());
}

void AdminApi::accept_log(const Call& call, const Reply& reply) {
  const std::string& id = call.captures.front();
  const auto log = parts_.store.log_of(id);
  if (!log.ok()) return reply(store_problem(log.error()));
  if (!*log || (*log)->offered.empty())
    return reply(not_found("this installation says of no other log that it is its own"));
  const auto key = certs::parse_verifier_key((*log)->offered);
  if (!key.ok()) return reply(not_found("what it offers is no log's key"));
  const auto done = parts_.store.accept_offered(**log, key->name);
  if (!done.ok()) return reply(store_problem(done.error()));
  if (!*done)
    return reply(answer::problem(409, "conflict", "Not accepted",
                                 "the log is another installation's, or what is offered has changed"));
  parts_.note(id, "installation.log_accepted",
              {{"by", call.identity.actor()},
               {"from", (*log)->key},
               {"to", (*log)->offered},
               {"size", (*log)->size},
               {"root", (*log)->root}});
  parts_.commits.reply(reply, answer::no_content());
}

void AdminApi::list_events(const Call& call, const Reply& reply) {
  std::int64_t below = 0;
  std::size_t most = 100;
  const auto number = [&](std::string_view name, auto& into) {
    const std::string text = call.parameter(name);
    if (text.empty()) return true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
  };
  if (!number("before", below) || !number("limit", most) || below < 0 || most < 1 || most > kEventsPage)
    return reply(invalid("before is an event's number, limit between 1 and 1000"));
  const auto found = parts_.store.events(call.parameter("installation"), below, most);
  if (!found.ok()) return reply(store_problem(found.error()));
  Json items = Json::array();
  for (const StoredEvent& one : *found) items.push_back(json_of_event(one));
  Json out{{"items", items}};
  if (found->size() == most) out["next"] = found->back().number;
  reply(answer::json_response(out));
}

}  // namespace postern::mission
