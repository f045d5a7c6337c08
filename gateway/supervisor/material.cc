// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/material.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "accounts/account.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "certs/certificate.h"
#include "certs/chain_order.h"
#include "certs/key_elsewhere.h"
#include "certs/note.h"
#include "certs/private_key.h"
#include "certs/verify.h"
#include "certs/webhook_secret.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/proc/spawn.h"
#include "gateway/supervisor/config_reader.h"
#include "gateway/supervisor/secret.h"
#include "gateway/supervisor/staples.h"
#include "gateway/token/settings.h"
#include "policy/check.h"
#include "update/trust.h"

namespace postern::supervisor {
namespace {

constexpr std::size_t kAdminsLimit = 1U << 20U;
static_assert(ipc::kLargestPolicy >= base::kYamlSizeLimit, "every policy that is read can be sent");
// Of one service, in PEM: 64 nodes with this many must fit into an enforcer's part (ipc::kControlFrame).
constexpr std::size_t kRootsText = 320U << 10U;
// Of one certificate of a listener, in PEM: all of them must fit into the parts of terminators and keeper.
constexpr std::size_t kListenerChainText = 64U << 10U;
// Of one certificate that nodes are shown, in PEM: as DER it must leave room for the server's in what the keeper is shown
// of a TLS 1.2 handshake (certs::kKeeperTranscriptLimit).
constexpr std::size_t kClientChainText = 32U << 10U;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : (slash == 0 ? "/" : path.substr(0, slash));
}

class Loader {
 public:
  Loader(const Config& config, const std::string& config_path, LoadedMaterial& out)
      : config_(config), config_path_(config_path), account_(secrets_account(config)), out_(out) {}

  void load() {
    const auto material = std::make_shared<Material>();
    listener("support", config_.support, material->support);
    listener("admin", config_.admin, material->admin);
    if (config_.intake) listener("intake", config_.intake->listener, material->intake);
    key(config_.pass_key, material->pass_key);
    log_keys(material->log_keys);
    if (!config_.witness_key.path.empty()) key(config_.witness_key, material->witness_key);
    material->witnessed_logs = config_.witnessed_logs;
    for (const LogWitness& witness : config_.log_witnesses) {
      material->witness_roots.push_back(
          witness.https ? roots(witness.roots, witness.mark, "the witness " + witness.name) : std::string());
    }
    for (const NotificationTarget& target : config_.notifications) {
      material->notification_roots.push_back(roots(target.roots, target.mark, "the target " + target.name));
      notification_secret(target, material->notification_secrets);
    }
    openid(config_.openid, material->openid_roots, material->openid_secret);
    openid(config_.admin_openid, material->admin_openid_roots, material->admin_openid_secret);
    provider_key(config_.openid.key, material->openid_key);
    provider_key(config_.admin_openid.key, material->admin_openid_key);
    if (!config_.support_authority.path.empty()) {
      material->support_authority_pem = authorities(config_.support_authority, certs::kPemSizeLimit);
      crls(config_.engineers.crl, material->support_authority_pem, material->engineer_crls);
    }
    for (const Service& service : config_.services) {
      material->service_roots.push_back(roots(service));
      crls(service.crl, material->service_roots.back(), material->service_crls.emplace_back());
      for (const Credential& one : service.credentials) {
        if (one.is_certificate())
          client_key(service, one, *material);
        else
          credential(service, one, material->credentials);
      }
    }
    service_crls_fit(*material);
    if (config_.asks_of_revocations())
      material->revocation_roots =
          roots(config_.revocation_sources.roots, config_.revocation_sources.mark, "revocation_sources");
    if (config_.acme) acme(*config_.acme, material->acme);
    if (config_.mission_control) line(*config_.mission_control, material->line);
    if (config_.pkcs11) token_module(*config_.pkcs11, *material);
    admins(material->admins_text);
    policy(*material);
    if (out_.ok()) out_.material = material;
  }

 private:
  void fault(base::Mark mark, std::string message) {
    out_.config_faults.push_back({config_path_, {mark, std::move(message)}});
  }

  std::string text(const FileName& file, std::size_t limit) {
    base::Result<std::string> content = base::read_file(file.path, limit);
    if (content.ok() && !content->empty()) return std::move(content).value();
    fault(file.mark, content.ok() ? file.path + " is empty" : content.error().message);
    return {};
  }

  void listener(const std::string& name, const Listener& listener, ListenerMaterial& out) {
    for (const CertificateFiles& files : listener.certificates) {
      const std::size_t number = out.certificates.size();
      ListenerCertificate& one = out.certificates.emplace_back();
      one.descriptor = "key." + name + (number == 0 ? "" : "." + std::to_string(number));
      listener_certificate(files, one);
      plan_staple(listener.staple, one);
    }
  }

  void listener_certificate(const CertificateFiles& files, ListenerCertificate& out) {
    out.certificate_path = files.certificate.path;
    out.key_path = files.key.path;
    out.pem = text(files.certificate, kListenerChainText);
    in_order(files.certificate, out);
    certificate(files.certificate, out.pem, out.leaf);
    key(files.key, out.key);
    if (out.leaf.key_id.empty() || !out.key.valid()) return;
    const base::Status pair = check_pair(out.key_path, out.key, out.certificate_path, out.pem);
    if (!pair.ok()) fault(files.key.mark, pair.error().message);
  }

  // What cannot be read is told by certificate().
  static void in_order(const FileName& file, ListenerCertificate& out) {
    base::Result<certs::OrderedChain> chain = certs::order_chain(out.pem);
    if (!chain.ok() || !chain->changed) return;
    out.pem = std::move(chain->pem);
    out.flaws.push_back(
        {"chain_order",
         "its file has the chain in another order than leaf, issuer, issuer's issuer: it is shown "
         "in the right one"});
    base::log_warning(file.path + ": " + out.flaws.back().why);
  }

  void token_module(const Pkcs11& wanted, Material& out) {
    if (const auto sound = token::check_module_file(wanted.module.path); !sound.ok())
      fault(wanted.module.mark, sound.error().message);
    for (const FileName& path : wanted.paths) {
      struct stat info {};
      if (::stat(path.path.c_str(), &info) != 0) fault(path.mark, base::fail_errno(path.path, errno).message);
    }
    one_line(wanted.pin, "a PIN", out.token_pin);
  }

  // A secret that is one line.
  void one_line(const FileName& file, const char* what, base::UniqueFd& out) {
    base::Result<base::UniqueFd> opened = open_secret(file.path, what, account_);
    if (!opened.ok()) return fault(file.mark, opened.error().message);
    const base::Result<std::string> wrong =
        proc::ask_copy([&] { return what_is_wrong(file.path, true, opened->get()); });
    if (!wrong.ok()) return fault(file.mark, wrong.error().message);
    if (!wrong->empty()) return fault(file.mark, *wrong);
    out = std::move(opened).value();
  }

  void acme(const Acme& wanted, AcmeMaterial& out) {
    out.roots_pem = roots(wanted.roots, wanted.mark, "the authority's server");
    if (!wanted.external_secret.path.empty()) key(wanted.external_secret, out.secret);
  }

  void line(const MissionControl& wanted, LineMaterial& out) {
    out.roots_pem = roots(wanted.roots, wanted.mark, "Mission Control");
    if (wanted.proxy && !wanted.proxy->password.path.empty())
      one_line(wanted.proxy->password, "a password", out.proxy_password);
    if (wanted.updates && !wanted.updates->root.path.empty())
      update_root(wanted.updates->root, out.update_root);
    if (wanted.updates) update_zones(wanted.updates->windows, out.update_zones);
  }

  // A day back, so that the window in which we are is known.
  void update_zones(const std::vector<MissionControl::Window>& windows,
                    std::vector<std::vector<LocalOffset>>& out) {
    const base::Micros now = base::SystemClock().wall();
    for (const MissionControl::Window& window : windows) {
      const auto zone = offsets_of_zone(window.zone, now - 2 * 24 * kHour, now + kZoneHorizon);
      if (!zone.ok())
        fault(window.zone_mark, "time_zone " + in_quotes(window.zone) + ": " + zone.error().message);
      out.push_back(zone.ok() ? *zone : std::vector<LocalOffset>());
    }
  }

  void update_root(const FileName& file, std::string& out) {
    std::string root = text(file, update::kRootLimit);
    if (root.empty()) return;
    const base::Result<update::Trust> trust = update::Trust::pin(root);
    if (trust.ok()) return void(out = std::move(root));
    fault(file.mark, file.path + " is no root of the vendor's updates: " + trust.error().message +
                         ": give the 1.root.json that the vendor handed to you, as it is");
  }

  void certificate(const FileName& file, const std::string& pem, certs::CertificateFacts& out) {
    if (pem.empty()) return;
    const base::Result<std::vector<certs::CertificateFacts>> chain = certs::read_chain(pem);
    if (!chain.ok()) return fault(file.mark, file.path + ": " + chain.error().message);
    out = chain->front();
  }

  void client_key(const Service& service, const Credential& one, Material& material) {
    ClientKey out;
    out.name = one.descriptor(service.name);
    out.path = one.file.path;
    out.certificate_pem = text(one.certificate, kClientChainText);
    certificate(one.certificate, out.certificate_pem, out.certificate);
    key(one.file, out.key);
    const bool in_token = token::is_uri(out.path);
    if (out.certificate.key_id.empty() || (!out.key.valid() && !in_token)) return;
    if (const base::Status usable = certs::check_client_use(out.certificate_pem); !usable.ok()) {
      return fault(one.certificate.mark, one.certificate.path + ": " + usable.error().message +
                                             ": give a certificate that the component's authority issued for "
                                             "clients");
    }
    if (is_listeners_key(material, out.certificate.key_id)) {
      return fault(one.file.mark, one.file.path +
                                      " is the key of a listener: what is shown to the component needs a "
                                      "key of its own");
    }
    const base::Status pair = in_token
                                  ? base::Status(base::Ok{})
                                  : check_pair(out.path, out.key, one.certificate.path, out.certificate_pem);
    if (!pair.ok()) return fault(one.file.mark, pair.error().message);
    material.client_keys.push_back(std::move(out));
  }

  static bool is_listeners_key(const Material& material, const std::string& key_id) {
    for (const ListenerMaterial* listener : {&material.support, &material.admin, &material.intake}) {
      for (const ListenerCertificate& one : listener->certificates) {
        if (one.leaf.key_id == key_id) return true;
      }
    }
    return false;
  }

  static base::Status check_pair(const std::string& path, const base::UniqueFd& key,
                                 const std::string& certificate_path, const std::string& certificate_pem) {
    const base::Result<std::string> wrong =
        proc::ask_copy([&] { return what_is_wrong(path, key, certificate_pem); });
    if (!wrong.ok()) return wrong.error();
    if (wrong->empty()) return base::Ok{};
    return base::fail(base::Code::Invalid, *wrong + "; the certificate is " + certificate_path +
                                               ": give the key that it was issued for");
  }

  // Runs in the copy.
  static std::string what_is_wrong(const std::string& path, const base::UniqueFd& fd,
                                   const std::string& certificate_pem) {
    base::Result<std::string> pem = base::read_open_file(fd.get(), path, certs::kKeyFileLimit);
    if (!pem.ok()) return pem.error().message;
    const base::Result<certs::KeyPtr> key = certs::read_private_key(*pem, path);
    if (!key.ok()) return key.error().message;
    const base::Status usable = certs::check_tls_key(key->get());
    if (!usable.ok()) return path + ": " + usable.error().message;
    const base::Status pair = certs::check_pair(key->get(), path, certificate_pem);
    return pair.ok() ? std::string() : pair.error().message;
  }

  // Of one that lies in a token nothing is opened: the keeper judges it, who alone has the module.
  void key(const FileName& file, base::UniqueFd& out) {
    if (token::is_uri(file.path)) return;
    base::Result<base::UniqueFd> opened = open_secret(file.path, "a key", account_);
    if (!opened.ok()) return fault(file.mark, opened.error().message);
    out = std::move(opened).value();
  }

  void log_keys(LogKeyFiles& out) {
    base::Result<LogKeyFiles> opened =
        open_log_keys(config_.log_key.path, account_, config_.pkcs11.has_value());
    if (!opened.ok()) return fault(config_.log_key.mark, opened.error().message);
    out = std::move(opened).value();
  }

  void credential(const Service& service, const Credential& one, std::vector<CredentialFile>& out) {
    base::Result<base::UniqueFd> opened = open_secret(one.file.path, "a credential", account_);
    if (!opened.ok()) return fault(one.file.mark, opened.error().message);
    const base::Result<std::string> wrong = proc::ask_copy([&] { return what_is_wrong(one, opened->get()); });
    if (!wrong.ok()) return fault(one.file.mark, wrong.error().message);
    if (!wrong->empty()) return fault(one.file.mark, one.file.path + ": " + *wrong);
    out.push_back({one.descriptor(service.name), std::move(opened).value()});
  }

  void notification_secret(const NotificationTarget& target, std::vector<CredentialFile>& out) {
    if (target.secret.path.empty()) return;
    const bool mail = target.kind == NotificationTarget::Kind::Email;
    base::Result<base::UniqueFd> opened =
        open_secret(target.secret.path, mail ? "a password" : "a secret", account_);
    if (!opened.ok()) return fault(target.secret.mark, opened.error().message);
    const base::Result<std::string> wrong =
        proc::ask_copy([&] { return what_is_wrong(target.secret.path, mail, opened->get()); });
    if (!wrong.ok()) return fault(target.secret.mark, wrong.error().message);
    if (!wrong->empty()) return fault(target.secret.mark, *wrong);
    out.push_back({target.descriptor(), std::move(opened).value()});
  }

  void provider_key(const FileName& file, base::UniqueFd& out) {
    if (file.path.empty()) return;
    key(file, out);
    if (!out.valid()) return;
    const base::Result<std::string> wrong =
        proc::ask_copy([&] { return what_is_wrong_with_client(file.path, out.get()); });
    if (!wrong.ok()) fault(file.mark, wrong.error().message);
    if (wrong.ok() && !wrong->empty()) fault(file.mark, *wrong);
  }

  // Runs in the copy.
  static std::string what_is_wrong_with_client(const std::string& path, int fd) {
    base::Result<std::string> pem = base::read_open_file(fd, path, certs::kKeyFileLimit);
    if (!pem.ok()) return pem.error().message;
    const base::Result<certs::KeyPtr> key = certs::read_private_key(*pem, path);
    base::wipe(*pem);
    if (!key.ok()) return key.error().message;
    if (certs::key_type_of(key->get()) == "EC P-256") return {};
    return path +
           " is no key of type EC P-256: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
           "makes one";
  }

  void openid(const OpenId& provider, std::string& pem, base::UniqueFd& secret) {
    if (!provider.configured()) return;
    pem = roots(provider.roots, provider.mark, "the identity provider");
    if (!provider.secret.path.empty()) one_line(provider.secret, "a client's secret", secret);
  }

  // Runs in the copy.
  static std::string what_is_wrong(const std::string& path, bool mail, int fd) {
    base::Result<std::string> text = base::read_open_file(fd, path, certs::kSecretFileLimit);
    if (!text.ok()) return text.error().message;
    const base::Result<base::Secret> secret =
        mail ? certs::read_password(*text) : certs::read_webhook_secret(*text);
    base::wipe(*text);
    return secret.ok() ? std::string() : path + " is " + secret.error().message;
  }

  // Runs in the copy.
  static std::string what_is_wrong(const Credential& one, int fd) {
    const base::Result<std::string> text =
        base::read_open_file(fd, one.file.path, http::kCredentialFileLimit);
    if (!text.ok()) return text.error().message;
    const base::Result<base::Secret> value = http::credential_value(one.kind, one.user, *text);
    return value.ok() ? std::string() : value.error().message;
  }

  std::string authorities(const FileName& file, std::size_t limit) {
    std::string pem = text(file, limit);
    if (pem.empty()) return pem;
    const base::Status sound = check_authorities(pem);
    if (!sound.ok()) fault(file.mark, file.path + ": " + sound.error().message);
    return pem;
  }

  // Against authorities that have a fault already nothing is checked.
  void crls(const FileName& file, const std::string& authorities, Crls& out) {
    if (file.path.empty() || authorities.empty() || !out_.ok()) return;
    base::Result<Crls> loaded = load_crls(file.path, authorities);
    if (!loaded.ok()) return fault(file.mark, loaded.error().message);
    out = std::move(loaded).value();
  }

  void service_crls_fit(const Material& material) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < material.service_crls.size(); ++i) {
      size += material.service_crls[i].pem.size();
      if (size <= kServiceCrlsText) continue;
      return fault(config_.services[i].crl.mark,
                   "the services' lists of revoked certificates are longer than " +
                       format_size(kServiceCrlsText) + " as PEM");
    }
  }

  static base::Status check_authorities(const std::string& pem) {
    const base::Result<std::vector<std::string>> all = certs::pem_to_der(pem, certs::kRootsLimit);
    if (!all.ok()) return all.error();
    for (const std::string& der : *all) {
      const base::Result<certs::CertificateFacts> facts = certs::read_certificate(der);
      if (!facts.ok()) return facts.error();
      if (!facts->authority)
        return base::fail(base::Code::Invalid, facts->subject + " is not an authority (CA:TRUE is missing)");
    }
    return base::Ok{};
  }

  std::string roots(const Service& service) {
    if (std::none_of(service.nodes.begin(), service.nodes.end(), [](const Node& n) { return n.https; }))
      return {};
    return roots(service.roots, service.mark, "the service " + service.name);
  }

  // file is empty: the system's.
  std::string roots(const FileName& file, base::Mark mark, const std::string& whose) {
    if (!file.path.empty()) return authorities(file, kRootsText);
    base::Result<std::string> system = certs::read_system_roots();
    if (!system.ok()) {
      fault(mark, system.error().message + ": name the roots of " + whose + " with tls.roots");
      return {};
    }
    if (system->size() > kRootsText) {
      fault(mark, "the system's roots are more than " + format_size(kRootsText) + ": name those of " + whose +
                      " with tls.roots");
    }
    return std::move(system).value();
  }

  void admins(std::string& out) {
    out = text(config_.admins, kAdminsLimit);
    if (out.empty()) return;
    const auto admins = accounts::parse_admins(out);
    if (!admins.ok()) fault(config_.admins.mark, config_.admins.path + ": " + admins.error().message);
  }

  // A policy that cannot be read is the configuration's fault; what stands in it is the policy's.
  void policy(Material& out) {
    base::Result<std::string> content = base::read_file(config_.policy.path, base::kYamlSizeLimit);
    if (!content.ok() && content.error().code == base::Code::Limit) {
      return policy_fault({{},
                           "the file is larger than " + format_size(base::kYamlSizeLimit) +
                               ", the most that a policy may have: make it smaller"});
    }
    if (!content.ok()) return fault(config_.policy.mark, content.error().message);
    out.policy_text = std::move(content).value();
    const policy::ParsedPolicy parsed = policy::parse_policy(out.policy_text);
    for (const base::Fault& one : parsed.faults) policy_fault(one);
    out.policy = parsed.policy;
    if (parsed.policy == nullptr) return;
    for (const policy::Finding& finding : policy::check(*parsed.policy)) {
      if (finding.severity == policy::Severity::Error) policy_fault({finding.mark, finding.message});
    }
  }

  void policy_fault(base::Fault fault) {
    out_.policy_faults.push_back({config_.policy.path, std::move(fault)});
  }

  const Config& config_;
  const std::string& config_path_;
  const uid_t account_;  // whose the secrets must be
  LoadedMaterial& out_;
};

}  // namespace

const ClientKey* Material::client_key(std::string_view name) const {
  for (const ClientKey& one : client_keys) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

base::Result<certs::VerifierKey> log_verifier_in(std::string_view text) {
  if (!certs::is_key_elsewhere(text)) {
    const auto key = certs::parse_signer_key(text.substr(0, text.find('\n')));
    if (!key.ok()) return key.error();
    return certs::verifier_of(*key);
  }
  auto named = certs::parse_key_elsewhere(text);
  if (!named.ok()) return named.error();
  if (const std::string wrong = token::wrong_with_uri(named->place); !wrong.empty())
    return base::fail(base::Code::Invalid, "the URI " + wrong);
  return std::move(named->verifier);
}

namespace {

// Runs in a copy of this process.
std::string wrong_with_log_key(int fd, const std::string& path, bool token, std::string& name) {
  base::Result<std::string> text = base::read_open_file(fd, path, certs::kKeyFileLimit);
  if (!text.ok()) return text.error().message;
  if (!token && certs::is_key_elsewhere(*text))
    return path + " names a key in a token: say with pkcs11 through which module it is used";
  const base::Result<certs::VerifierKey> key = log_verifier_in(*text);
  base::wipe(*text);
  if (!key.ok()) return path + " is no key for the log: " + key.error().message;
  name = key->name;
  return {};
}

std::string wrong_with_log_keys(const LogKeyFiles& files, const std::string& path, bool token) {
  std::string name, next_name;
  std::string wrong = wrong_with_log_key(files.current.get(), path, token, name);
  if (!wrong.empty() || !files.next.valid()) return wrong;
  wrong = wrong_with_log_key(files.next.get(), next_log_key_path(path), token, next_name);
  if (wrong.empty() && name != next_name)
    wrong = next_log_key_path(path) + " is the key of another log than " + path + ": move it away";
  return wrong;
}

}  // namespace

base::Result<LogKeyFiles> open_log_keys(const std::string& path, uid_t account, bool token) {
  base::Result<base::UniqueFd> current = open_secret(path, "a key", account);
  if (!current.ok()) return current.error();
  LogKeyFiles out{std::move(current).value(), {}};
  base::Result<base::UniqueFd> next = open_secret(next_log_key_path(path), "a key", account);
  if (!next.ok() && next.error().code != base::Code::NotFound) return next.error();
  if (next.ok()) out.next = std::move(next).value();
  const base::Result<std::string> wrong =
      proc::ask_copy([&] { return wrong_with_log_keys(out, path, token); });
  if (!wrong.ok()) return wrong.error();
  if (!wrong->empty()) return base::fail(base::Code::Invalid, *wrong);
  return out;
}

bool is_as_it_was(const base::UniqueFd& fd, const struct stat& before) {
  struct stat now {};
  return ::fstat(fd.get(), &now) == 0 && now.st_dev == before.st_dev && now.st_ino == before.st_ino &&
         now.st_size == before.st_size && now.st_mtim.tv_sec == before.st_mtim.tv_sec &&
         now.st_mtim.tv_nsec == before.st_mtim.tv_nsec;
}

bool same_file(const base::UniqueFd& a, const base::UniqueFd& b) {
  if (!a.valid() && !b.valid()) return true;
  struct stat of_b {};
  return ::fstat(b.get(), &of_b) == 0 && is_as_it_was(a, of_b);
}

bool same_log_keys(const LogKeyFiles& a, const LogKeyFiles& b) {
  return same_file(a.current, b.current) && same_file(a.next, b.next);
}

LoadedMaterial load_material(const Config& config, const std::string& config_path) {
  LoadedMaterial out;
  Loader(config, config_path, out).load();
  return out;
}

LoadedConfig load_config(const std::string& path, int cores) {
  LoadedConfig out;
  const base::Result<std::string> text = base::read_file(path, kConfigSizeLimit);
  if (!text.ok()) {
    out.config_faults.push_back({path, {{}, text.error().message}});
    return out;
  }
  ParsedConfig parsed = parse_config(*text, folder_of(path), cores);
  for (base::Fault& fault : parsed.faults) out.config_faults.push_back({path, std::move(fault)});
  if (parsed.config == nullptr) return out;
  LoadedMaterial material = load_material(*parsed.config, path);
  out.config = std::move(parsed.config);
  out.material = std::move(material.material);
  out.config_faults = std::move(material.config_faults);
  out.policy_faults = std::move(material.policy_faults);
  return out;
}

std::string format_faults(const std::vector<FileFault>& faults) {
  std::string out;
  for (const FileFault& one : faults) {
    if (!out.empty()) out += '\n';
    out += base::format_faults(one.file, {one.fault});
  }
  return out;
}

base::Json faults_json(const std::vector<FileFault>& faults) {
  base::Json out = base::Json::array();
  for (const FileFault& one : faults) {
    out.push_back({{"file", one.file},
                   {"line", one.fault.mark.line},
                   {"column", one.fault.mark.column},
                   {"message", one.fault.message}});
  }
  return out;
}

}  // namespace postern::supervisor
