// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The files that a configuration names, opened and checked once, before anything takes effect: certificates,
// keys, roots, credentials, the policy, the admins. Private keys and credentials are opened here and never read
// by this process: whether one is sound is found out in a short-lived copy of it, and the descriptors go to the
// keeper (keys) and to the enforcers (other credentials).
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/unique_fd.h"
#include "base/yaml.h"
#include "certs/certificate.h"
#include "certs/note.h"
#include "certs/staple.h"
#include "certs/verify.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/crls.h"
#include "gateway/supervisor/zones.h"
#include "policy/policy.h"

namespace postern::supervisor {

inline constexpr int kMostFailures = 1'000'000;  // in a row, that are counted

// The OCSP response that is shown with a certificate (staples.h).
struct Staple {
  std::uint32_t id = 0;       // of the responder, as Node::id
  std::string url;            // of the responder, as the certificate has it
  http::Authority responder;  // the port is never 0
  std::string target, request;
  std::string response;      // empty: none was fetched yet
  certs::StapleTimes times;  // of the response
  int failures = 0;          // to have one, since one was taken
};

// What is wrong with a certificate that is used all the same.
struct Flaw {
  std::string_view problem;  // as audit/EVENTS.md has it
  std::string why;           // a sentence about "it", without the full stop
};

struct ListenerCertificate {
  std::string pem;  // the leaf, then its intermediates, in that order whatever the file's
  certs::CertificateFacts leaf;
  base::UniqueFd key;  // a regular file that only its owner may read; invalid: it lies in a token
  std::string certificate_path, key_path;  // for messages
  std::string descriptor;  // the name under which the keeper is given the key: "key.support", "key.support.1"
  std::vector<Flaw> flaws;
  bool demands_staple = false;
  std::optional<Staple> staple;  // nothing: it is not to be fetched, or cannot be
};

struct ListenerMaterial {
  std::vector<ListenerCertificate> certificates;  // as Listener::certificates, and at least one as there
};

// A file that holds the secret part of a credential: open, and like a key its owner's alone.
struct CredentialFile {
  std::string name;  // Credential::descriptor
  base::UniqueFd fd;
};

// A certificate that a service's nodes are shown, and its key, which goes to the keeper.
struct ClientKey {
  std::string name;                     // Credential::descriptor
  std::string path;                     // of the key
  std::string certificate_pem;          // the leaf, then its intermediates
  certs::CertificateFacts certificate;  // of the leaf
  base::UniqueFd key;
};

// The log's key, and the one that it is to be handed over to: next_log_key_path(), where there is one.
struct LogKeyFiles {
  base::UniqueFd current, next;
};

// For the authority that issues certificates (acme.h).
struct AcmeMaterial {
  base::UniqueFd account, next, secret;  // invalid: not there
  std::string roots_pem;
  std::int64_t asked = 0;  // how often somebody wanted a certificate at once
};

// For the line to Mission Control (line_folder.h). The last five are of this run of the gateway, and outlive a reload.
struct LineMaterial {
  std::string roots_pem;
  // Of each window of updates, in the configuration's order: what local time is in its zone.
  std::vector<std::vector<LocalOffset>> update_zones;
  std::string update_root;                // 1.root.json; empty: the vendor's updates are not taken
  base::UniqueFd proxy_password;          // invalid: there is none
  std::string certificate_pem;            // the leaf, then its intermediates; empty: not enrolled
  certs::CertificateFacts leaf;           // of it
  base::UniqueFd key;                     // of it
  std::string customer;                   // as the vendor calls us
  std::string life;                       // ULID
  std::int64_t check = 0;                 // how often the line was to be tried
  std::int64_t enrol_asked = 0;           // how often somebody wanted to enrol
  std::string enrol_code, enrol_request;  // while an enrolment is under way
};

struct Material {
  AcmeMaterial acme;
  LineMaterial line;
  ListenerMaterial support, admin, intake;  // the intake's is empty where there is none
  base::UniqueFd pass_key;
  base::UniqueFd token_pin;  // invalid: no key lies in a token
  LogKeyFiles log_keys;
  base::UniqueFd witness_key;                        // invalid: none is configured
  std::vector<std::string> witnessed_logs;           // that it is for
  std::vector<CredentialFile> notification_secrets;  // NotificationTarget::descriptor; of those that have one
  std::vector<std::string> notification_roots;       // PEM, one per target
  base::UniqueFd openid_secret;                      // invalid: the client has none
  std::string openid_roots;                          // PEM; empty: no identity provider
  base::UniqueFd openid_key, admin_openid_key;       // of the clients; for the keeper
  base::UniqueFd admin_openid_secret;                // likewise, of the one of admins
  std::string admin_openid_roots;
  std::vector<std::string> witness_roots;   // PEM, one per witness of our log; empty where it is not https
  std::string support_authority_pem;        // empty: none configured
  Crls engineer_crls;                       // that speak of its certificates
  std::vector<CredentialFile> credentials;  // but certificates
  std::vector<ClientKey> client_keys;
  std::vector<std::string> service_roots;  // PEM, one per service; empty where no node is https
  std::vector<Crls> service_crls;          // likewise; that speak of the certificates of its nodes
  // Of revocations outside (inquiries.h): lists in PEM by whose certificates they are about, answers of OCSP responders, and
  // what the link is to fetch.
  std::map<std::string, std::string> fetched_lists;
  std::shared_ptr<const certs::Answers> answers;
  base::Json fetches = base::Json::array();
  std::string revocation_roots;  // PEM; by which https addresses are believed; empty: nothing is asked
  std::string policy_text;
  std::shared_ptr<const policy::Policy> policy;  // the same, read
  std::string admins_text;

  std::string fetched(const std::string& whose) const {
    const auto found = fetched_lists.find(whose);
    return found == fetched_lists.end() ? std::string() : found->second;
  }
  const ListenerMaterial& listener(std::string_view name) const {
    return name == "intake" ? intake : name == "admin" ? admin : support;
  }
  const ClientKey* client_key(std::string_view name) const;  // nullptr: there is none
};

// A fault in one of the files; place is where postern.yaml names it, unless the fault is inside the file
// (then file is that one).
struct FileFault {
  std::string file;
  base::Fault fault;
};

// The faults are empty if and only if there is material.
struct LoadedMaterial {
  std::shared_ptr<Material> material;
  std::vector<FileFault> config_faults;  // what hinders the configuration
  std::vector<FileFault> policy_faults;  // what hinders the policy alone: of policy.yaml itself
  bool ok() const { return config_faults.empty() && policy_faults.empty(); }
};

// config_path: for messages. A certificate that has run out is no fault: a gateway that does not start helps
// nobody; status shows it.
LoadedMaterial load_material(const Config& config, const std::string& config_path);

// The log's keys alone: postern audit rotate-key changes them, and has nothing else read again. Invalid, Denied or the
// system's: with what to do. account: as open_secret's. token: a key may lie in one.
base::Result<LogKeyFiles> open_log_keys(const std::string& path, uid_t account, bool token);
// The verifier key of what a log's key file holds, whether its private part stands there or lies in a token
// (certs/key_elsewhere.h).
base::Result<certs::VerifierKey> log_verifier_in(std::string_view text);
inline std::string next_log_key_path(const std::string& path) { return path + ".next"; }
bool same_log_keys(const LogKeyFiles& a, const LogKeyFiles& b);
// Whether the file is the one of before, and was not written over in its place since.
bool is_as_it_was(const base::UniqueFd& fd, const struct stat& before);
// Whether the descriptors are of the same file in the same state; or both of none.
bool same_file(const base::UniqueFd& a, const base::UniqueFd& b);

// postern.yaml and all it names; path is absolute.
struct LoadedConfig {
  std::shared_ptr<const Config> config;
  std::shared_ptr<Material> material;
  std::vector<FileFault> config_faults, policy_faults;
  bool ok() const { return config_faults.empty() && policy_faults.empty(); }
};
LoadedConfig load_config(const std::string& path, int cores);

// "file:line:column: message", a line each, as compilers do.
std::string format_faults(const std::vector<FileFault>& faults);
// [{"file", "line", "column", "message"}]
base::Json faults_json(const std::vector<FileFault>& faults);

}  // namespace postern::supervisor
