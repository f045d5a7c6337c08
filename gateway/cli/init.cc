// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/init.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "certs/authority.h"
#include "certs/certificate.h"
#include "certs/note.h"
#include "gateway/cli/new_folder.h"
#include "gateway/http/authority.h"
#include "gateway/supervisor/config.h"

namespace postern::cli {
namespace {

constexpr base::Micros kYear = 365LL * 86400 * base::kWallSecond;
constexpr std::size_t kPasswordCharacters = 20;  // 116 bits
constexpr std::array<const char*, 4> kOurs{"postern.yaml", "policy.yaml", "admins.json", "keys"};

constexpr std::string_view kEmptyPolicy =
    "# What engineers could be let do. Nothing is listed, so nothing reaches the component: closed by "
    "default.\n"
    "# docs/POLICY.md describes this file; postern policy import makes one from an OpenAPI document.\n"
    "version: 1\n"
    "capabilities: {}\n"
    "never:\n"
    "  - ANY /debug/**\n";

struct ServiceChoice {
  std::string name, path, url;
};

std::string yaml_quoted(std::string_view text) {
  std::string out;
  base::JsonWriter::escape(out, text);  // a JSON text is a YAML text
  return out;
}

// "NAME=URL" or "URL"; a component without a name is called "component".
std::vector<ServiceChoice> choose_services(const std::vector<std::string>& components) {
  std::vector<ServiceChoice> out;
  for (const std::string& text : components) {
    const std::size_t equals = text.find('=');
    ServiceChoice one;
    one.url = equals == std::string::npos ? text : text.substr(equals + 1);
    const std::string number = out.empty() ? "" : "-" + std::to_string(out.size() + 1);
    one.name = equals == std::string::npos ? "component" + number : text.substr(0, equals);
    one.path = components.size() == 1 ? "/" : "/" + one.name + "/";
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<std::string> choose_names(const std::vector<std::string>& wanted) {
  std::vector<std::string> out{"localhost", "127.0.0.1", "[::1]"};
  char host[HOST_NAME_MAX + 1] = {};
  if (::gethostname(host, HOST_NAME_MAX) == 0 && http::is_authority(host))
    out.emplace_back(base::to_lower(host));
  out.insert(out.end(), wanted.begin(), wanted.end());
  std::vector<std::string> unique;
  for (const std::string& name : out) {
    if (std::find(unique.begin(), unique.end(), name) == unique.end()) unique.push_back(name);
  }
  // The name that links are made of comes first: what the caller named, if anything.
  if (!wanted.empty())
    std::rotate(unique.begin(), std::find(unique.begin(), unique.end(), wanted[0]), unique.end());
  return unique;
}

std::string listener_text(const std::string& name, const std::string& address,
                          const std::vector<std::string>& names) {
  std::string out = "  " + name + ":\n    address: " + yaml_quoted(address) + "\n    certificate: certs/" +
                    name + ".pem\n    key: keys/" + name + ".key\n    names:\n";
  for (const std::string& host : names) out += "      - " + yaml_quoted(host) + "\n";
  return out;
}

std::string config_text(const InitOptions& options, const std::string& user,
                        const std::vector<std::string>& names) {
  std::string out = "# docs/CONFIGURATION.md describes every key.\nversion: 1\n";
  if (!user.empty()) out += "user: " + yaml_quoted(user) + "\n";
  out +=
      "listeners:\n" + listener_text("support", options.listen, names) +
      listener_text("admin", options.admin_listen, names) +
      "control_socket: run/control.sock\nstate_directory: state\npolicy: policy.yaml\nadmins: admins.json\n"
      "pass_key: keys/pass.key\nlog_key: keys/log.key\nsupport_authority: "
      "certs/support-authority.pem\ncomponent:\n  services:";
  const std::vector<ServiceChoice> services = choose_services(options.components);
  out += services.empty() ? " []\n" : "\n";
  for (const ServiceChoice& one : services) {
    out += "    - name: " + yaml_quoted(one.name) + "\n      path: " + yaml_quoted(one.path) +
           "\n      nodes:\n        - " + yaml_quoted(one.url) + "\n";
  }
  return out;
}

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char here[PATH_MAX] = {};
  return (::getcwd(here, sizeof here) == nullptr ? std::string() : std::string(here)) + "/" + path;
}

class Initialiser {
 public:
  Initialiser(const InitOptions& options, std::string user, std::optional<proc::Account> account)
      : options_(options),
        user_(std::move(user)),
        folder_(std::move(account)),
        top_(absolute(options.directory)) {}

  base::Status make() {
    base::Status done = refuse_to_overwrite();
    if (done.ok()) done = make_config();
    if (done.ok()) done = make_folders();
    if (done.ok()) done = write_texts();
    if (done.ok()) done = make_listeners();
    if (done.ok()) done = make_support_authority();
    if (done.ok()) done = make_pass_key();
    if (done.ok()) done = make_log_key();
    if (done.ok()) done = make_admin();
    if (done.ok()) done = folder_.keep();
    return done;
  }

  void tell() const {
    const std::string config = top_ + "/postern.yaml";
    std::printf(
        "Made %s: closed by default, nothing reaches the component yet.\n\n"
        "  First admin     admin\n"
        "  Password        %s      (shown once)\n"
        "  Console         %s\n"
        "  Its authority   %s/certs/admin-ca.pem\n"
        "                  SHA-256 %s\n"
        "  The log's key   %s\n"
        "                  Keep it with the auditors: it verifies the log\n\n"
        "Next:\n"
        "  1. Say in %s/policy.yaml what engineers could be let do; check it with\n"
        "       postern policy check %s/policy.yaml\n"
        "  2. Start the gateway:\n"
        "       postern serve --config %s\n"
        "  3. Sign in to the console, or use the commands: postern --config %s status\n",
        top_.c_str(), password_.c_str(), admin_url_.c_str(), top_.c_str(), admin_fingerprint_.c_str(),
        log_key_.c_str(), top_.c_str(), top_.c_str(), config.c_str(), config.c_str());
  }

 private:
  base::Status refuse_to_overwrite() const {
    for (const char* name : kOurs) {
      struct stat info {};
      const std::string path = top_ + "/" + name;
      if (::lstat(path.c_str(), &info) == 0) {
        return base::fail(base::Code::Exists,
                          path + " is there already: init never overwrites, choose another folder");
      }
    }
    return base::Ok{};
  }

  // What was asked for is checked by the very parser that will read it, before anything is made.
  base::Status make_config() {
    names_ = choose_names(options_.names);
    config_ = config_text(options_, user_, names_);
    const supervisor::ParsedConfig parsed = supervisor::parse_config(config_, top_, 1);
    if (parsed.config == nullptr) {
      return base::fail(base::Code::Invalid,
                        "the options do not make a configuration: " + parsed.faults.front().message);
    }
    admin_url_ = parsed.config->admin.url();
    return base::Ok{};
  }

  base::Status make_folders() {
    base::Status done = folder_.make_folder(top_, 0755);
    if (done.ok()) done = folder_.make_folder(top_ + "/certs", 0755);
    if (done.ok()) done = folder_.make_folder(top_ + "/keys", 0700);
    if (done.ok()) done = folder_.make_folder(top_ + "/state", 0700);
    if (done.ok()) done = folder_.make_folder(top_ + "/run", 0750);
    return done;
  }

  base::Status write_texts() {
    const base::Status config = folder_.write(top_ + "/postern.yaml", config_, 0640);
    return config.ok() ? folder_.write(top_ + "/policy.yaml", kEmptyPolicy, 0640) : config;
  }

  base::Status store(const std::string& name, const std::string& certificate,
                     certs::Credentials& credentials) {
    base::Status done = folder_.write(top_ + "/certs/" + name + ".pem", certificate, 0644);
    if (done.ok()) done = folder_.write(top_ + "/keys/" + name + ".key", credentials.key_pem, 0600);
    base::wipe(credentials.key_pem);
    return done;
  }

  // An authority for each listener: the roots of trust of the two faces never meet (promise 8).
  base::Status make_listeners() {
    for (const char* name : {"support", "admin"}) {
      const base::Status made = make_listener(name);
      if (!made.ok()) return made;
    }
    return base::Ok{};
  }

  base::Status make_listener(const std::string& name) {
    const base::Micros now = base::SystemClock().wall();
    base::Result<certs::Credentials> authority =
        certs::make_authority("Postern " + name + " listener", certs::valid_for(now, 10 * kYear));
    if (!authority.ok()) return authority.error();
    base::Result<certs::Credentials> server =
        certs::make_server_certificate(*authority, certificate_names(), certs::valid_for(now, kYear));
    if (!server.ok()) return server.error();
    if (name == "admin") {
      const auto facts = certs::read_chain(authority->certificate_pem);
      if (facts.ok()) admin_fingerprint_ = facts->front().fingerprint;
    }
    const base::Status stored = store(name, server->certificate_pem, *server);
    return stored.ok() ? store(name + "-ca", authority->certificate_pem, *authority) : stored;
  }

  std::vector<std::string> certificate_names() const {
    std::vector<std::string> out;
    for (const std::string& name : names_) {
      const std::optional<http::Authority> authority = http::parse_authority(name);
      const std::string& host = authority->host;
      const std::string bare = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
      if (std::find(out.begin(), out.end(), bare) == out.end()) out.push_back(bare);
    }
    return out;
  }

  base::Status make_support_authority() {
    const base::Micros now = base::SystemClock().wall();
    base::Result<certs::Credentials> authority =
        certs::make_authority("Postern support engineers", certs::valid_for(now, 10 * kYear));
    return authority.ok() ? store("support-authority", authority->certificate_pem, *authority)
                          : authority.error();
  }

  // An Ed25519 seed in base64url and a newline, as the keeper reads it.
  base::Status make_pass_key() {
    std::string seed = base::random_bytes(base::kEd25519SeedSize);
    std::string text = base::to_base64url(seed) + "\n";
    const base::Status written = folder_.write(top_ + "/keys/pass.key", text, 0600);
    base::wipe(seed);
    base::wipe(text);
    return written;
  }

  // The log's name, which stands in each of its checkpoints, is drawn by lot: no two logs may have the same.
  base::Status make_log_key() {
    std::string seed = base::random_bytes(base::kEd25519SeedSize);
    const certs::SignerKey key{"postern/" + base::to_hex(base::random_bytes(8)), base::Secret(seed)};
    base::wipe(seed);
    std::string text = certs::format_signer_key(key) + "\n";
    const base::Status written = folder_.write(top_ + "/keys/log.key", text, 0600);
    base::wipe(text);
    log_key_ = certs::format_verifier_key(certs::verifier_of(key));
    return written;
  }

  base::Status make_admin() {
    password_ = base::random_password(kPasswordCharacters);
    const base::Result<std::string> hash = base::hash_password(password_);
    if (!hash.ok()) return hash.error();
    const base::OrderedJson admins = {
        {"admins", base::OrderedJson::array({{{"name", "admin"}, {"role", "admin"}, {"password", *hash}}})}};
    return folder_.write(top_ + "/admins.json", admins.dump(2) + "\n", 0600);
  }

  const InitOptions& options_;
  std::string user_;
  NewFolder folder_;
  std::string top_;
  std::vector<std::string> names_;
  std::string config_, admin_url_, admin_fingerprint_, log_key_, password_;
};

int fail_init(const std::string& why) {
  std::fprintf(stderr, "postern init: %s\n", why.c_str());
  return 1;
}

}  // namespace

int init(const InitOptions& options) {
  const base::Status crypto = base::init_crypto();
  if (!crypto.ok()) return fail_init(crypto.error().message);
  std::string user;
  base::Result<std::optional<proc::Account>> account = choose_owner(options.user, user);
  if (!account.ok()) return fail_init(account.error().message);
  Initialiser initialiser(options, user, *account);
  const base::Status made = initialiser.make();
  if (!made.ok()) return fail_init(made.error().message);
  initialiser.tell();
  return 0;
}

}  // namespace postern::cli
