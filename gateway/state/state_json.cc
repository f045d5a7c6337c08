// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A State as one JSON object, for the ledger's snapshots. It travels between processes of one version and is
// never stored: fields are ours to change. Times are microseconds.
#include "base/bytes.h"
#include "gateway/state/state.h"

namespace postern::state {
namespace {

using base::Json;
using base::Micros;
using base::Result;

template <typename T>
void read(const Json& json, const char* key, T& value) {
  json.at(key).get_to(value);
}
void read(const Json& json, const char* key, std::optional<Micros>& value) {
  const Json& field = json.at(key);
  if (!field.is_null()) value = field.get<Micros>();
}
Json optional_time(const std::optional<Micros>& time) { return time ? Json(*time) : Json(nullptr); }

template <typename Enum>
Enum read_enum(const Json& json, const char* key, Enum last) {
  const int number = json.at(key).get<int>();
  if (number < 0 || number > static_cast<int>(last)) throw Json::other_error::create(501, key, &json);
  return static_cast<Enum>(number);
}

Json write(const Toggle& t) {
  return {{"setting", static_cast<int>(t.setting)},
          {"until", optional_time(t.until)},
          {"changed", t.changed},
          {"by", t.by}};
}
Toggle read_toggle(const Json& json) {
  Toggle t;
  t.setting = read_enum(json, "setting", Setting::On);
  read(json, "until", t.until);
  read(json, "changed", t.changed);
  read(json, "by", t.by);
  return t;
}

Json write(const Engineer& e) {
  return {{"name", e.name},
          {"email", e.email},
          {"approved", e.approved},
          {"added", e.added},
          {"certificates", e.certificates}};
}
Engineer read_engineer(const Json& json) {
  Engineer e;
  read(json, "name", e.name);
  read(json, "email", e.email);
  read(json, "approved", e.approved);
  read(json, "added", e.added);
  read(json, "certificates", e.certificates);
  return e;
}

Json write(const Request& r) {
  return {{"id", r.id},
          {"engineer", r.engineer},
          {"role", r.role},
          {"reason", r.reason},
          {"ticket", r.ticket},
          {"capabilities", r.capabilities},
          {"created", r.created},
          {"start", optional_time(r.start)},
          {"duration", r.duration},
          {"state", static_cast<int>(r.state)},
          {"decided", r.decided},
          {"by", r.by},
          {"note", r.note}};
}
Request read_request(const Json& json) {
  Request r;
  read(json, "id", r.id);
  read(json, "engineer", r.engineer);
  read(json, "role", r.role);
  read(json, "reason", r.reason);
  read(json, "ticket", r.ticket);
  read(json, "capabilities", r.capabilities);
  read(json, "created", r.created);
  read(json, "start", r.start);
  read(json, "duration", r.duration);
  r.state = read_enum(json, "state", RequestState::Expired);
  read(json, "decided", r.decided);
  read(json, "by", r.by);
  read(json, "note", r.note);
  return r;
}

Json write(const Grant& g) {
  return {{"id", g.id},
          {"engineer", g.engineer},
          {"request", g.request},
          {"capabilities", g.capabilities},
          {"from", g.from},
          {"until", g.until},
          {"ended", g.ended},
          {"ended_reason", g.ended_reason},
          {"ended_at", g.ended_at}};
}
Grant read_grant(const Json& json) {
  Grant g;
  read(json, "id", g.id);
  read(json, "engineer", g.engineer);
  read(json, "request", g.request);
  read(json, "capabilities", g.capabilities);
  read(json, "from", g.from);
  read(json, "until", g.until);
  read(json, "ended", g.ended);
  read(json, "ended_reason", g.ended_reason);
  read(json, "ended_at", g.ended_at);
  return g;
}

Json write(const Session& s) {
  return {{"id", s.id},
          {"engineer", s.engineer},
          {"method", s.method},
          {"client", s.client},
          {"user_agent", s.user_agent},
          {"certificate", s.certificate},
          {"token_sha256", base::to_hex(s.token_sha256)},
          {"opened", s.opened},
          {"opened_event", s.opened_event},
          {"expires", s.expires},
          {"idle", s.idle},
          {"last_active", s.last_active}};
}
Session read_session(const Json& json) {
  Session s;
  read(json, "id", s.id);
  read(json, "engineer", s.engineer);
  read(json, "method", s.method);
  read(json, "client", s.client);
  read(json, "user_agent", s.user_agent);
  read(json, "certificate", s.certificate);
  s.token_sha256 = base::from_hex(json.at("token_sha256").get<std::string>()).value_or("");
  read(json, "opened", s.opened);
  read(json, "opened_event", s.opened_event);
  read(json, "expires", s.expires);
  read(json, "idle", s.idle);
  read(json, "last_active", s.last_active);
  return s;
}

template <typename Map>
Json write_all(const Map& values) {
  Json list = Json::array();
  for (const auto& [name, value] : values) list.push_back(write(value));
  return list;
}

}  // namespace

Json State::to_json() const {
  Json toggles = Json::object();
  for (const auto& [name, toggle] : capabilities_) toggles[name] = write(toggle);
  return {{"remote_mode", static_cast<int>(remote_mode_)},
          {"remote_toggle", write(remote_toggle_)},
          {"capabilities", std::move(toggles)},
          {"engineers", write_all(engineers_)},
          {"requests", write_all(requests_)},
          {"grants", write_all(grants_)},
          {"sessions", write_all(sessions_)},
          {"used_passes", used_passes_},
          {"policy_hash", policy_hash_}};
}

Result<State> State::from_json(const Json& json) {
  State state;
  try {
    state.remote_mode_ = read_enum(json, "remote_mode", RemoteAccess::All);
    state.remote_toggle_ = read_toggle(json.at("remote_toggle"));
    for (const auto& [name, toggle] : json.at("capabilities").items()) {
      state.capabilities_[name] = read_toggle(toggle);
    }
    for (const Json& item : json.at("engineers")) {
      Engineer engineer = read_engineer(item);
      state.engineers_[engineer.name] = std::move(engineer);
    }
    for (const Json& item : json.at("requests")) {
      Request request = read_request(item);
      if (request.state != RequestState::Pending) ++state.decided_requests_;
      state.requests_[request.id] = std::move(request);
    }
    for (const Json& item : json.at("grants")) {  // in the order of their ids
      Grant grant = read_grant(item);
      if (grant.ended) ++state.ended_grants_;
      state.grants_of_[grant.engineer].push_back(grant.id);
      state.grants_[grant.id] = std::move(grant);
    }
    for (const Json& item : json.at("sessions")) {
      Session session = read_session(item);
      state.sessions_[session.id] = std::move(session);
    }
    for (const auto& [id, expires] : json.at("used_passes").items()) {
      state.used_passes_[id] = expires.get<Micros>();
    }
    state.policy_hash_ = json.at("policy_hash").get<std::string>();
  } catch (const Json::exception& problem) {
    return base::fail(base::Code::Invalid, std::string("the state is not one: ") + problem.what());
  }
  return state;
}

}  // namespace postern::state
