// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/parts.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "base/bytes.h"
#include "gateway/supervisor/acme.h"
#include "gateway/supervisor/line_folder.h"
#include "gateway/supervisor/staples.h"
#include "gateway/supervisor/updates_part.h"

namespace postern::supervisor {
namespace {

using base::Json;

Json names_json(const Listener& listener) {
  Json out = Json::array();
  for (const http::Authority& name : listener.names) out.push_back(http::to_text(name));
  return out;
}

Json sessions_json(const Sessions& sessions) {
  Json out{{"idle_us", sessions.idle},
           {"absolute_us", sessions.absolute},
           {"most", sessions.most},
           {"most_per_engineer", sessions.most_per_engineer}};
  if (sessions.warn_bytes > 0) out["warn_bytes"] = sessions.warn_bytes;
  if (sessions.hold_bytes > 0) out["hold_bytes"] = sessions.hold_bytes;
  if (sessions.cut_bytes > 0) out["cut_bytes"] = sessions.cut_bytes;
  return out;
}

Json grants_json(const GrantSigning& grants) {
  return {{"signers", grants.signers}, {"signed_only", grants.signed_only}};
}

// A sixteenth of the lowest threshold: what a session receives before the ledger knows is little beside it. A signed grant
// may say how much it gives, and none of them is known yet.
std::int64_t tell_bytes(const Config& config) {
  constexpr std::int64_t kLeast = 16 << 10, kMost = 1 << 20, kOfGrants = 256 << 10;
  const Sessions& sessions = config.sessions;
  const bool grants = !config.grants.signers.empty();
  std::int64_t lowest = 0;
  for (const std::int64_t bytes : {sessions.warn_bytes, sessions.hold_bytes, sessions.cut_bytes}) {
    if (bytes > 0 && (lowest == 0 || bytes < lowest)) lowest = bytes;
  }
  if (lowest == 0) return grants ? kOfGrants : 0;
  return std::clamp(lowest / 16, kLeast, grants ? kOfGrants : kMost);
}

Json requests_json(const Requests& requests) {
  return {{"expire_us", requests.expire},
          {"default_grant_us", requests.default_grant},
          {"longest_grant_us", requests.longest_grant},
          {"reasons", requests.reasons},
          {"ticket",
           {{"pattern", requests.ticket.pattern},
            {"required", requests.ticket.required},
            {"hint", requests.ticket.hint}}}};
}

Json holds_json(const Holds& holds) {
  return {{"wait_us", holds.wait}, {"most", holds.most}, {"most_per_session", holds.most_per_session}};
}

Json health_json(const Health& health) {
  if (health.path.empty()) return nullptr;
  return {{"path", health.path},
          {"interval_us", health.interval},
          {"timeout_us", health.timeout},
          {"status_from", health.status_from},
          {"status_to", health.status_to}};
}

// As a browser would send it: the port only where it is not the scheme's own.
std::string shown_host(http::Authority authority, bool https) {
  if (authority.port == (https ? 443 : 80)) authority.port = 0;
  return http::to_text(authority);
}

std::string host_to_send(const Service& service, const Node& node) {
  return service.host.empty() ? shown_host(node.authority, node.https) : service.host;
}

Json node_json(const Service& service, const Node& node, const std::string& roots) {
  return {{"id", node.id},
          {"service", service.name},
          {"url", node.url},
          {"https", node.https},
          {"http2", service.http2},
          {"name", service.tls_name.empty() ? bare_host(node.authority) : service.tls_name},
          {"host", host_to_send(service, node)},
          {"roots", node.https ? roots : std::string()},
          {"health", health_json(service.health)}};
}

Json credential_json(const Service& service, const Credential& one, const Material& material) {
  Json out{{"role", one.role}, {"kind", one.kind_text()}};
  if (const ClientKey* key = material.client_key(one.descriptor(service.name)); key != nullptr) {
    out["certificate"] = key->certificate_pem;
    return out;
  }
  out["user"] = one.user;
  out["field"] = one.field;
  out["fd"] = one.descriptor(service.name);
  return out;
}

Json credentials_json(const Service& service, const Material& material) {
  Json out = Json::array();
  for (const Credential& one : service.credentials) out.push_back(credential_json(service, one, material));
  return out;
}

Json services_json(const Config& config, const Material& material) {
  Json out = Json::array();
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    const Service& service = config.services[i];
    Json nodes = Json::array();
    for (const Node& node : service.nodes)
      nodes.push_back(node_json(service, node, material.service_roots[i]));
    out.push_back({{"name", service.name},
                   {"path", service.path},
                   {"host", service.host},
                   {"strip_request", service.strip_request},
                   {"strip_response", service.strip_response},
                   {"credentials", credentials_json(service, material)},
                   {"crls", material.service_crls[i].pem + material.fetched("service " + service.name)},
                   {"asks", service.revocation_fetch.ocsp || service.revocation_fetch.from_certificate},
                   {"revocation", service.revocation == certs::Revocation::Hard ? "hard" : "soft"},
                   {"nodes", std::move(nodes)}});
  }
  return out;
}

Json witnesses_json(const Config& config) {
  Json out = Json::array();
  for (const LogWitness& one : config.log_witnesses)
    out.push_back({{"name", one.name},
                   {"url", one.mission_control ? "the line to Mission Control" : one.url},
                   {"verifier_key", one.verifier_key}});
  return out;
}

// Where, for people: of a webhook the host alone, because its path may be what lets others in.
std::string shown_where(const NotificationTarget& target) {
  if (target.kind == NotificationTarget::Kind::Webhook) return http::to_text(target.authority);
  std::string where;
  for (const std::string& one : target.to) where += (where.empty() ? "" : ", ") + one;
  return where;
}

Json notifications_json(const Config& config) {
  Json out = Json::array();
  for (const NotificationTarget& one : config.notifications) {
    const bool mail = one.kind == NotificationTarget::Kind::Email;
    Json& target = out.emplace_back(Json{{"name", one.name},
                                         {"kind", mail ? "email" : "webhook"},
                                         {"where", shown_where(one)},
                                         {"events", one.events},
                                         {"severity", one.severity}});
    if (mail) target.update({{"from", one.from}, {"to", one.to}});
  }
  return out;
}

// As the link knows it. Passwords come as descriptors.
Json place_json(const NotificationTarget& target, const std::string& roots) {
  Json place{{"id", target.id},
             {"name", target.place()},
             {"https", true},
             {"tls_name", target.tls_name},
             {"host", shown_host(target.authority, true)},
             {"roots", roots}};
  if (target.kind == NotificationTarget::Kind::Webhook) {
    place.update({{"carriage", "webhook"}, {"target", target.path}});
    return place;
  }
  place.update({{"carriage", "mail"},
                {"from", target.from},
                {"to", target.to},
                {"user", target.user},
                {"starttls", target.starttls},
                {"fd", target.descriptor()}});
  return place;
}

// All that mean anything here.
Json groups_of(const OpenId& one) {
  std::set<std::string> all(one.groups.begin(), one.groups.end());
  for (const auto& [role, groups] : one.roles) all.insert(groups.begin(), groups.end());
  return all;
}

// Where a browser comes back to.
struct OpenIdPlaces {
  std::string redirect, home;
};

// As the link knows it: how to reach it, and what its tokens must say.
Json openid_json(const OpenId& one, const OpenIdPlaces& places, const std::string& roots, bool has_secret) {
  Json hosts = Json::array();
  for (const OpenId::Host& host : one.hosts) {
    hosts.push_back({{"id", host.id},
                     {"authority", http::to_text(host.authority)},
                     {"host", shown_host(host.authority, true)},
                     {"tls_name", bare_host(host.authority)}});
  }
  Json out{{"issuer", one.issuer},
           {"client_id", one.client_id},
           {"redirect_uri", places.redirect},
           {"home_uri", places.home},
           {"scopes", one.scopes},
           {"groups_claim", one.groups_claim},
           {"groups", groups_of(one)},
           {"acr", one.acr},
           {"amr", one.amr},
           {"max_age_us", one.max_age},
           {"skew_us", one.clock_skew},
           {"hosts", std::move(hosts)},
           {"roots", roots},
           {"by_key", !one.key.path.empty()}};
  if (has_secret) out["fd"] = OpenId::kSecretDescriptor;
  return out;
}

Json answers_json(const Material& material) {
  Json out = Json::object();
  if (material.answers == nullptr) return out;
  for (const auto& [fingerprint, response] : *material.answers) out[fingerprint] = base::to_base64(response);
  return out;
}

Json fetches_json(const Material& material) {
  Json out = staple_fetches(material);
  for (const Json& one : material.fetches) out.push_back(one);
  return out;
}

// To the console: whether its page offers it, and who may sign in without it.
Json admin_openid_json(const Config& config) {
  const OpenId& one = config.admin_openid;
  if (!one.configured()) return {};
  return {{"issuer", one.issuer},
          {"local_accounts", config.local_accounts},
          {"demanding", !one.acr.empty() || !one.amr.empty()}};
}

std::string level_text(base::Level level) {
  constexpr std::array<const char*, 4> kNames{"debug", "info", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

Json tls_keys_json(const Material& material) {
  Json out = Json::array();
  for (const char* listener : {"support", "admin", "intake"}) {
    for (const ListenerCertificate& one : material.listener(listener).certificates) {
      Json& key =
          out.emplace_back(Json{{"listener", listener}, {"certificate", one.pem}, {"path", one.key_path}});
      if (one.key.valid()) key["fd"] = one.descriptor;
    }
  }
  return out;
}

Json pkcs11_json(const Pkcs11& module) {
  Json paths = Json::array();
  for (const FileName& path : module.paths) paths.push_back(path.path);
  return {{"module", module.module.path},
          {"environment", module.environment},
          {"paths", std::move(paths)},
          {"pin", {{"fd", "pkcs11.pin"}, {"path", module.pin.path}}}};
}

Json client_keys_json(const Material& material) {
  Json out = Json::array();
  for (const ClientKey& one : material.client_keys) {
    Json& key = out.emplace_back(Json{{"certificate", one.certificate_pem}, {"path", one.path}});
    if (one.key.valid()) key["fd"] = one.name;
  }
  return out;
}

Json shown_certificate(const certs::CertificateFacts& certificate) {
  return {{"subject", certificate.subject},
          {"not_after", base::format_time(certificate.not_after)},
          {"sha256", certificate.fingerprint}};
}

Json shown_staple(const Staple& staple) {
  Json out{{"responder", staple.url}};
  if (!staple.response.empty()) out["until"] = base::format_time(staple.times.until);
  return out;
}

Json terminator_certificate(const ListenerCertificate& one) {
  Json out{{"chain", one.pem}};
  if (!one.staple || one.staple->response.empty()) return out;
  out["staple"] = base::to_base64(one.staple->response);
  out["staple_until"] = one.staple->times.until;
  return out;
}

Json shown_credentials(const Service& service, const Material& material) {
  Json out = Json::array();
  for (const Credential& one : service.credentials) {
    Json& shown = out.emplace_back(Json{{"role", one.role}, {"kind", one.kind_text()}});
    if (const ClientKey* key = material.client_key(one.descriptor(service.name)); key != nullptr)
      shown["certificate"] = shown_certificate(key->certificate);
  }
  return out;
}

// Of the intake's listener: as intake/batch.h has it; and between two pieces of a body.
constexpr std::int64_t kIntakeBody = 64 << 10;
constexpr base::Micros kIntakeBodyIdle = 10 * base::kWallSecond;

const char* revocation_text(certs::Revocation revocation) {
  return revocation == certs::Revocation::Hard ? "hard" : "soft";
}

}  // namespace

Json limits_json(const Limits& limits) {
  return {{"connections", limits.connections},
          {"connections_per_address", limits.connections_per_address},
          {"exchanges_per_connection", limits.exchanges_per_connection},
          {"fields", limits.fields},
          {"head", limits.head},
          {"target", limits.target},
          {"request_body", limits.request_body},
          {"exchanges", limits.exchanges},
          {"exchanges_per_address", limits.exchanges_per_address},
          {"exchanges_per_engineer", limits.exchanges_per_engineer},
          {"exchanges_per_session", limits.exchanges_per_session},
          {"requests_per_address", limits.requests_per_address},
          {"requests_per_engineer", limits.requests_per_engineer},
          {"requests_per_session", limits.requests_per_session},
          {"memory", limits.memory}};
}

Json terminator_part(const Config& config, const Material& material, std::string_view listener) {
  const bool support = listener == "support";
  const Listener& own = config.listener(listener);
  Json certificates = Json::array();
  for (const ListenerCertificate& one : material.listener(listener).certificates)
    certificates.push_back(terminator_certificate(one));
  Timeouts timeouts = config.timeouts;
  Limits limits = config.limits;
  if (listener == "intake") {  // a batch is small, and whoever sends it has it all at once
    limits.request_body = kIntakeBody;
    timeouts.body_idle = std::min(timeouts.body_idle, kIntakeBodyIdle);
  }
  return {{"log_level", level_text(config.log_level)},
          {"listener", listener},
          {"certificates", std::move(certificates)},
          {"client_roots", support ? material.support_authority_pem : std::string()},
          {"names", names_json(own)},
          {"challenges", support && config.acme && config.acme->by_tls},
          {"http2", own.http2},
          {"limits", limits_json(limits)},
          {"timeouts",
           {{"handshake_us", timeouts.handshake},
            {"head_us", timeouts.head},
            {"body_idle_us", timeouts.body_idle},
            {"keep_alive_us", timeouts.keep_alive},
            {"drain_us", timeouts.drain},
            {"hand_over_us", timeouts.hand_over}}}};
}

namespace {

// What the enforcer that asks for all asks nodes, beside whether they are well.
Json readings_json(const Monitoring& monitoring) {
  Json services = Json::object();
  for (const Monitoring::Service& service : monitoring.services) {
    Json& sources = services[service.name] = Json::array();
    for (const Monitoring::Source& source : service.sources) {
      Json values = Json::array();
      for (const measure::Wanted& value : source.values) values.push_back({value.name, value.where});
      sources.push_back({{"path", source.path}, {"json", source.json}, {"values", std::move(values)}});
    }
  }
  return {
      {"every_us", monitoring.every}, {"timeout_us", monitoring.timeout}, {"services", std::move(services)}};
}

Json health_terms_json(const Config& config) {
  const Monitoring& monitoring = config.monitoring;
  const auto threshold = [](const Threshold& one) {
    return Json{{"raise", one.raise}, {"clear", one.clear}};
  };
  Json nodes = Json::array();
  for (const Service& service : config.services) {
    for (const Node& node : service.nodes) nodes.push_back({{"service", service.name}, {"node", node.url}});
  }
  Json cpu = threshold(monitoring.cpu);
  cpu["over_us"] = monitoring.cpu_over;
  return {{"every_us", monitoring.every},
          {"nodes", std::move(nodes)},
          {"usage", monitoring.usage},
          {"disk", threshold(monitoring.disk)},
          {"memory", threshold(monitoring.memory)},
          {"cpu", std::move(cpu)},
          {"storage", threshold(monitoring.storage)},
          {"clock", {{"raise_us", monitoring.clock_raise}, {"clear_us", monitoring.clock_clear}}},
          {"certificate", threshold(monitoring.certificate)}};
}

}  // namespace

Json enforcer_part(const Config& config, const Material& material, std::uint32_t index) {
  const Timeouts& timeouts = config.timeouts;
  return {{"log_level", level_text(config.log_level)},
          {"services", services_json(config, material)},
          {"checks_health", index == 0},
          {"readings", index == 0 ? readings_json(config.monitoring) : Json()},
          {"updates", enforcer_updates_json(config)},
          {"requests", requests_json(config.requests)},
          {"names", names_json(config.support)},
          {"support_authority", material.support_authority_pem},
          {"engineer_certificates",
           {{"crls", material.engineer_crls.pem + material.fetched("engineers")},
            {"asks", config.engineers.fetch.ocsp || config.engineers.fetch.from_certificate},
            {"revocation", revocation_text(config.engineers.revocation)},
            {"identities", config.engineers.demands.identities},
            {"purposes", config.engineers.demands.purposes},
            {"longest_life_us", config.engineers.demands.longest_life}}},
          {"openid", config.openid.configured()},
          {"answers", answers_json(material)},
          {"answers_wait_us", config.revocation_sources.wait},
          {"limits", limits_json(config.limits)},
          {"tell_bytes", tell_bytes(config)},
          {"timeouts",
           {{"body_idle_us", timeouts.body_idle},
            {"component_connect_us", timeouts.component_connect},
            {"component_head_us", timeouts.component_head},
            {"component_idle_us", timeouts.component_idle},
            {"drain_us", timeouts.drain}}}};
}

Json answers_part(const Config& config, const Material& material, bool revoked) {
  return {{"log_level", level_text(config.log_level)},
          {"only", "answers"},
          {"answers", answers_json(material)},
          {"revoked", revoked}};
}

Json fetches_part(const Config& config, const Material& material) {
  return {
      {"log_level", level_text(config.log_level)}, {"only", "fetches"}, {"fetches", fetches_json(material)}};
}

Json ledger_part(const Config& config, const Material& material) {
  Json part = {{"log_level", level_text(config.log_level)},
               {"version", POSTERN_VERSION},
               {"state_directory", config.state_directory.path},
               {"admins", material.admins_text},
               {"sessions", sessions_json(config.sessions)},
               {"requests", requests_json(config.requests)},
               {"grants", grants_json(config.grants)},
               {"holds", holds_json(config.holds)},
               {"retention", Json::object()},
               {"intake", Json::object()},
               {"witnesses", witnesses_json(config)},
               {"witnessed_logs", config.witnessed_logs},
               {"notifications", notifications_json(config)},
               {"openid", Json()},
               {"admin_openid", Json()},
               {"line", Json()},
               {"calendar", Json()},
               {"monitoring", health_terms_json(config)},
               {"updates", ledger_updates_json(config)}};
  if (config.intake) part["intake"]["lost_after_us"] = config.intake->lost_after;
  if (config.mission_control && !material.line.certificate_pem.empty()) {
    Json services = Json::array();
    for (const Service& service : config.services) services.push_back(service.name);
    part["line"]["registration"] = {
        {"version", POSTERN_VERSION}, {"services", std::move(services)}, {"nodes", config.nodes()}};
    part["line"]["tunnel"] = config.mission_control->tunnel;
    if (!material.line.update_root.empty())
      part["line"]["updates"] = {{"root", material.line.update_root},
                                 {"keep", config.mission_control->updates->keep}};
    if (config.mission_control->updates)
      part["calendar"] = calendar_json(*config.mission_control->updates, material.line);
  }
  if (config.admin_openid.configured()) {
    part["admin_openid"] = {{"issuer", config.admin_openid.issuer},
                            {"name_claim", config.admin_openid.name_claim},
                            {"roles", config.admin_openid.roles}};
  }
  if (config.openid.configured()) {
    part["openid"] = {{"issuer", config.openid.issuer},
                      {"name_claim", config.openid.name_claim},
                      {"groups", config.openid.groups},
                      {"provision", config.openid.provision},
                      {"roles", config.openid.roles}};
  }
  if (config.retention.events > 0) part["retention"]["events_us"] = config.retention.events;
  return part;
}

// What the protocols that it carries have at the end of a prefix is theirs: add-checkpoint of C2SP tlog-witness.
Json link_part(const Config& config, const Material& material) {
  Json places = Json::array();
  for (std::size_t i = 0; i < config.log_witnesses.size(); ++i) {
    const LogWitness& witness = config.log_witnesses[i];
    if (witness.mission_control) {
      places.push_back({{"name", witness.name}, {"carriage", "line"}});
      continue;
    }
    places.push_back({{"id", witness.id},
                      {"name", witness.name},
                      {"https", witness.https},
                      {"tls_name", witness.tls_name},
                      {"host", shown_host(witness.authority, witness.https)},
                      {"target", witness.path + "/add-checkpoint"},
                      {"roots", material.witness_roots[i]}});
  }
  for (std::size_t i = 0; i < config.notifications.size(); ++i)
    places.push_back(place_json(config.notifications[i], material.notification_roots[i]));
  Json acme = nullptr;
  if (config.acme && material.acme.account.valid()) acme = acme_link_part(*config.acme, material);
  Json openid;
  if (config.openid.configured()) {
    const std::string url = config.support.url() + "/.postern/";
    openid = openid_json(config.openid, {url + "openid/callback", url + "sign-in"}, material.openid_roots,
                         material.openid_secret.valid());
  }
  return {{"log_level", level_text(config.log_level)},
          {"places", std::move(places)},
          {"fetches", fetches_json(material)},
          {"acme", acme},
          {"line", config.mission_control ? line_link_part(*config.mission_control, material.line) : Json()},
          {"openid", std::move(openid)}};
}

Json admin_link_part(const Config& config, const Material& material) {
  Json openid;
  if (config.admin_openid.configured()) {
    const std::string url = config.admin.url();
    openid = openid_json(config.admin_openid, {url + "/openid/callback", url + "/"},
                         material.admin_openid_roots, material.admin_openid_secret.valid());
  }
  return {{"log_level", level_text(config.log_level)},
          {"places", Json::array()},
          {"acme", Json()},
          {"openid", std::move(openid)}};
}

Json keeper_part(const Config& config, const Material& material) {
  Json part{{"log_level", level_text(config.log_level)},
            {"tls_keys", tls_keys_json(material)},
            {"client_keys", client_keys_json(material)},
            {"pass_key", {{"fd", "key.pass"}, {"path", config.pass_key.path}}},
            {"log_key", {{"fd", "key.log"}, {"path", config.log_key.path}}}};
  if (material.log_keys.next.valid())
    part["next_log_key"] = {{"fd", "key.log.next"}, {"path", next_log_key_path(config.log_key.path)}};
  for (const NotificationTarget& target : config.notifications) {
    if (target.kind == NotificationTarget::Kind::Webhook)
      part["webhook_secrets"].push_back(
          {{"fd", target.descriptor()}, {"target", target.name}, {"path", target.secret.path}});
  }
  const auto add_client = [&part](const char* face, const char* fd, const OpenId& one) {
    if (one.configured() && !one.key.path.empty())
      part["client_assertions"].push_back({{"fd", fd},
                                           {"path", one.key.path},
                                           {"face", face},
                                           {"client_id", one.client_id},
                                           {"issuer", one.issuer}});
  };
  add_client("support", "key.openid", config.openid);
  add_client("admin", "key.admin_openid", config.admin_openid);
  if (config.acme && material.acme.account.valid()) part["acme"] = acme_keeper_part(*config.acme, material);
  if (material.line.key.valid()) part["line_key"] = line_keeper_part(*config.mission_control, material.line);
  if (config.pkcs11) part["pkcs11"] = pkcs11_json(*config.pkcs11);
  if (material.witness_key.valid()) {
    part["witness_key"] = {
        {"fd", "key.witness"}, {"path", config.witness_key.path}, {"logs", config.witnessed_logs}};
  }
  return part;
}

Json intake_part(const Config& config) {
  if (!config.intake) return {{"log_level", level_text(config.log_level)}};
  return {{"log_level", level_text(config.log_level)},
          {"names", names_json(config.intake->listener)},
          {"events_per_minute", config.intake->events_per_minute}};
}

Json console_part(const Config& config, const Material& material) {
  return {{"log_level", level_text(config.log_level)},
          {"state_directory", config.state_directory.path},
          {"public_url", config.support.url()},
          {"second_factor_required", config.second_factor_required},
          {"names", names_json(config.admin)},
          {"openid", admin_openid_json(config)},
          {"listeners", listeners_json(config, material)},
          {"component", component_json(config, material)},
          {"sessions", sessions_json(config.sessions)},
          {"requests", requests_json(config.requests)},
          {"grants", grants_json(config.grants)},
          {"timeouts", {{"drain_us", config.timeouts.drain}}}};
}

Json listeners_json(const Config& config, const Material& material) {
  const auto one = [&material](const char* name, const Listener& listener) -> Json {
    Json certificates = Json::array();
    for (const ListenerCertificate& each : material.listener(name).certificates) {
      Json& shown = certificates.emplace_back(shown_certificate(each.leaf));
      shown["names"] = each.leaf.dns_names;
      shown["key"] = each.leaf.key_type;
      shown["flaws"] = Json::array();
      for (const Flaw& flaw : each.flaws) shown["flaws"].push_back(flaw.why);
      if (each.staple) shown["staple"] = shown_staple(*each.staple);
    }
    return {{"name", name},
            {"address", listener.address.text()},
            {"certificate", shown_certificate(material.listener(name).certificates.front().leaf)},
            {"certificates", std::move(certificates)}};
  };
  Json out = Json::array({one("support", config.support), one("admin", config.admin)});
  if (config.intake) out.push_back(one("intake", config.intake->listener));
  return out;
}

Json engineer_certificates_json(const Config& config, const Material& material, base::Micros now) {
  const EngineerCertificates& engineers = config.engineers;
  Json out{{"asked_for", !material.support_authority_pem.empty()},
           {"revocation", revocation_text(engineers.revocation)},
           {"crls", crls_json(material.engineer_crls, now)},
           {"identities", engineers.demands.identities},
           {"purposes", engineers.demands.purposes}};
  if (engineers.demands.longest_life > 0)
    out["longest_life"] = base::format_duration(engineers.demands.longest_life);
  return out;
}

Json component_json(const Config& config, const Material& material) {
  Json services = Json::array();
  Json nodes = Json::array();
  for (const Service& service : config.services) {
    services.push_back({{"name", service.name},
                        {"path", service.path},
                        {"credentials", shown_credentials(service, material)}});
    const bool checked = !service.health.path.empty();
    for (const Node& node : service.nodes)
      nodes.push_back({{"service", service.name}, {"url", node.url}, {"checked", checked}});
  }
  return {{"services", std::move(services)}, {"nodes", std::move(nodes)}};
}

}  // namespace postern::supervisor
