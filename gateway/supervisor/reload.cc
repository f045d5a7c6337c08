// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/reload.h"

#include <algorithm>
#include <set>

#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/secret.h"
#include "gateway/supervisor/updates_part.h"
#include "gateway/token/settings.h"

namespace postern::supervisor {
namespace {

void compare_parts(const base::Json& running, const base::Json& wanted, std::set<std::string>& out) {
  for (const auto& [key, value] : wanted.items()) {
    const auto old = running.find(key);
    if (old == running.end() || *old != value) out.insert(key);
  }
}

const Node* find_same(const Config& config, const Service& service, const Node& node) {
  for (const Service& other : config.services) {
    if (other.name != service.name) continue;
    for (const Node& candidate : other.nodes) {
      if (candidate.https == node.https && candidate.authority == node.authority) return &candidate;
    }
  }
  return nullptr;
}

const NotificationTarget* find_same(const Config& config, const NotificationTarget& target) {
  for (const NotificationTarget& candidate : config.notifications) {
    if (candidate.authority == target.authority && candidate.name == target.name) return &candidate;
  }
  return nullptr;
}

const LogWitness* find_same(const Config& config, const LogWitness& witness) {
  for (const LogWitness& candidate : config.log_witnesses) {
    if (candidate.mission_control == witness.mission_control && candidate.https == witness.https &&
        candidate.authority == witness.authority)
      return &candidate;
  }
  return nullptr;
}

const OpenId::Host* find_same(const OpenId& provider, const OpenId::Host& host) {
  for (const OpenId::Host& candidate : provider.hosts) {
    if (candidate.authority == host.authority) return &candidate;
  }
  return nullptr;
}

}  // namespace

std::vector<base::Fault> faults_of_change(const Config& running, const Config& wanted) {
  std::vector<base::Fault> out;
  const auto expect = [&](bool same, base::Mark mark, const std::string& what, const std::string& now) {
    if (!same)
      out.push_back(
          {mark, what + " cannot change while the gateway runs (it is " + now + "): this needs a restart"});
  };
  expect(running.user == wanted.user, wanted.user_mark, "user",
         running.user.empty() ? "not set" : running.user);
  expect(running.sandbox == wanted.sandbox, wanted.sandbox_mark, "sandbox",
         std::string(to_text(running.sandbox)));
  expect(running.workers == wanted.workers, {}, "workers", std::to_string(running.workers));
  expect(running.support.address.text() == wanted.support.address.text(), wanted.support.mark,
         "listeners.support.address", running.support.address.text());
  expect(running.admin.address.text() == wanted.admin.address.text(), wanted.admin.mark,
         "listeners.admin.address", running.admin.address.text());
  const auto intake_of = [](const Config& of) {
    return of.intake ? of.intake->listener.address.text() : std::string("not there");
  };
  expect(intake_of(running) == intake_of(wanted), wanted.intake ? wanted.intake->listener.mark : base::Mark{},
         "listeners.intake, and its address", intake_of(running));
  expect(running.control_socket.path == wanted.control_socket.path, wanted.control_socket.mark,
         "control_socket", running.control_socket.path);
  expect(running.state_directory.path == wanted.state_directory.path, wanted.state_directory.mark,
         "state_directory", running.state_directory.path);
  const auto place = [](const Config& of) {
    if (!of.acme) return std::string("not there");
    const std::string how = of.acme->by_tls ? "tls-alpn-01" : "http-01 at " + of.acme->challenge.text();
    return of.acme->folder.path + " and " + how;
  };
  expect(place(running) == place(wanted), wanted.acme ? wanted.acme->mark : base::Mark{},
         "acme, its folder, its challenge and challenge_address", place(running));
  const auto line_folder_of = [](const Config& of) {
    return of.mission_control ? of.mission_control->folder.path : std::string("not there");
  };
  expect(line_folder_of(running) == line_folder_of(wanted),
         wanted.mission_control ? wanted.mission_control->mark : base::Mark{},
         "mission_control and its folder", line_folder_of(running));
  const base::Mark first = !wanted.log_witnesses.empty()   ? wanted.log_witnesses.front().mark
                           : !wanted.notifications.empty() ? wanted.notifications.front().mark
                                                           : wanted.openid.mark;
  expect(running.reaches_out() == wanted.reaches_out(), first,
         "whether anything outside is reached (log.witnesses, notifications, openid, staple, acme, "
         "mission_control, crl by address or from_certificate, ocsp)",
         running.reaches_out() ? "something" : "nothing");
  expect(runner_setup_json(running) == runner_setup_json(wanted), {},
         "which executables updates run, and as whom (update, of services)",
         "what the runner was told when it started");
  expect(running.admin_openid.configured() == wanted.admin_openid.configured(), wanted.admin_openid.mark,
         "whether admins sign in by an identity provider (admin_openid)",
         running.admin_openid.configured() ? "so" : "not so");
  return out;
}

namespace {

// The keys in a token, and for which keys their certificates are.
using TokenKeys = std::set<std::pair<std::string, std::string>>;

TokenKeys token_keys(const Material& material) {
  TokenKeys out;
  const auto add = [&out](const std::string& path, const std::string& key_id) {
    if (token::is_uri(path)) out.emplace(path, key_id);
  };
  for (const ListenerMaterial* listener : {&material.support, &material.admin, &material.intake}) {
    for (const ListenerCertificate& one : listener->certificates) add(one.key_path, one.leaf.key_id);
  }
  for (const ClientKey& one : material.client_keys) add(one.path, one.certificate.key_id);
  return out;
}

}  // namespace

std::vector<base::Fault> faults_of_token_keys(const Config& running, const Material& running_material,
                                              const Config& wanted, const Material& wanted_material) {
  std::vector<base::Fault> out;
  const TokenKeys known = token_keys(running_material);
  const auto module = [](const Config& of) {
    std::string text;
    if (!of.pkcs11) return text;
    text = of.pkcs11->module.path;
    for (const std::string& variable : of.pkcs11->environment) text += "\n" + variable;
    for (const FileName& path : of.pkcs11->paths) text += "\n" + path.path;
    return text;
  };
  if (module(running) != module(wanted))
    out.push_back({wanted.pkcs11 ? wanted.pkcs11->mark : base::Mark{},
                   "pkcs11 cannot change while the gateway runs, but for the PIN: this needs a restart"});
  for (const auto& [name, key_id] : token_keys(wanted_material)) {
    if (known.contains({name, key_id})) continue;
    base::Mark mark;
    for (const NamedSecret& one : secrets_of(wanted)) mark = one.name == name ? one.mark : mark;
    out.push_back({mark, name + " is a key in a token with a certificate that the keeper has not seen it "
                                "fit: only when it starts "
                                "can it look, so this needs a restart"});
  }
  return out;
}

void keep_node_numbers(const Config& running, Config& wanted, std::uint32_t& next) {
  for (Service& service : wanted.services) {
    for (Node& node : service.nodes) {
      const Node* same = find_same(running, service, node);
      node.id = same != nullptr ? same->id : next++;
    }
  }
  for (LogWitness& witness : wanted.log_witnesses) {
    const LogWitness* same = find_same(running, witness);
    witness.id = same != nullptr ? same->id : next++;
  }
  if (wanted.acme) {
    const bool same = running.acme && running.acme->authority == wanted.acme->authority;
    wanted.acme->id = same ? running.acme->id : next++;
  }
  if (wanted.mission_control) {
    const bool same = running.mission_control &&
                      running.mission_control->first_hop() == wanted.mission_control->first_hop();
    wanted.mission_control->id = same ? running.mission_control->id : next++;
  }
  for (NotificationTarget& target : wanted.notifications) {
    const NotificationTarget* same = find_same(running, target);
    target.id = same != nullptr ? same->id : next++;
  }
  for (const auto which : {&Config::openid, &Config::admin_openid}) {
    for (OpenId::Host& host : (wanted.*which).hosts) {
      const OpenId::Host* same = find_same(running.*which, host);
      host.id = same != nullptr ? same->id : next++;
    }
  }
}

std::vector<NodeChange> node_changes(const Config& running, const Config& wanted) {
  std::vector<NodeChange> out;
  const auto only_in = [&out](const Config& one, const Config& other, bool added) {
    for (const Service& service : one.services) {
      for (const Node& node : service.nodes) {
        if (find_same(other, service, node) == nullptr) out.push_back({added, service.name, node.url});
      }
    }
  };
  only_in(running, wanted, false);
  only_in(wanted, running, true);
  return out;
}

std::vector<std::string> differences(const Config& running, const Material& running_material,
                                     const Config& wanted, const Material& wanted_material) {
  std::set<std::string> out;
  compare_parts(terminator_part(running, running_material, "support"),
                terminator_part(wanted, wanted_material, "support"), out);
  compare_parts(terminator_part(running, running_material, "admin"),
                terminator_part(wanted, wanted_material, "admin"), out);
  if (running.intake && wanted.intake) {
    compare_parts(terminator_part(running, running_material, "intake"),
                  terminator_part(wanted, wanted_material, "intake"), out);
    compare_parts(intake_part(running), intake_part(wanted), out);
  }
  compare_parts(enforcer_part(running, running_material, 0), enforcer_part(wanted, wanted_material, 0), out);
  compare_parts(ledger_part(running, running_material), ledger_part(wanted, wanted_material), out);
  compare_parts(console_part(running, running_material), console_part(wanted, wanted_material), out);
  compare_parts(link_part(running, running_material), link_part(wanted, wanted_material), out);
  compare_parts(admin_link_part(running, running_material), admin_link_part(wanted, wanted_material), out);
  out.erase("admins");  // the list that accounts came from once: what stands in it now changes nothing
  if (keys_differ(running_material, wanted_material)) out.insert("keys");
  if (credentials_differ(running_material, wanted_material)) out.insert("credentials");
  return {out.begin(), out.end()};
}

namespace {

bool same_certificates(const ListenerMaterial& running, const ListenerMaterial& wanted) {
  return std::equal(running.certificates.begin(), running.certificates.end(), wanted.certificates.begin(),
                    wanted.certificates.end(),
                    [](const ListenerCertificate& a, const ListenerCertificate& b) {
                      return a.pem == b.pem && same_file(a.key, b.key);
                    });
}

bool same_files(const std::vector<CredentialFile>& running, const std::vector<CredentialFile>& wanted) {
  return std::equal(running.begin(), running.end(), wanted.begin(), wanted.end(),
                    [](const CredentialFile& a, const CredentialFile& b) {
                      return a.name == b.name && same_file(a.fd, b.fd);
                    });
}

}  // namespace

bool credentials_differ(const Material& running, const Material& wanted) {
  return !same_files(running.credentials, wanted.credentials) ||
         !same_file(running.openid_secret, wanted.openid_secret) ||
         !same_file(running.line.proxy_password, wanted.line.proxy_password) ||
         !same_file(running.admin_openid_secret, wanted.admin_openid_secret) ||
         !same_files(running.notification_secrets, wanted.notification_secrets);
}

bool keys_differ(const Material& running, const Material& wanted) {
  const bool same_clients = std::equal(
      running.client_keys.begin(), running.client_keys.end(), wanted.client_keys.begin(),
      wanted.client_keys.end(), [](const ClientKey& a, const ClientKey& b) {
        return a.name == b.name && a.certificate_pem == b.certificate_pem && same_file(a.key, b.key);
      });
  return !same_clients || !same_certificates(running.support, wanted.support) ||
         !same_certificates(running.admin, wanted.admin) ||
         !same_certificates(running.intake, wanted.intake) || !same_file(running.pass_key, wanted.pass_key) ||
         !same_file(running.openid_key, wanted.openid_key) ||
         !same_file(running.admin_openid_key, wanted.admin_openid_key) ||
         !same_log_keys(running.log_keys, wanted.log_keys) ||
         !same_file(running.witness_key, wanted.witness_key) ||
         !same_file(running.token_pin, wanted.token_pin) ||
         !same_file(running.acme.account, wanted.acme.account) ||
         !same_file(running.acme.next, wanted.acme.next) ||
         !same_file(running.acme.secret, wanted.acme.secret) ||
         running.line.certificate_pem != wanted.line.certificate_pem ||
         !same_files(running.notification_secrets, wanted.notification_secrets) ||
         running.witnessed_logs != wanted.witnessed_logs;
}

}  // namespace postern::supervisor
