// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A State as one JSON object. It travels between processes of one version, and is stored in a snapshot of the log
// (docs/LOG.md): what a later version added may be missing there, hence Newer. Times are microseconds.
#include <concepts>
#include <type_traits>
#include <utility>

#include "base/bytes.h"
#include "gateway/state/state.h"

namespace postern::state {
namespace {

using base::Json;
using base::Micros;
using base::Result;

// How a value stands in JSON: numbers, texts and lists as they are, an enumerator as its number, no time as null,
// bytes in hexadecimal.
template <typename T>
void put(Json& json, const char* key, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    json[key] = static_cast<int>(value);
  } else {
    json[key] = value;
  }
}
void put(Json& json, const char* key, const std::optional<Micros>& value) {
  json[key] = value ? Json(*value) : Json(nullptr);
}

constexpr Setting last_of(Setting) { return Setting::On; }
constexpr RequestState last_of(RequestState) { return RequestState::Expired; }
constexpr RemoteAccess last_of(RemoteAccess) { return RemoteAccess::All; }
constexpr Budget last_of(Budget) { return Budget::Cut; }

// The library converts whatever is a number, 1e50 too, which no conversion of C++ defines.
template <typename T>
T whole_number(const Json& field, const char* what) {
  const bool fits = field.is_number_unsigned()
                        ? std::in_range<T>(field.get<std::uint64_t>())
                        : field.is_number_integer() && std::in_range<T>(field.get<std::int64_t>());
  if (!fits) throw Json::other_error::create(501, what, &field);
  return field.get<T>();
}

template <typename T>
void take(const Json& json, const char* key, T& value) {
  if constexpr (std::is_enum_v<T>) {
    const int number = whole_number<int>(json.at(key), key);
    if (number < 0 || number > static_cast<int>(last_of(T{})))
      throw Json::other_error::create(501, key, &json);
    value = static_cast<T>(number);
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    value = whole_number<T>(json.at(key), key);
  } else {
    json.at(key).get_to(value);
  }
}
void take(const Json& json, const char* key, std::optional<Micros>& value) {
  if (!json.at(key).is_null()) value = whole_number<Micros>(json.at(key), key);
}

// A field that snapshots of earlier versions do not have.
template <typename T>
struct Newer {
  T& value;
};
template <typename T>
Newer(T&) -> Newer<T>;

template <typename T>
struct AsHex {
  T& bytes;
};
void put(Json& json, const char* key, const AsHex<const std::string>& value) {
  json[key] = base::to_hex(value.bytes);
}
void take(const Json& json, const char* key, AsHex<std::string>&& value) {
  value.bytes = base::from_hex(json.at(key).get<std::string>()).value_or("");
}

// The fields of each kind, for writing and for reading alike: T is the kind, or const.
template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Toggle>
void fields(T& t, const Visit& visit) {
  visit("setting", t.setting);
  visit("until", t.until);
  visit("changed", t.changed);
  visit("by", t.by);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Engineer>
void fields(T& e, const Visit& visit) {
  visit("name", e.name);
  visit("email", e.email);
  visit("approved", e.approved);
  visit("added", e.added);
  visit("certificates", e.certificates);
  visit("issuer", Newer{e.issuer});
  visit("subject", Newer{e.subject});
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Terms>
void fields(T& t, const Visit& visit) {
  visit("role", t.role);
  visit("capabilities", t.capabilities);
  visit("start", t.start);
  visit("duration", t.duration);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Approval>
void fields(T& a, const Visit& visit) {
  visit("by", a.by);
  visit("at", a.at);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Message>
void fields(T& m, const Visit& visit) {
  visit("by", m.by);
  visit("text", m.text);
  visit("at", m.at);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Request>
void fields(T& r, const Visit& visit) {
  visit("id", r.id);
  visit("engineer", r.engineer);
  fields(r.asked, visit);
  visit("offer", Newer{r.offer});
  visit("reason", r.reason);
  visit("ticket", r.ticket);
  visit("extends", Newer{r.extends});
  visit("asked_by", Newer{r.asked_by});
  visit("approvals", Newer{r.approvals});
  visit("approvals_needed", Newer{r.approvals_needed});
  visit("talk", Newer{r.talk});
  visit("created", r.created);
  visit("last_word", Newer{r.last_word});
  visit("state", r.state);
  visit("decided", r.decided);
  visit("by", r.by);
  visit("note", r.note);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Grant>
void fields(T& g, const Visit& visit) {
  visit("id", g.id);
  visit("engineer", g.engineer);
  visit("request", g.request);
  visit("capabilities", g.capabilities);
  visit("from", g.from);
  visit("until", g.until);
  visit("ended", g.ended);
  visit("ended_reason", g.ended_reason);
  visit("ended_at", g.ended_at);
  visit("role", Newer{g.role});
  visit("reason", Newer{g.reason});
  visit("ticket", Newer{g.ticket});
  visit("by", Newer{g.by});
  visit("signed_by", Newer{g.signed_by});
  visit("most_exchanges", Newer{g.most_exchanges});
  visit("most_response_bytes", Newer{g.most_response_bytes});
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Session>
void fields(T& s, const Visit& visit) {
  visit("id", s.id);
  visit("engineer", s.engineer);
  visit("method", s.method);
  visit("client", s.client);
  visit("user_agent", s.user_agent);
  visit("certificate", s.certificate);
  visit("token_sha256",
        AsHex<std::conditional_t<std::is_const_v<T>, const std::string, std::string>>{s.token_sha256});
  visit("opened", s.opened);
  visit("opened_event", s.opened_event);
  visit("expires", s.expires);
  visit("idle", s.idle);
  visit("last_active", s.last_active);
  visit("budget", Newer{s.budget});
  visit("issuer", Newer{s.issuer});
  visit("subject", Newer{s.subject});
  visit("sid", Newer{s.sid});
  visit("most_role", Newer{s.most_role});
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Comparison>
void fields(T& c, const Visit& visit) {
  visit("compared", Newer{c.at});
  visit("document", Newer{c.document});
  visit("patch", Newer{c.patch});
  visit("changes", Newer{c.changes});
  visit("before_bytes", Newer{c.bytes});
  visit("before_sha256", Newer{c.sha256});
  visit("why", Newer{c.why});
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Hold>
void fields(T& h, const Visit& visit) {
  visit("id", h.id);
  visit("session", h.session);
  visit("engineer", h.engineer);
  visit("capability", h.capability);
  visit("operation", h.operation);
  visit("enforcer", h.enforcer);
  visit("method", h.method);
  visit("target", h.target);
  visit("content_type", h.content_type);
  visit("client", h.client);
  visit("body", h.body);
  visit("body_bytes", h.body_bytes);
  visit("body_sha256", h.body_sha256);
  visit("reason", h.reason);
  visit("request", h.request);
  visit("created", h.created);
  visit("expires", h.expires);
  visit("because", Newer{h.because});
  visit("read", Newer{h.read});
  fields(h.before, visit);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, WitnessedLog>
void fields(T& w, const Visit& visit) {
  visit("size", w.size);
  visit("root", AsHex<std::conditional_t<std::is_const_v<T>, const std::string, std::string>>{w.root});
  visit("at", w.at);
  visit("conflict", w.conflict);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, State::Acceptance>
void fields(T& a, const Visit& visit) {
  visit("hash", a.hash);
  visit("at", a.at);
  visit("by", a.by);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, IntakeToken>
void fields(T& t, const Visit& visit) {
  visit("id", t.id);
  visit("name", t.name);
  visit("service", t.service);
  visit("sha256", AsHex<std::conditional_t<std::is_const_v<T>, const std::string, std::string>>{t.sha256});
  visit("created", t.created);
  visit("expires", t.expires);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, RemoteGateway>
void fields(T& g, const Visit& visit) {
  visit("name", g.name);
  visit("service", g.service);
  visit("token", g.token);
  visit("registered", g.registered);
  visit("lost", g.lost);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Token::Use>
void fields(T& u, const Visit& visit) {
  visit("client", u.client);
  visit("at", u.at);
}

template <typename T, typename Visit>
requires std::same_as<std::remove_const_t<T>, Token>
void fields(T& t, const Visit& visit) {
  visit("id", t.id);
  visit("name", t.name);
  visit("owner", t.owner);
  visit("admin", t.admin);
  visit("scopes", t.scopes);
  visit("networks", t.networks);
  visit("sha256", AsHex<std::conditional_t<std::is_const_v<T>, const std::string, std::string>>{t.sha256});
  visit("created", t.created);
  visit("expires", t.expires);
}

template <typename T>
Json write(const T& value);
template <typename T>
T read(const Json& json);

void put(Json& json, const char* key, const Newer<const Terms>& terms) { json[key] = write(terms.value); }
template <typename T>
void put(Json& json, const char* key, const Newer<const std::vector<T>>& list) {
  json[key] = Json::array();
  for (const T& item : list.value) json[key].push_back(write(item));
}
template <typename T>
void put(Json& json, const char* key, const Newer<const T>& newer) {
  put(json, key, newer.value);
}
void put(Json& json, const char* key, const Newer<const std::vector<std::string>>& texts) {
  json[key] = texts.value;
}
void take(const Json& json, const char* key, Newer<std::vector<std::string>>&& texts) {
  if (json.contains(key)) json.at(key).get_to(texts.value);
}
void take(const Json& json, const char* key, Newer<Terms>&& terms) {
  if (json.contains(key)) terms.value = read<Terms>(json.at(key));
}
template <typename T>
void take(const Json& json, const char* key, Newer<std::vector<T>>&& list) {
  if (!json.contains(key)) return;
  for (const Json& item : json.at(key)) list.value.push_back(read<T>(item));
}
template <typename T>
void take(const Json& json, const char* key, Newer<T>&& newer) {
  if (json.contains(key)) take(json, key, newer.value);
}

template <typename T>
Json write(const T& value) {
  Json json = Json::object();
  fields(value, [&json](const char* key, const auto& field) { put(json, key, field); });
  return json;
}
template <typename T>
T read(const Json& json) {
  T value;
  fields(value,
         [&json](const char* key, auto&& field) { take(json, key, std::forward<decltype(field)>(field)); });
  return value;
}

template <typename Map>
Json write_all(const Map& values) {
  Json list = Json::array();
  for (const auto& [name, value] : values) list.push_back(write(value));
  return list;
}

Json write_tokens(const std::map<std::string, Token, std::less<>>& tokens) {
  Json list = Json::array();
  for (const auto& [id, token] : tokens) {
    Json json = write(token);
    json["uses"] = Json::array();
    for (const Token::Use& use : token.uses) json["uses"].push_back(write(use));
    list.push_back(std::move(json));
  }
  return list;
}

Token read_token(const Json& json) {
  Token token = read<Token>(json);
  for (const Json& use : json.at("uses")) token.uses.push_back(read<Token::Use>(use));
  return token;
}

}  // namespace

Json State::to_json() const {
  Json toggles = Json::object();
  for (const auto& [name, toggle] : capabilities_) toggles[name] = write(toggle);
  Json sharing = Json::object();
  for (const auto& [name, toggle] : sharing_) sharing[name] = write(toggle);
  Json witnessed = Json::object();
  for (const auto& [origin, log] : witnessed_) witnessed[origin] = write(log);
  return {{"remote_mode", static_cast<int>(remote_mode_)},
          {"remote_toggle", write(remote_toggle_)},
          {"capabilities", std::move(toggles)},
          {"sharing", std::move(sharing)},
          {"engineers", write_all(engineers_)},
          {"requests", write_all(requests_)},
          {"grants", write_all(grants_)},
          {"sessions", write_all(sessions_)},
          {"holds", write_all(holds_)},
          {"session_passes", session_passes_},
          {"used_passes", used_passes_},
          {"passes_forgotten_until", passes_forgotten_until_},
          {"applied_grants", applied_grants_},
          {"forgotten_until", forgotten_until_},
          {"witnessed", std::move(witnessed)},
          {"policy_hash", policy_hash_},
          {"policy_changed", policy_changed_},
          {"accepted", write(accepted_)},
          {"tokens", write_tokens(tokens_)},
          {"intake_tokens", write_all(intake_tokens_)},
          {"remote_gateways", write_all(remote_gateways_)},
          {"rolling", rolling_ ? state::to_json(*rolling_) : Json()},
          {"updates", state::to_json(updates_)},

          {"proposals", state::to_json(proposals_)}};
}

Result<State> State::from_json(const Json& json) {
  State state;
  try {
    take(json, "remote_mode", state.remote_mode_);
    state.remote_toggle_ = read<Toggle>(json.at("remote_toggle"));
    for (const auto& [name, toggle] : json.at("capabilities").items()) {
      state.capabilities_[name] = read<Toggle>(toggle);
    }
    const Json sharing = json.value("sharing", Json::object());  // newer than other fields
    for (const auto& [name, toggle] : sharing.items()) {
      state.sharing_[name] = read<Toggle>(toggle);
    }
    for (const Json& item : json.at("engineers")) {
      Engineer engineer = read<Engineer>(item);
      state.engineers_[engineer.name] = std::move(engineer);
    }
    for (const Json& item : json.at("requests")) {
      Request request = read<Request>(item);
      if (!item.contains("offer")) request.offer = request.asked;
      if (request.last_word == 0) request.last_word = request.created;
      if (request.state != RequestState::Pending) ++state.decided_requests_;
      state.requests_[request.id] = std::move(request);
    }
    const Json applied = json.value("applied_grants", Json::object());  // newer than other fields
    for (const auto& [id, until] : applied.items())
      state.applied_grants_[id] = whole_number<Micros>(until, "applied_grants");
    if (json.contains("forgotten_until")) take(json, "forgotten_until", state.forgotten_until_);
    for (const Json& item : json.at("grants")) {  // in the order of their ids
      Grant grant = read<Grant>(item);
      if (grant.ended) ++state.ended_grants_;
      state.grants_of_[grant.engineer].push_back(grant.id);
      state.grants_[grant.id] = std::move(grant);
    }
    for (const Json& item : json.at("sessions")) {
      Session session = read<Session>(item);
      state.sessions_[session.id] = std::move(session);
    }
    for (const Json& item : json.at("holds")) {
      Hold hold = read<Hold>(item);
      state.holds_[hold.id] = std::move(hold);
    }
    for (const auto& [session, operations] : json.at("session_passes").items()) {
      for (const Json& operation : operations)
        state.session_passes_[session].insert(operation.get<std::string>());
    }
    for (const auto& [id, expires] : json.at("used_passes").items()) {
      state.used_passes_[id] = whole_number<Micros>(expires, "used_passes");
    }
    if (json.contains("passes_forgotten_until"))  // newer than other fields
      take(json, "passes_forgotten_until", state.passes_forgotten_until_);
    for (const auto& [origin, log] : json.at("witnessed").items())
      state.witnessed_[origin] = read<WitnessedLog>(log);
    take(json, "policy_hash", state.policy_hash_);
    take(json, "policy_changed", state.policy_changed_);
    // A snapshot that retention made before there was such a thing: as the fold of its events says.
    state.accepted_ = {state.policy_hash_, state.policy_changed_, "gateway"};
    if (json.contains("accepted")) state.accepted_ = read<Acceptance>(json.at("accepted"));
    for (const Json& item : json.value("tokens", Json::array())) {
      Token token = read_token(item);
      state.tokens_[token.id] = std::move(token);
    }
    for (const Json& item : json.value("intake_tokens", Json::array())) {
      IntakeToken token = read<IntakeToken>(item);
      state.intake_tokens_[token.id] = std::move(token);
    }
    for (const Json& item : json.value("remote_gateways", Json::array())) {
      RemoteGateway gateway = read<RemoteGateway>(item);
      state.remote_gateways_[remote_gateway_key(gateway.service, gateway.name)] = std::move(gateway);
    }
    state.rolling_ = rolling_from_json(json.value("rolling", Json()));        // newer than other fields
    state.updates_ = updates_from_json(json.value("updates", Json()));        // likewise
    state.proposals_ = proposals_from_json(json.value("proposals", Json()));  // likewise
  } catch (const Json::exception& problem) {
    return base::fail(base::Code::Invalid, std::string("the state is not one: ") + problem.what());
  }
  return state;
}

}  // namespace postern::state
