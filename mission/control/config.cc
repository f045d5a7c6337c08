// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/config.h"

#include <unistd.h>

#include <utility>

#include "accounts/account.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/secret_file.h"
#include "certs/installation_issuer.h"
#include "certs/names.h"
#include "certs/private_key.h"
#include "gateway/proc/privileges.h"
#include "gateway/proc/spawn.h"
#include "gateway/supervisor/config_reader.h"
#include "gateway/supervisor/secret.h"

namespace postern::mission {
namespace {

using base::YamlNode;
using supervisor::ConfigReader;
using supervisor::FileName;
using supervisor::KeyTable;

constexpr base::Micros kDay = 86400LL * base::kWallSecond;
constexpr std::size_t kLongestRelayDomain = 189;  // a label of 63 bytes and a dot fit before it
constexpr std::size_t kSocketPathLimit = 107;     // sun_path of sockaddr_un, with its final zero

const std::vector<KeyTable>& key_tables() {
  static const std::vector<KeyTable> tables{
      {"",
       {"version", "domain", "user", "sandbox", "listeners", "installations", "people", "second_factor",
        "witness", "audit", "control_socket", "state_directory", "store", "retention", "health", "alerts",
        "limits", "log"}},
      {"listeners", {"line", "admin", "relay"}},
      {"listeners.line", {"address", "certificate", "key", "names", "certificates"}},
      {"listeners.line.certificates[]", {"certificate", "key"}},
      {"listeners.admin", {"address", "certificate", "key", "names", "certificates"}},
      {"listeners.admin.certificates[]", {"certificate", "key"}},
      {"listeners.relay", {"address", "domain"}},
      {"installations", {"authority", "key"}},
      {"witness", {"key"}},
      {"audit", {"key"}},
      {"store", {"postgresql"}},
      {"store.postgresql",
       {"host", "port", "database", "user", "password_file", "certificate", "key", "tls"}},
      {"store.postgresql.tls", {"roots", "name"}},
      {"retention", {"events"}},
      {"health", {"nodes", "cores", "memory"}},
      {"alerts", {"late", "certificate", "usage"}},
      {"limits", {"connections", "connections_per_address", "relayed", "relayed_per_address"}},
      {"log", {"level"}},
  };
  return tables;
}

bool is_domain(std::string_view text) {
  return certs::is_dns_name(text) &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
}

void read_file(ConfigReader& read, const YamlNode& root, Config& out) {
  const YamlNode* version = root.find("version");
  if (version == nullptr || !version->is_scalar() || version->scalar != "1")
    read.fault(version == nullptr ? root.mark : version->mark,
               "the file needs version: 1, the only one so far");
  if (const YamlNode* domain = read.text(root, "domain"); domain != nullptr) {
    out.domain = domain->scalar;
    if (!is_domain(out.domain))
      read.fault(domain->mark, "domain must be a DNS name in lower case such as mission.example.com, not " +
                                   supervisor::in_quotes(domain->scalar));
  } else if (root.find("domain") == nullptr) {
    read.fault(root.mark,
               "the file needs domain: the DNS name that stands in the installations' certificates");
  }
  if (const YamlNode* user = read.text(root, "user"); user != nullptr) {
    out.user = user->scalar;
    out.user_mark = user->mark;
    if (out.user == "root") read.fault(user->mark, "user must not be root: nothing of it runs as root");
  }
  if (const YamlNode* sandbox = read.text(root, "sandbox"); sandbox != nullptr) {
    if (sandbox->scalar == "best-effort") out.sandbox = supervisor::Sandbox::BestEffort;
    if (sandbox->scalar != "best-effort" && sandbox->scalar != "required")
      read.fault(sandbox->mark,
                 "sandbox must be required or best-effort, not " + supervisor::in_quotes(sandbox->scalar));
  }
}

void read_relay(ConfigReader& read, const YamlNode& listeners, Config& out) {
  const YamlNode* node = read.map(listeners, "relay", "listeners.relay");
  if (node == nullptr) return;
  Relay& relay = out.relay.emplace();
  if (const YamlNode* address = read.text(*node, "address"); address != nullptr)
    supervisor::read_listen_address(read, *address, "address", relay.address);
  if (node->find("domain") == nullptr)
    read.fault(
        node->mark,
        "relay needs domain: below which engineers find the installations, such as reach.vendor.example");
  const YamlNode* domain = read.text(*node, "domain");
  if (domain == nullptr) return;
  relay.domain = domain->scalar;
  if (!is_domain(relay.domain) || relay.domain.size() > kLongestRelayDomain)
    read.fault(domain->mark, "domain must be a DNS name in lower case such as reach.vendor.example, not " +
                                 supervisor::in_quotes(domain->scalar));
}

void read_parts(ConfigReader& read, const YamlNode& root, Config& out) {
  const YamlNode* listeners = read.map(root, "listeners", "listeners");
  if (listeners != nullptr) {
    out.line.address = {"0.0.0.0", 8444, false};
    supervisor::read_listener(read, *listeners, "line", out.line);
    out.has_admin = listeners->find("admin") != nullptr;
    out.admin.address = {"127.0.0.1", 9444, false};
    if (out.has_admin) supervisor::read_listener(read, *listeners, "admin", out.admin);
    read_relay(read, *listeners, out);
  } else if (root.find("listeners") == nullptr) {
    read.fault(root.mark, "the file needs listeners: line");
  }
  if (const YamlNode* own = read.map(root, "installations", "installations"); own != nullptr) {
    read.required_file(*own, "installations", "authority", "the certificate of the installations' authority",
                       out.authority);
    read.required_secret(*own, "installations", "key", "the authority's private key in PEM",
                         out.authority_key);
  } else if (root.find("installations") == nullptr) {
    read.fault(root.mark, "the file needs installations: their authority");
  }
  read.file(root, "people", out.people);
  if (const YamlNode* factor = read.text(root, "second_factor"); factor != nullptr) {
    out.second_factor_required = factor->scalar == "required";
    if (factor->scalar != "required" && factor->scalar != "optional")
      read.fault(factor->mark,
                 "second_factor must be required or optional, not " + supervisor::in_quotes(factor->scalar));
  }
  if (const YamlNode* witness = read.map(root, "witness", "witness"); witness != nullptr)
    read.required_secret(*witness, "witness", "key", "the file that postern audit witness-key makes",
                         out.witness_key);
  if (const YamlNode* audit = read.map(root, "audit", "audit"); audit != nullptr)
    read.required_secret(*audit, "audit", "key", "the file that mission-control audit new-key makes",
                         out.audit_key);
  out.control_socket.path = "/run/mission-control/control.sock";
  out.state_directory.path = "/var/lib/mission-control";
  read.file(root, "control_socket", out.control_socket);
  read.file(root, "state_directory", out.state_directory);
  if (out.control_socket.path.size() > kSocketPathLimit)
    read.fault(out.control_socket.mark, "control_socket must be a path of at most " +
                                            std::to_string(kSocketPathLimit) +
                                            " bytes: choose a shorter one");
  read_store(read, root, out.store);
  if (const YamlNode* retention = read.map(root, "retention", "retention"); retention != nullptr)
    read.duration(*retention, "events", kDay, 3'650 * kDay, out.retention);
  if (const YamlNode* health = read.map(root, "health", "health"); health != nullptr) {
    read.number(*health, "nodes", 0, 10'000, out.least_nodes);
    read.number(*health, "cores", 0, 10'000, out.least_cores);
    read.size(*health, "memory", 0, std::int64_t{1} << 50, out.least_memory);
  }
  if (const YamlNode* alerts = read.map(root, "alerts", "alerts"); alerts != nullptr) {
    read.duration(*alerts, "late", 60 * base::kWallSecond, 30 * kDay, out.alert_late);
    read.duration(*alerts, "certificate", kDay / 24, 25 * kDay, out.alert_certificate);
    read.duration(*alerts, "usage", 2 * kDay / 24, 6 * kDay, out.alert_usage);
  }
  if (const YamlNode* limits = read.map(root, "limits", "limits"); limits != nullptr) {
    read.number(*limits, "connections", 1, 65'536, out.connections);
    read.number(*limits, "connections_per_address", 1, 65'536, out.connections_per_address);
    read.number(*limits, "relayed", 1, 10'000, out.relayed);
    read.number(*limits, "relayed_per_address", 1, 10'000, out.relayed_per_address);
  }
  supervisor::read_log_level(read, root, out.log_level);
}

class Loader {
 public:
  explicit Loader(const Config& config) : config_(config) {}

  void load() {
    for (const supervisor::CertificateFiles& files : config_.line.certificates)
      certificate(files, "key.line", out.line);
    for (const supervisor::CertificateFiles& files : config_.admin.certificates)
      certificate(files, "key.admin", out.admin);
    if (!config_.people.path.empty()) people();
    authority();
    if (!config_.witness_key.path.empty()) out.witness_key = key(config_.witness_key);
    if (!config_.audit_key.path.empty()) out.audit_key = key(config_.audit_key);
    if (config_.store.postgresql) store();
  }
  std::vector<base::Fault> faults;
  Material out;

 private:
  std::string text(const FileName& file) {
    auto content = base::read_file(file.path, certs::kPemSizeLimit);
    if (content.ok()) return std::move(content).value();
    faults.push_back({file.mark, content.error().message});
    return {};
  }

  // Root opens them for the account; the keeper, who reads them, judges what is in them.
  base::UniqueFd key(const FileName& file, const std::string& what = "a key") {
    uid_t owner = ::geteuid();
    if (proc::is_root()) {
      const auto account = proc::find_account(config_.user);
      owner = account.ok() ? account->uid : base::kNoAccount;
    }
    auto opened = supervisor::open_secret(file.path, what, owner);
    if (opened.ok()) return std::move(opened).value();
    faults.push_back({file.mark, opened.error().message});
    return {};
  }

  // Read by the desk alone, and only while the store has nobody: what is in it is judged here, so that a fault shows at once.
  void people() {
    out.people = text(config_.people);
    if (out.people.empty()) return;
    const auto read = accounts::parse_admins(out.people, accounts::kPeopleRanks);
    if (!read.ok())
      faults.push_back({config_.people.mark, config_.people.path + ": " + read.error().message});
  }

  void certificate(const supervisor::CertificateFiles& files, const char* prefix,
                   std::vector<Material::Own>& into) {
    Material::Own own;
    own.chain_pem = text(files.certificate);
    own.key = key(files.key);
    own.key_path = files.key.path;
    own.descriptor = prefix + std::to_string(into.size());
    if (own.chain_pem.empty()) return;
    auto chain = certs::read_chain(own.chain_pem);
    if (!chain.ok())
      return faults.push_back(
          {files.certificate.mark, files.certificate.path + ": " + chain.error().message});
    own.leaf = std::move(chain->front());
    if (own.leaf.not_after <= base::SystemClock().wall())
      return faults.push_back({files.certificate.mark, files.certificate.path + ": it ended on " +
                                                           base::format_time(own.leaf.not_after)});
    const auto& key_fd = own.key;
    if (key_fd.valid())
      judged_in_a_copy(files.key, [&] {
        auto pem = base::read_open_file(key_fd.get(), files.key.path, certs::kKeyFileLimit);
        if (!pem.ok()) return base::Status(pem.error());
        const auto read = certs::read_private_key(*pem, files.key.path);
        base::wipe(*pem);
        if (!read.ok()) return base::Status(read.error());
        base::Status usable = certs::check_tls_key(read->get());
        return usable.ok() ? certs::check_pair(read->get(), files.key.path, own.chain_pem) : usable;
      });
    into.push_back(std::move(own));
  }

  // Keys never stand in this process: what is wrong with one is found out in a copy of it that ends at once.
  template <typename Judge>
  void judged_in_a_copy(const FileName& file, Judge judge) {
    const base::Result<std::string> wrong = proc::ask_copy([&] {
      const base::Status judged = judge();
      return judged.ok() ? std::string() : judged.error().message;
    });
    if (!wrong.ok()) return faults.push_back({file.mark, wrong.error().message});
    if (!wrong->empty()) faults.push_back({file.mark, *wrong});
  }

  void authority() {
    out.authority_pem = text(config_.authority);
    out.authority_key = key(config_.authority_key);
    if (out.authority_pem.empty()) return;
    const auto chain = certs::read_chain(out.authority_pem);
    if (!chain.ok() || chain->size() != 1 || !chain->front().authority)
      faults.push_back(
          {config_.authority.mark,
           config_.authority.path + ": " + (chain.ok() ? "it is not one authority" : chain.error().message)});
    const auto& key_fd = out.authority_key;
    if (!faults.empty() || !key_fd.valid()) return;
    const std::string& path = config_.authority_key.path;
    judged_in_a_copy(config_.authority, [&] {
      auto pem = base::read_open_file(key_fd.get(), path, certs::kKeyFileLimit);
      if (!pem.ok()) return base::Status(pem.error());
      certs::Credentials authority{out.authority_pem, *std::move(pem)};
      const auto read =
          certs::InstallationIssuer::read(authority, config_.domain, base::SystemClock().wall());
      base::wipe(authority.key_pem);
      if (read.ok()) return base::Status(base::Ok{});
      return base::Status(base::fail(read.error().code,
                                     config_.authority.path + " with " + path + ": " + read.error().message));
    });
  }

  // The desk's: what PostgreSQL is shown. Judged by libpq, where it is used.
  void store() {
    if (!config_.store.roots.path.empty()) out.store.roots_pem = text(config_.store.roots);
    if (!config_.store.password.path.empty()) out.store.password = key(config_.store.password, "a password");
    if (config_.store.certificate.path.empty()) return;
    out.store.certificate_pem = text(config_.store.certificate);
    out.store.key = key(config_.store.key);
  }

  const Config& config_;
};

}  // namespace

const std::vector<KeyTable>& config_keys() { return key_tables(); }

ParsedConfig parse_config(std::string_view text, const std::string& folder) {
  ParsedConfig out;
  if (text.size() > supervisor::kConfigSizeLimit) {
    out.faults.push_back({{}, "the file is larger than 1MiB"});
    return out;
  }
  base::YamlDocument document = base::parse_yaml(text);
  out.faults = std::move(document.faults);
  if (!out.faults.empty()) return out;
  const auto config = std::make_shared<Config>();
  ConfigReader read(out.faults, folder, key_tables());
  if (read.is_map(document.root, "")) {
    read_file(read, document.root, *config);
    read_parts(read, document.root, *config);
  }
  if (out.faults.empty()) out.config = config;
  return out;
}

Loaded load(const std::string& path) {
  Loaded out;
  const auto text = base::read_file(path, supervisor::kConfigSizeLimit);
  if (!text.ok()) {
    out.faults = path + ": " + text.error().message;
    return out;
  }
  ParsedConfig parsed = parse_config(*text, path.substr(0, path.rfind('/')));
  if (parsed.config == nullptr) {
    out.faults = base::format_faults(path, std::move(parsed.faults));
    return out;
  }
  Loader loader(*parsed.config);
  loader.load();
  out.faults = loader.faults.empty() ? "" : base::format_faults(path, loader.faults);
  if (!loader.faults.empty()) return out;
  out.config = std::move(parsed.config);
  out.material = std::make_shared<Material>(std::move(loader.out));
  return out;
}

}  // namespace postern::mission
