// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/config.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/bytes.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::kWallSecond;
using base::YamlNode;

constexpr base::Micros kDay = 24 * kHour;
constexpr std::int64_t kKiB = 1 << 10, kGiB = 1 << 30;
// A head travels to the enforcer in one frame of at most 96 KiB (exchange_protocol.h), with its lengths.
constexpr std::int64_t kLargestHead = 64 * kKiB;

const std::vector<KeyTable>& key_tables() {
  static const std::vector<KeyTable> tables{
      {"",
       {"version",
        "user",
        "sandbox",
        "workers",
        "listeners",
        "control_socket",
        "state_directory",
        "policy",
        "admins",
        "pass_key",
        "log_key",
        "component",
        "support_authority",
        "sessions",
        "requests",
        "holds",
        "retention",
        "limits",
        "timeouts",
        "log",
        "witness",
        "second_factor",
        "notifications",
        "engineer_certificates",
        "revocation_sources",
        "grants",
        "acme",
        "openid",
        "admin_openid",
        "pkcs11",
        "mission_control",
        "monitoring",
        "intake",
        "update"}},
      {"grants", {"signers", "signed_only"}},
      {"revocation_sources", {"hosts", "roots", "every", "wait"}},
      {"engineer_certificates", {"crl", "ocsp", "revocation", "identities", "purposes", "longest_life"}},
      {"listeners", {"support", "admin", "intake"}},
      {"listeners.support", {"address", "certificate", "key", "certificates", "names", "http2", "staple"}},
      {"listeners.support.certificates[]", {"certificate", "key"}},
      {"listeners.admin", {"address", "certificate", "key", "certificates", "names", "http2", "staple"}},
      {"listeners.admin.certificates[]", {"certificate", "key"}},
      {"listeners.intake", {"address", "certificate", "key", "certificates", "names", "http2", "staple"}},
      {"listeners.intake.certificates[]", {"certificate", "key"}},
      {"intake", {"events_per_minute", "lost_after"}},
      {"component", {"services"}},
      {"component.services[]",
       {"name", "path", "nodes", "host", "health", "tls", "http2", "strip", "credential", "update"}},
      {"component.services[].update", {"run_as", "min_up", "pause", "drain", "steps", "wait", "roll_back"}},
      {"component.services[].update.drain", {"limit", "at_least", "call", "undo"}},
      {"component.services[].update.wait", {"limit", "healthy_for"}},
      {"component.services[].update.steps[]", {"run", "call", "limit"}},
      {"component.services[].update.roll_back[]", {"run", "call", "limit"}},
      {"component.services[].update.drain.call", {"method", "path", "body", "type", "status", "role"}},
      {"component.services[].update.drain.undo", {"method", "path", "body", "type", "status", "role"}},
      {"component.services[].update.steps[].call", {"method", "path", "body", "type", "status", "role"}},
      {"component.services[].update.roll_back[].call", {"method", "path", "body", "type", "status", "role"}},
      {"update", {"run_as", "steps", "wait", "roll_back"}},
      {"update.wait", {"limit", "healthy_for"}},
      {"update.steps[]", {"run", "limit"}},
      {"update.roll_back[]", {"run", "limit"}},
      {"component.services[].health", {"path", "interval", "timeout", "status"}},
      {"component.services[].tls", {"roots", "name", "crl", "ocsp", "revocation"}},
      {"component.services[].strip", {"request", "response"}},
      {"component.services[].credential", {"bearer", "basic", "header", "client_certificate", "roles"}},
      {"component.services[].credential.roles", {"viewer", "user", "admin"}},
      {"component.services[].credential.roles.viewer", {"bearer", "basic", "header", "client_certificate"}},
      {"component.services[].credential.roles.user", {"bearer", "basic", "header", "client_certificate"}},
      {"component.services[].credential.roles.admin", {"bearer", "basic", "header", "client_certificate"}},
      {"component.services[].credential.bearer", {"file"}},
      {"component.services[].credential.basic", {"user", "password_file"}},
      {"component.services[].credential.header", {"name", "value_file"}},
      {"component.services[].credential.client_certificate", {"certificate", "key"}},
      {"sessions", {"idle", "absolute", "most", "most_per_engineer", "response_bytes"}},
      {"sessions.response_bytes", {"warn", "hold", "cut"}},
      {"requests", {"expire", "default_grant", "longest_grant", "reasons", "ticket"}},
      {"requests.ticket", {"pattern", "required", "hint"}},
      {"holds", {"wait", "most", "most_per_session"}},
      {"retention", {"events"}},
      {"limits",
       {"connections", "connections_per_address", "exchanges_per_connection", "fields", "head", "target",
        "request_body", "exchanges", "exchanges_per_address", "exchanges_per_engineer",
        "exchanges_per_session", "requests_per_address", "requests_per_engineer", "requests_per_session",
        "memory"}},
      {"timeouts",
       {"handshake", "head", "body_idle", "keep_alive", "component_connect", "component_head",
        "component_idle", "drain", "hand_over"}},
      {"log", {"level", "witnesses"}},
      {"log.witnesses[]", {"name", "url", "mission_control", "verifier_key", "tls"}},
      {"log.witnesses[].tls", {"roots", "name"}},
      {"witness", {"key", "logs"}},
      {"notifications[]", {"name", "webhook", "email", "events", "severity", "tls"}},
      {"notifications[].webhook", {"url", "secret_file"}},
      {"notifications[].email", {"server", "security", "user", "password_file", "from", "to"}},
      {"notifications[].tls", {"roots", "name"}},
      {"acme",
       {"directory", "names", "folder", "challenge", "challenge_address", "contact", "terms_agreed",
        "external_account", "tls"}},
      {"acme.external_account", {"key_id", "secret_file"}},
      {"acme.tls", {"roots", "name"}},
      {"openid",
       {"issuer", "client_id", "client_secret_file", "client_key_file", "scopes", "name_claim",
        "groups_claim", "groups", "roles", "provision", "acr", "amr", "max_age", "clock_skew", "hosts",
        "tls"}},
      {"openid.roles", {"viewer", "user", "admin"}},
      {"openid.tls", {"roots"}},
      {"admin_openid",
       {"issuer", "client_id", "client_secret_file", "client_key_file", "scopes", "name_claim",
        "groups_claim", "roles", "acr", "amr", "max_age", "clock_skew", "hosts", "tls", "local_accounts"}},
      {"admin_openid.roles", {"admin", "auditor"}},
      {"admin_openid.tls", {"roots"}},
      {"pkcs11", {"module", "pin", "environment", "paths"}},
      {"mission_control", {"url", "folder", "proxy", "tls", "tunnel", "updates"}},
      {"mission_control.updates", {"root", "keep", "window", "notice"}},
      {"mission_control.updates.window", {"days", "from", "for", "time_zone"}},
      {"mission_control.proxy", {"url", "user", "password_file"}},
      {"mission_control.tls", {"roots", "name", "revocation"}},
      {"monitoring", {"every", "timeout", "disks", "services", "usage", "warnings"}},
      {"monitoring.services[]", {"service", "metrics", "json"}},
      {"monitoring.services[].metrics", {"path", "values"}},
      {"monitoring.services[].json[]", {"path", "values"}},
      {"monitoring.warnings", {"disk", "memory", "cpu", "storage", "clock", "certificate"}},
      {"monitoring.warnings.disk", {"above", "clear"}},
      {"monitoring.warnings.memory", {"above", "clear"}},
      {"monitoring.warnings.cpu", {"above", "clear", "over"}},
      {"monitoring.warnings.storage", {"above", "clear"}},
      {"monitoring.warnings.clock", {"above", "clear"}},
      {"monitoring.warnings.certificate", {"below", "clear"}},
  };
  return tables;
}

class ListenerReader {
 public:
  explicit ListenerReader(ConfigReader& read) : read_(read) {}

  void read(const YamlNode& parent, std::string_view name, Listener& out) {
    const std::string path = "listeners." + std::string(name);
    const YamlNode* node = parent.find(name);
    if (node == nullptr) return read_.fault(parent.mark, "listeners needs " + std::string(name));
    if (!read_.is_map(*node, path)) return;
    out.mark = node->mark;
    if (const YamlNode* address = read_.text(*node, "address"); address != nullptr) {
      out.mark = address->mark;
      read_listen_address(read_, *address, "address", out.address);
    }
    certificate(*node, path, out);
    further_certificates(*node, path + ".certificates", out);
    names(*node, path, out);
    read_.flag(*node, "http2", out.http2);
    read_.flag(*node, "staple", out.staple);
  }

 private:
  void certificate(const YamlNode& node, const std::string& path, Listener& out) {
    CertificateFiles& files = out.certificates.emplace_back();
    read_.required_file(node, path, "certificate", "the file with the listener's certificate chain in PEM",
                        files.certificate);
    read_.required_key(node, path, "key", "the file with the listener's private key in PEM", files.key);
  }

  void further_certificates(const YamlNode& node, const std::string& path, Listener& out) {
    const YamlNode* list = read_.list(node, "certificates", path);
    if (list == nullptr) return;
    if (list->items.size() >= kCertificateLimit) {
      return read_.fault(list->mark, path + " must hold " + std::to_string(kCertificateLimit - 1) +
                                         " certificates at most, beside the first one");
    }
    for (const YamlNode& item : list->items) {
      if (read_.is_map(item, path + "[]")) certificate(item, path + "[]", out);
    }
  }

  void names(const YamlNode& parent, const std::string& path, Listener& out) {
    const YamlNode* list = read_.list(parent, "names", path + ".names");
    if (list == nullptr) {
      if (out.names.empty() && parent.find("names") == nullptr) {
        read_.fault(
            parent.mark,
            path + " needs names: the hosts under which clients reach it, such as [support.example.org]");
      }
      return;
    }
    out.names.clear();
    if (list->items.empty() || list->items.size() > kNameLimit) {
      read_.fault(list->mark, path + ".names must hold 1 to " + std::to_string(kNameLimit) + " hosts");
    }
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "a name")) continue;
      const std::optional<http::Authority> name = http::parse_authority(item.scalar);
      if (name) {
        out.names.push_back(*name);
      } else {
        read_.fault(
            item.mark,
            "a name must be a host or host:port such as support.example.org or [2001:db8::1]:8443, not " +
                in_quotes(item.scalar));
      }
    }
  }

  ConfigReader& read_;
};

class Parser {
 public:
  Parser(std::vector<base::Fault>& faults, const std::string& folder, Config& config)
      : read_(faults, folder), config_(config) {}

  void parse(const YamlNode& root, int cores) {
    if (!read_.is_map(root, "")) return;
    version(root);
    user(root);
    sandbox(root);
    second_factor(root);
    workers(root, cores);
    listeners(root);
    files(root);
    read_engineers(read_, root, config_);
    read_revocation_sources(read_, root, config_);
    read_component(read_, root, config_);
    read_witnesses(read_, root, config_);
    read_notifications(read_, root, config_);
    read_acme(read_, root, config_);
    read_openid(read_, root, config_);
    read_mission_control(read_, root, config_);
    read_monitoring(read_, root, config_);
    config_.update = read_own_update(read_, root);
    check_updates(read_, config_);
    read_pkcs11(read_, root, config_);
    sessions(root);
    read_requests(read_, root, config_);
    read_grants(read_, root, config_);
    holds(root);
    retention(root);
    limits(root);
    timeouts(root);
    log(root);
  }

 private:
  void version(const YamlNode& root) {
    const YamlNode* node = root.find("version");
    if (node == nullptr) return read_.fault(root.mark, "the file needs version: 1 is the only one so far");
    if (!node->is_scalar() || node->scalar != "1") read_.fault(node->mark, "version must be 1");
  }

  void user(const YamlNode& root) {
    const YamlNode* node = read_.text(root, "user");
    if (node == nullptr) return;
    config_.user_mark = node->mark;
    config_.user = node->scalar;
    if (node->scalar == "root")
      read_.fault(node->mark, "user must not be root: nothing of Postern runs as root");
  }

  void second_factor(const YamlNode& root) {
    const YamlNode* node = read_.text(root, "second_factor");
    if (node == nullptr || node->scalar == "optional") return;
    config_.second_factor_required = node->scalar == "required";
    if (!config_.second_factor_required)
      read_.fault(node->mark, "second_factor must be optional or required, not " + in_quotes(node->scalar));
  }

  void sandbox(const YamlNode& root) {
    const YamlNode* node = read_.text(root, "sandbox");
    if (node == nullptr) return;
    config_.sandbox_mark = node->mark;
    if (node->scalar == to_text(Sandbox::BestEffort)) {
      config_.sandbox = Sandbox::BestEffort;
    } else if (node->scalar != to_text(Sandbox::Required)) {
      read_.fault(node->mark, "sandbox must be required or best-effort, not " + in_quotes(node->scalar));
    }
  }

  void workers(const YamlNode& root, int cores) {
    config_.workers = std::clamp(cores, 1, kWorkerLimit);
    const YamlNode* node = root.find("workers");
    if (node == nullptr || (node->is_scalar() && node->scalar == "auto")) return;
    read_.number(root, "workers", 1, kWorkerLimit, config_.workers, " or auto");
  }

  void listeners(const YamlNode& root) {
    const YamlNode* node = root.find("listeners");
    if (node == nullptr) return read_.fault(root.mark, "the file needs listeners: support and admin");
    if (!read_.is_map(*node, "listeners")) return;
    config_.support.address = {"0.0.0.0", 8443, false};
    config_.admin.address = {"127.0.0.1", 9443, false};
    config_.admin.names = {{"localhost", 0}, {"127.0.0.1", 0}};
    read_listener(read_, *node, "support", config_.support);
    read_listener(read_, *node, "admin", config_.admin);
    apart(config_.support, config_.admin, "admin", "support");
    if (node->find("intake") != nullptr) return intake(root, *node);
    if (const YamlNode* alone = root.find("intake"); alone != nullptr)
      read_.fault(alone->mark,
                  "intake says how events of nodes are taken, but there is no listener for them: add "
                  "listeners.intake");
  }

  void intake(const YamlNode& root, const YamlNode& listeners) {
    Intake& out = config_.intake.emplace();
    out.listener.address = {"0.0.0.0", 8444, false};
    read_listener(read_, listeners, "intake", out.listener);
    apart(config_.support, out.listener, "intake", "support");
    apart(config_.admin, out.listener, "intake", "admin");
    const YamlNode* node = read_.map(root, "intake", "intake");
    if (node == nullptr) return;
    read_.number(*node, "events_per_minute", 1, 60'000, out.events_per_minute);
    read_.duration(*node, "lost_after", 5 * kWallSecond, kDay, out.lost_after);
  }

  // The faces never meet: not on one address, not with one key.
  void apart(const Listener& support, const Listener& admin, const std::string& name,
             const std::string& other_name) {
    const Address& a = support.address;
    const Address& b = admin.address;
    const bool wildcard = a.host == "0.0.0.0" || a.host == "::" || b.host == "0.0.0.0" || b.host == "::";
    if (a.port != 0 && a.port == b.port && a.v6 == b.v6 && (a.host == b.host || wildcard)) {
      read_.fault(admin.mark, "the " + name + " listener has the address of the " + other_name +
                                  " listener, " + a.text() + ": give it another port");
    }
    for (const CertificateFiles& one : admin.certificates) {
      const bool shared = std::any_of(support.certificates.begin(), support.certificates.end(),
                                      [&one](const CertificateFiles& other) {
                                        return other.key.path == one.key.path && !one.key.path.empty();
                                      });
      if (shared) {
        read_.fault(one.key.mark, "the " + name + " listener has the key of the " + other_name +
                                      " listener: give it one of its own");
      }
    }
  }

  void files(const YamlNode& root) {
    config_.control_socket.path = "/run/postern/control.sock";
    config_.state_directory.path = "/var/lib/postern";
    config_.policy.path = read_.resolve("policy.yaml");
    config_.admins.path = read_.resolve("admins.json");
    config_.pass_key.path = read_.resolve("keys/pass.key");
    config_.log_key.path = read_.resolve("keys/log.key");
    read_.file(root, "control_socket", config_.control_socket);
    read_.file(root, "state_directory", config_.state_directory);
    read_.file(root, "policy", config_.policy);
    read_.file(root, "admins", config_.admins);
    read_.secret(root, "pass_key", config_.pass_key);
    read_.secret(root, "log_key", config_.log_key);
    read_.file(root, "support_authority", config_.support_authority);
    constexpr std::size_t kSocketPathLimit = 107;  // sun_path of sockaddr_un, with its final zero
    if (config_.control_socket.path.size() > kSocketPathLimit) {
      read_.fault(config_.control_socket.mark, "control_socket must be a path of at most " +
                                                   std::to_string(kSocketPathLimit) +
                                                   " bytes: choose a shorter one");
    }
  }

  void sessions(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "sessions", "sessions");
    if (node == nullptr) return;
    Sessions& out = config_.sessions;
    read_.duration(*node, "idle", kMinute, kDay, out.idle);
    read_.duration(*node, "absolute", kMinute, 30 * kDay, out.absolute);
    read_.number(*node, "most", 1, 100'000, out.most);
    read_.number(*node, "most_per_engineer", 1, 1'000, out.most_per_engineer);
    if (out.idle > out.absolute) {
      read_.fault(node->mark, "sessions.idle (" + base::format_duration(out.idle) +
                                  ") must not be longer than sessions.absolute (" +
                                  base::format_duration(out.absolute) + ")");
    }
    response_bytes(*node, out);
  }

  void response_bytes(const YamlNode& parent, Sessions& out) {
    const YamlNode* node = read_.map(parent, "response_bytes", "sessions.response_bytes");
    if (node == nullptr) return;
    read_.size(*node, "warn", kKiB, 1024 * 1024 * kGiB, out.warn_bytes);
    read_.size(*node, "hold", kKiB, 1024 * 1024 * kGiB, out.hold_bytes);
    read_.size(*node, "cut", kKiB, 1024 * 1024 * kGiB, out.cut_bytes);
    std::int64_t before = 0;
    for (const std::int64_t bytes : {out.warn_bytes, out.hold_bytes, out.cut_bytes}) {
      if (bytes == 0) continue;
      if (bytes < before)
        return read_.fault(node->mark, "sessions.response_bytes must rise: warn first, then hold, cut last");
      before = bytes;
    }
  }

  void holds(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "holds", "holds");
    if (node == nullptr) return;
    Holds& out = config_.holds;
    read_.duration(*node, "wait", 10 * kWallSecond, kHour, out.wait);
    read_.number(*node, "most", 1, 1'000, out.most);
    read_.number(*node, "most_per_session", 1, 100, out.most_per_session);
  }

  void retention(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "retention", "retention");
    if (node == nullptr) return;
    read_.duration(*node, "events", kDay, 3'650 * kDay, config_.retention.events);
  }

  void limits(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "limits", "limits");
    if (node == nullptr) return;
    Limits& out = config_.limits;
    read_.number(*node, "connections", 1, 65'536, out.connections);
    read_.number(*node, "connections_per_address", 1, 65'536, out.connections_per_address);
    read_.number(*node, "exchanges_per_connection", 1, 1'000'000, out.exchanges_per_connection);
    read_.number(*node, "fields", 10, ipc::kMostClientFields, out.fields);
    read_.size(*node, "head", kKiB, kLargestHead, out.head);
    read_.size(*node, "target", 256, kLargestHead, out.target);
    read_.size(*node, "request_body", 0, 1024 * kGiB, out.request_body);
    read_.number(*node, "exchanges", 1, 50'000, out.exchanges);
    read_.number(*node, "exchanges_per_address", 1, 50'000, out.exchanges_per_address);
    read_.number(*node, "exchanges_per_engineer", 1, 50'000, out.exchanges_per_engineer);
    read_.number(*node, "exchanges_per_session", 1, 50'000, out.exchanges_per_session);
    read_.number(*node, "requests_per_address", 0, 100'000, out.requests_per_address);
    read_.number(*node, "requests_per_engineer", 0, 100'000, out.requests_per_engineer);
    read_.number(*node, "requests_per_session", 0, 100'000, out.requests_per_session);
    read_.size(*node, "memory", kGiB / 16, 1024 * kGiB, out.memory);
    if (out.target >= out.head) {
      read_.fault(node->mark, "limits.target (" + format_size(out.target) +
                                  ") must be less than limits.head (" + format_size(out.head) +
                                  "): the target is part of the head");
    }
  }

  void timeouts(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "timeouts", "timeouts");
    if (node == nullptr) return;
    Timeouts& out = config_.timeouts;
    constexpr base::Micros kShortest = kWallSecond / 10;
    read_.duration(*node, "handshake", kShortest, kHour, out.handshake);
    read_.duration(*node, "head", kShortest, kHour, out.head);
    read_.duration(*node, "body_idle", kShortest, kDay, out.body_idle);
    read_.duration(*node, "keep_alive", kShortest, kDay, out.keep_alive);
    read_.duration(*node, "component_connect", kShortest, kHour, out.component_connect);
    read_.duration(*node, "component_head", kShortest, kDay, out.component_head);
    read_.duration(*node, "component_idle", kShortest, kDay, out.component_idle);
    read_.duration(*node, "drain", kShortest, kHour, out.drain);
    read_.duration(*node, "hand_over", kShortest, kHour, out.hand_over);
  }

  void log(const YamlNode& root) { read_log_level(read_, root, config_.log_level); }

  ConfigReader read_;
  Config& config_;
};

}  // namespace

std::string_view to_text(Sandbox sandbox) {
  return sandbox == Sandbox::Required ? "required" : "best-effort";
}

std::string Address::text() const { return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port); }

std::string Listener::url() const {
  http::Authority authority = names.front();
  if (authority.port == 0) authority.port = address.port;
  if (authority.port == 443) authority.port = 0;
  return "https://" + http::to_text(authority);
}

std::size_t Config::nodes() const {
  std::size_t count = 0;
  for (const Service& service : services) count += service.nodes.size();
  return count;
}

std::string Credential::descriptor(const std::string& service) const {
  return "credential." + service + (role.empty() ? "" : "." + role);
}

std::string_view Credential::kind_text() const {
  constexpr std::array<std::string_view, 3> kNames{"bearer", "basic", "header"};
  return is_certificate() ? "client_certificate" : kNames[static_cast<std::size_t>(kind)];
}

std::size_t Config::credentials() const {
  std::size_t count = 0;
  for (const Service& service : services) count += service.credentials.size();
  return count;
}

const Node* Config::node(std::uint32_t id) const {
  for (const Service& service : services) {
    for (const Node& node : service.nodes) {
      if (node.id == id) return &node;
    }
  }
  return nullptr;
}

std::string bare_host(const http::Authority& authority) {
  const std::string& host = authority.host;
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

bool Config::asks_of_revocations() const {
  return engineers.fetch.any() || std::any_of(services.begin(), services.end(),
                                              [](const Service& one) { return one.revocation_fetch.any(); });
}

const http::Authority* Config::outside(std::uint32_t id) const {
  for (const LogWitness& witness : log_witnesses) {
    if (witness.id == id) return &witness.authority;
  }
  for (const NotificationTarget& target : notifications) {
    if (target.id == id) return &target.authority;
  }
  if (acme && acme->id == id) return &acme->authority;
  if (mission_control && mission_control->id == id) return &mission_control->first_hop();
  for (const OpenId::Host& host : openid.hosts) {
    if (host.id == id) return &host.authority;
  }
  return nullptr;
}

const http::Authority* Config::admin_provider(std::uint32_t id) const {
  for (const OpenId::Host& host : admin_openid.hosts) {
    if (host.id == id) return &host.authority;
  }
  return nullptr;
}

const std::vector<KeyTable>& config_keys() { return key_tables(); }

void read_listener(ConfigReader& read, const YamlNode& parent, std::string_view name, Listener& out) {
  ListenerReader(read).read(parent, name, out);
}

void read_log_level(ConfigReader& read, const YamlNode& root, base::Level& out) {
  const YamlNode* node = read.map(root, "log", "log");
  const YamlNode* level = node == nullptr ? nullptr : read.text(*node, "level");
  if (level == nullptr) return;
  constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
  const auto* found = std::find(kLevels.begin(), kLevels.end(), level->scalar);
  if (found == kLevels.end()) {
    return read.fault(level->mark,
                      "level must be debug, info, warning or error, not " + in_quotes(level->scalar));
  }
  out = static_cast<base::Level>(found - kLevels.begin());
}

void read_listen_address(ConfigReader& read, const YamlNode& node, std::string_view key, Address& out) {
  const std::string_view text = node.scalar;
  const std::size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const std::string_view digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  bool v6 = false;
  const bool sound = !digits.empty() && error == std::errc() && end == digits.data() + digits.size() &&
                     parse_numeric(host, v6) && v6 == bracketed;
  if (!sound) {
    return read.fault(node.mark,
                      std::string(key) +
                          " must be a numeric address and a port such as 0.0.0.0:8443 or [::1]:9443, not " +
                          in_quotes(text));
  }
  out = {std::string(host), port, v6};
}

ParsedConfig parse_config(std::string_view text, const std::string& folder, int cores) {
  ParsedConfig out;
  if (text.size() > kConfigSizeLimit) {
    out.faults.push_back({{}, "the file is larger than " + format_size(kConfigSizeLimit)});
    return out;
  }
  base::YamlDocument document = base::parse_yaml(text);
  out.faults = std::move(document.faults);
  if (!out.faults.empty()) return out;
  const auto config = std::make_shared<Config>();
  Parser(out.faults, folder, *config).parse(document.root, cores);
  std::stable_sort(out.faults.begin(), out.faults.end(), [](const base::Fault& a, const base::Fault& b) {
    return std::pair(a.mark.line, a.mark.column) < std::pair(b.mark.line, b.mark.column);
  });
  if (out.faults.empty()) out.config = config;
  return out;
}

}  // namespace postern::supervisor
