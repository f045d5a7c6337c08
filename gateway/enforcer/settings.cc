// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/settings.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/file.h"
#include "gateway/http/credential.h"

namespace postern::enforcer {
namespace {

using base::Json;

// The supervisor has checked the configuration; what is wrong here is a defect, told as such.
base::Error wrong(const char* what) {
  return base::fail(base::Code::Invalid,
                    std::string("the enforcer's part of the configuration lacks ") + what);
}

base::Nanos nanos_or(const Json& object, const char* key, base::Nanos fallback) {
  return base::json_number_or(object, key, fallback / 1000) * 1000;
}

std::vector<std::string> texts(const Json& object, const char* key) {
  std::vector<std::string> out;
  const auto it = object.find(key);
  if (it == object.end() || !it->is_array()) return out;
  for (const Json& item : *it) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

HealthCheck read_health(const Json& node) {
  HealthCheck check;
  const auto it = node.find("health");
  if (it == node.end() || !it->is_object()) return check;
  check.path = base::json_text_or(*it, "path", "");
  check.interval = nanos_or(*it, "interval_us", check.interval);
  check.timeout = nanos_or(*it, "timeout_us", check.timeout);
  check.status_from = static_cast<int>(base::json_number_or(*it, "status_from", check.status_from));
  check.status_to = static_cast<int>(base::json_number_or(*it, "status_to", check.status_to));
  return check;
}

// An address of this machine by the URL alone: a name may be somebody else's tomorrow, but for "localhost".
bool is_loopback(std::string_view url) {
  for (const std::string_view host : {"http://127.", "http://localhost", "http://[::1]"}) {
    if (!url.starts_with(host)) continue;
    const std::string_view rest = url.substr(host.size());
    return host.ends_with('.') ? rest.find_first_not_of("0123456789.") == rest.find_first_of(":/")
                               : rest.empty() || rest[0] == ':' || rest[0] == '/';
  }
  return false;
}

Http2 http2_of(const std::string& text, bool https) {
  if (text == "prior-knowledge") return Http2::PriorKnowledge;
  return https && text == "auto" ? Http2::Auto : Http2::Off;
}

Node read_node(const Json& json) {
  Node node;
  node.id = static_cast<std::uint32_t>(base::json_number_or(json, "id", 0));
  node.service = base::json_text_or(json, "service", "");
  node.url = base::json_text_or(json, "url", "");
  node.https = base::json_bool_or(json, "https", false);
  node.http2 = http2_of(base::json_text_or(json, "http2", "auto"), node.https);
  node.name = base::json_text_or(json, "name", "");
  node.authority = base::json_text_or(json, "host", "");
  if (const auto authority = http::parse_authority(node.authority))
    node.host = base::to_lower(authority->host);
  node.private_way = node.https || is_loopback(node.url);
  node.roots_pem = base::json_text_or(json, "roots", "");
  node.health = read_health(json);
  return node;
}

http::CredentialKind kind_of(const std::string& text) {
  if (text == "basic") return http::CredentialKind::Basic;
  return text == "header" ? http::CredentialKind::Header : http::CredentialKind::Bearer;
}

// value: of a field, "Basic dXNlcjpwYXNzd29yZA==". A scheme in front of it is no secret.
std::vector<std::shared_ptr<const base::Secret>> literals_of(http::CredentialKind kind,
                                                             std::string_view value) {
  std::vector<std::shared_ptr<const base::Secret>> out;
  const auto add = [&](std::string_view text) { out.push_back(std::make_shared<const base::Secret>(text)); };
  const std::string_view bare = value.substr(value.rfind(' ') + 1);
  add(bare);
  if (kind == http::CredentialKind::Header && bare.size() < value.size()) add(value);
  if (kind != http::CredentialKind::Basic) return out;
  std::optional<std::string> pair = base::from_base64(bare);
  if (!pair) return out;
  add(std::string_view(*pair).substr(pair->find(':') + 1));
  base::wipe(*pair);
  return out;
}

base::Status read_credential(const Json& json, const Settings::TakeFile& file, Service& service) {
  auto out = std::make_shared<Credential>();
  out->role = base::json_text_or(json, "role", "");
  out->certificate_pem = base::json_text_or(json, "certificate", "");
  if (out->is_certificate()) {
    service.credentials.push_back(std::move(out));
    return base::Ok{};
  }
  out->field = base::json_text_or(json, "field", "authorization");
  const std::string name = base::json_text_or(json, "fd", "");
  const base::UniqueFd fd = file(name);
  base::Result<std::string> text = base::read_open_file(fd.get(), name, http::kCredentialFileLimit);
  if (!text.ok()) return std::move(text).error();
  const http::CredentialKind kind = kind_of(base::json_text_or(json, "kind", ""));
  base::Result<base::Secret> value =
      http::credential_value(kind, base::json_text_or(json, "user", ""), *text);
  base::wipe(*text);
  if (!value.ok()) return base::fail(base::Code::Invalid, name + ": " + value.error().message);
  out->value = std::move(*value);
  out->literals = literals_of(kind, out->value.view());
  for (auto* list : {&service.strip_request, &service.strip_response}) {
    if (std::find(list->begin(), list->end(), out->field) == list->end()) list->push_back(out->field);
  }
  service.credentials.push_back(std::move(out));
  return base::Ok{};
}

Service read_service(const Json& json) {
  Service service;
  service.name = base::json_text_or(json, "name", "");
  service.path = base::json_text_or(json, "path", "/");
  service.strip_request = texts(json, "strip_request");
  service.strip_response = texts(json, "strip_response");
  service.crls = base::json_text_or(json, "crls", "");
  service.asks = base::json_bool_or(json, "asks", false);
  const bool hard = base::json_text_or(json, "revocation", "") == "hard";
  service.revocation = hard ? certs::Revocation::Hard : certs::Revocation::Soft;
  for (const Json& node : json.value("nodes", Json::array())) service.nodes.push_back(read_node(node));
  return service;
}

RequestHints read_hints(const Json& part) {
  RequestHints hints;
  const Json requests = part.value("requests", Json::object());
  const Json ticket = requests.value("ticket", Json::object());
  hints.reasons = texts(requests, "reasons");
  hints.ticket_pattern = base::json_text_or(ticket, "pattern", "");
  hints.ticket_hint = base::json_text_or(ticket, "hint", "");
  hints.ticket_required = base::json_bool_or(ticket, "required", false);
  hints.longest_grant = base::json_number_or(requests, "longest_grant_us", hints.longest_grant);
  return hints;
}

AdmissionLimits read_admission(const Json& json) {
  AdmissionLimits limits;
  const auto number = [&](const char* key, auto& value) {
    value = static_cast<std::remove_reference_t<decltype(value)>>(
        base::json_number_or(json, key, static_cast<std::int64_t>(value)));
  };
  number("exchanges", limits.exchanges);
  number("memory", limits.memory);
  number("exchanges_per_address", limits.address.exchanges);
  number("exchanges_per_engineer", limits.engineer.exchanges);
  number("exchanges_per_session", limits.session.exchanges);
  number("requests_per_address", limits.address.requests);
  number("requests_per_engineer", limits.engineer.requests);
  number("requests_per_session", limits.session.requests);
  return limits;
}

ReadingSettings read_readings(const Json& part) {
  ReadingSettings out;
  const Json json = part.value("readings", Json());
  if (!json.is_object()) return out;
  out.every = nanos_or(json, "every_us", out.every);
  out.timeout = nanos_or(json, "timeout_us", out.timeout);
  const Json services = json.value("services", Json::object());
  for (const auto& [name, sources] : services.items()) {
    for (const Json& source : sources) {
      ReadingSource& added = out.services[name].emplace_back();
      added.path = base::json_text_or(source, "path", "");
      added.json = base::json_bool_or(source, "json", false);
      for (const Json& value : source.value("values", Json::array()))
        added.values.push_back({value.at(0).get<std::string>(), value.at(1).get<std::string>()});
    }
  }
  return out;
}

std::map<std::int64_t, UpdateCall> read_update_calls(const Json& list) {
  std::map<std::int64_t, UpdateCall> out;
  for (const Json& json : list) {
    UpdateCall& call = out[base::json_number_or(json, "step", 0)];
    call.method = http::parse_method(base::json_text_or(json, "method", "")).value_or(http::Method::Post);
    call.path = base::json_text_or(json, "path", "/");
    call.body = base::json_text_or(json, "body", "");
    call.type = base::json_text_or(json, "type", "application/json");
    call.role = base::json_text_or(json, "role", "admin");
    call.status_from = static_cast<int>(base::json_number_or(json, "status_from", call.status_from));
    call.status_to = static_cast<int>(base::json_number_or(json, "status_to", call.status_to));
    call.limit = nanos_or(json, "limit_us", call.limit);
  }
  return out;
}

certs::ClientTrust read_trust(const Json& part) {
  const Json more = part.value("engineer_certificates", Json::object());
  certs::ClientTrust trust;
  trust.roots_pem = base::json_text_or(part, "support_authority", "");
  trust.crls = base::json_text_or(more, "crls", "");
  trust.revocation = base::json_text_or(more, "revocation", "hard") == "soft" ? certs::Revocation::Soft
                                                                              : certs::Revocation::Hard;
  trust.demands.identities = texts(more, "identities");
  trust.demands.purposes = texts(more, "purposes");
  trust.demands.longest_life = base::json_number_or(more, "longest_life_us", 0);
  return trust;
}

}  // namespace

const Credential* Service::credential_for(std::string_view role) const {
  const Credential* others = nullptr;
  for (const auto& credential : credentials) {
    if (credential->role == role) return credential.get();
    if (credential->role.empty()) others = credential.get();
  }
  return others;
}

std::shared_ptr<const Credential> Service::least_credential() const {
  for (const std::string_view role : {"viewer", "", "user", "admin"}) {
    for (const auto& credential : credentials) {
      if (credential->role == role) return credential;
    }
  }
  return nullptr;
}

std::vector<std::shared_ptr<const base::Secret>> Settings::literals() const {
  std::vector<std::shared_ptr<const base::Secret>> out;
  for (const Service& service : services) {
    for (const auto& credential : service.credentials)
      out.insert(out.end(), credential->literals.begin(), credential->literals.end());
  }
  return out;
}

const UpdateCall* Settings::update_call(const std::string& service, std::string_view list,
                                        std::int64_t step) const {
  const auto of = updates.find(service);
  if (of == updates.end()) return nullptr;
  const auto& calls = list == "roll-back" ? of->second.roll_back : of->second.update;
  const auto found = calls.find(step);
  return found == calls.end() ? nullptr : &found->second;
}

const Service* Settings::service_at(std::string_view path) const {
  const Service* best = nullptr;
  for (const Service& service : services) {
    const bool below = path.starts_with(service.path) ||
                       path == std::string_view(service.path).substr(0, service.path.size() - 1);
    if (below && (best == nullptr || service.path.size() > best->path.size())) best = &service;
  }
  return best;
}

std::shared_ptr<const certs::Answers> Settings::read_answers(const Json& part) {
  auto out = std::make_shared<certs::Answers>();
  const Json answers = part.value("answers", Json::object());
  for (const auto& [fingerprint, response] : answers.items()) {
    if (!response.is_string()) continue;
    if (const auto der = base::from_base64(response.get_ref<const std::string&>()))
      (*out)[fingerprint] = *der;
  }
  return out;
}

base::Result<Settings> Settings::read(const Json& part, std::uint32_t index, const TakeFile& file) {
  if (!part.is_object()) return wrong("everything");
  Settings settings;
  settings.index = index;
  settings.requests = read_hints(part);
  settings.checks_health = base::json_bool_or(part, "checks_health", index == 0);
  settings.readings = read_readings(part);
  const Json updates = part.value("updates", Json::object());
  for (const auto& [name, calls] : updates.items()) {
    settings.updates[name] = {read_update_calls(calls.value("update", Json::array())),
                              read_update_calls(calls.value("roll-back", Json::array()))};
  }
  const auto services = part.find("services");  // none is a configuration too: then nothing is reachable
  if (services == part.end() || !services->is_array()) return wrong("services");
  for (const Json& service : *services) {
    Service& added = settings.services.emplace_back(read_service(service));
    for (const Json& credential : service.value("credentials", Json::array())) {
      if (base::Status read = read_credential(credential, file, added); !read.ok())
        return std::move(read).error();
    }
    for (Node& node : added.nodes) node.health_credential = added.least_credential();
  }
  for (const std::string& name : texts(part, "names")) {
    const auto authority = http::parse_authority(name);
    if (!authority) return wrong("names that are host or host:port");
    settings.names.push_back(*authority);
  }
  settings.openid = base::json_bool_or(part, "openid", false);
  settings.engineers = read_trust(part);
  settings.asks = base::json_bool_or(part.value("engineer_certificates", Json::object()), "asks", false);
  settings.answers = read_answers(part);
  settings.answers_wait = base::json_number_or(part, "answers_wait_us", settings.answers_wait);
  if (const auto key = base::from_hex(base::json_text_or(part, "redaction_key", "")); key && !key->empty()) {
    if (key->size() != base::KeyedHash::kKeySize) return wrong("a redaction_key of 32 bytes");
    settings.redaction_key = *key;
  }
  const Json limits = part.value("limits", Json::object());
  settings.head.head = static_cast<std::size_t>(
      base::json_number_or(limits, "head", static_cast<std::int64_t>(settings.head.head)));
  settings.head.target = static_cast<std::size_t>(
      base::json_number_or(limits, "target", static_cast<std::int64_t>(settings.head.target)));
  settings.head.fields = static_cast<std::size_t>(
      base::json_number_or(limits, "fields", static_cast<std::int64_t>(settings.head.fields)));
  settings.request_body = static_cast<std::uint64_t>(
      base::json_number_or(limits, "request_body", static_cast<std::int64_t>(settings.request_body)));
  settings.admission = read_admission(limits);
  settings.tell_bytes = static_cast<std::uint64_t>(base::json_number_or(part, "tell_bytes", 0));
  const Json timeouts = part.value("timeouts", Json::object());
  settings.connect = nanos_or(timeouts, "component_connect_us", settings.connect);
  settings.response_head = nanos_or(timeouts, "component_head_us", settings.response_head);
  settings.component_idle = nanos_or(timeouts, "component_idle_us", settings.component_idle);
  return settings;
}

}  // namespace postern::enforcer
