// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/init.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "certs/authority.h"
#include "certs/certificate.h"
#include "certs/installation_issuer.h"
#include "certs/note.h"
#include "gateway/cli/new_folder.h"
#include "gateway/cli/program.h"
#include "gateway/http/authority.h"
#include "mission/control/config.h"

namespace postern::mission {
namespace {

constexpr base::Micros kYear = 365LL * 86400 * base::kWallSecond;
constexpr std::array<const char*, 3> kOurs{"mission-control.yaml", "certs/installations.pem", "keys"};

std::string as_yaml(std::string_view text) {
  std::string out;
  base::JsonWriter::escape(out, text);  // a JSON text is a YAML text
  return out;
}

std::string full_path(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).lexically_normal().string();
}

class Initialiser {
 public:
  Initialiser(const InitOptions& options, std::string user, std::optional<proc::Account> account)
      : options_(options),
        user_(std::move(user)),
        folder_(std::move(account)),
        top_(full_path(options.directory)) {
    if (top_.size() > 1 && top_.ends_with('/')) top_.pop_back();
  }

  base::Status make() {
    base::Status done = refuse_to_overwrite();
    if (done.ok()) done = make_config();
    if (done.ok()) done = make_folders();
    if (done.ok()) done = folder_.write(top_ + "/mission-control.yaml", config_, 0640);
    if (done.ok()) done = make_authority();
    if (done.ok()) done = make_witness_key();
    if (done.ok()) done = make_audit_key();
    if (done.ok() && options_.certificate.empty()) done = make_listener("line", roots_, fingerprint_);
    if (done.ok()) done = make_listener("admin", admin_roots_, admin_fingerprint_);
    if (done.ok()) done = make_first_person();
    if (done.ok()) done = folder_.keep();
    return done;
  }

  void tell() const {
    const std::string config = top_ + "/mission-control.yaml";
    if (options_.json)
      return cli::print(cli::to_json_line(
          {{"config", config},
           {"domain", options_.domain},
           {"line", url_},
           {"roots", roots_},
           {"witness", witness_},
           {"audit", audit_},
           {"admin_listener",
            {{"url", admin_url_}, {"roots", admin_roots_}, {"fingerprint", admin_fingerprint_}}},
           {"person", {{"name", "admin"}, {"password", password_}}}}));
    std::string text = "Made " + top_ + ".\n\n  The line              " + url_ + "\n";
    if (!roots_.empty())
      text += "  Its authority         " + roots_ + "\n                        SHA-256 " + fingerprint_ +
              "\n                        Installations need this file to believe the line\n";
    text +=
        "  Installations' own    " + top_ + "/certs/installations.pem, 10 years\n  As a witness of logs  " +
        witness_ +
        "\n                        Installations and auditors need it to have their logs cosigned\n  Its own "
        "log's "
        "key     " +
        audit_ +
        "\n                        Keep it elsewhere: mission-control audit verify --key\n\n  The "
        "page              " +
        admin_url_ + "\n  Its authority         " + admin_roots_ + "\n                        SHA-256 " +
        admin_fingerprint_ +
        "\n                        Import it into the browser that you sign in with\n  Sign in as            "
        "admin\n  Password              " +
        password_ +
        "\n                        It is shown once and kept nowhere: change it after signing in\n\nNext:\n"
        "  1. mission-control serve --config " +
        config +
        "\n  2. Sign in, set up an authenticator app or a passkey, and make a code under Enrolment\n";
    cli::print(text);
  }

 private:
  base::Status refuse_to_overwrite() const {
    for (const char* name : kOurs) {
      struct stat info {};
      const std::string path = top_ + "/" + name;
      if (::lstat(path.c_str(), &info) == 0)
        return base::fail(base::Code::Exists,
                          path + " is there already: init never overwrites, choose another folder");
    }
    return base::Ok{};
  }

  // What was asked for is checked by the very parser that will read it, before anything is made.
  base::Status make_config() {
    if (options_.certificate.empty() != options_.key.empty())
      return base::fail(base::Code::Invalid, "--line-certificate and --line-key go together");
    const bool own = options_.certificate.empty();
    names_ = {options_.domain};
    for (const std::string& name : options_.names) names_.push_back(name);
    for (const char* name : {"localhost", "127.0.0.1", "[::1]"}) {
      if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.emplace_back(name);
    }
    config_ =
        "# docs/MISSION_CONTROL.md describes every key.\nversion: 1\ndomain: " + as_yaml(options_.domain) +
        "\n";
    if (!user_.empty()) config_ += "user: " + as_yaml(user_) + "\n";
    config_ += "listeners:\n  line:\n    address: " + as_yaml(options_.listen) +
               "\n    certificate: " + as_yaml(own ? "certs/line.pem" : full_path(options_.certificate)) +
               "\n    key: " + as_yaml(own ? "keys/line.key" : full_path(options_.key)) + "\n    names:\n";
    for (const std::string& name : names_) config_ += "      - " + as_yaml(name) + "\n";
    config_ += "  admin:\n    address: " + as_yaml(options_.admin_listen) +
               "\n    certificate: certs/admin.pem\n    key: keys/admin.key\n    names:\n";
    for (const std::string& name : names_) config_ += "      - " + as_yaml(name) + "\n";
    config_ += "people: people.json\n";
    config_ +=
        "installations:\n  authority: certs/installations.pem\n  key: keys/installations.key\n"
        "witness:\n  key: keys/witness.key\naudit:\n  key: keys/audit.key\n"
        "control_socket: run/control.sock\nstate_directory: state\nretention:\n  events: 90d\n";
    const ParsedConfig parsed = parse_config(config_, top_);
    if (parsed.config == nullptr)
      return base::fail(base::Code::Invalid,
                        "the options do not make a configuration: " + parsed.faults.front().message);
    url_ = parsed.config->line.url();
    admin_url_ = parsed.config->admin.url();
    return base::Ok{};
  }

  base::Status make_folders() {
    base::Status done = base::Ok{};
    const std::array<std::pair<const char*, mode_t>, 5> folders{
        {{"", 0755}, {"/certs", 0755}, {"/keys", 0700}, {"/state", 0700}, {"/run", 0750}}};
    for (const auto& [name, mode] : folders) {
      if (done.ok()) done = folder_.make_folder(top_ + name, mode);
    }
    return done;
  }

  base::Status store(const std::string& name, base::Result<certs::Credentials> made) {
    if (!made.ok()) return made.error();
    base::Status done = folder_.write(top_ + "/certs/" + name + ".pem", made->certificate_pem, 0644);
    if (done.ok()) done = folder_.write(top_ + "/keys/" + name + ".key", made->key_pem, 0600);
    base::wipe(made->key_pem);
    return done;
  }

  base::Status make_authority() {
    return store("installations",
                 certs::make_installation_authority(
                     options_.domain, certs::valid_for(base::SystemClock().wall(), 10 * kYear)));
  }

  base::Status make_witness_key() {
    std::string seed = base::random_bytes(base::kEd25519SeedSize);
    const certs::SignerKey key{options_.domain + "/witness", base::Secret(seed)};
    base::wipe(seed);
    witness_ = certs::format_verifier_key(certs::make_verifier_key(
        key.name, certs::NoteAlgorithm::Cosignature, base::ed25519_public(key.seed)));
    std::string text = certs::format_signer_key(key) + "\n";
    base::Status done = folder_.write(top_ + "/keys/witness.key", text, 0600);
    base::wipe(text);
    return done;
  }

  base::Status make_audit_key() {
    std::string seed = base::random_bytes(base::kEd25519SeedSize);
    const certs::SignerKey key{options_.domain + "/audit", base::Secret(seed)};
    base::wipe(seed);
    audit_ = certs::format_verifier_key(certs::verifier_of(key));
    std::string text = certs::format_signer_key(key) + "\n";
    base::Status done = folder_.write(top_ + "/keys/audit.key", text, 0600);
    base::wipe(text);
    return done;
  }

  // The first administrator, from whom all others come. As `postern init` makes it.
  base::Status make_first_person() {
    constexpr std::size_t kCharacters = 20;  // 116 bits
    password_ = base::random_password(kCharacters);
    const auto hash = base::hash_password(password_);
    if (!hash.ok()) return hash.error();
    const base::OrderedJson people = {
        {"admins",
         base::OrderedJson::array({{{"name", "admin"}, {"role", "administrator"}, {"password", *hash}}})}};
    return folder_.write(top_ + "/people.json", people.dump(2) + "\n", 0600);
  }

  // A certificate with an authority of its own.
  base::Status make_listener(const std::string& name, std::string& roots, std::string& fingerprint) {
    const base::Micros now = base::SystemClock().wall();
    auto authority = certs::make_authority("Mission Control " + name, certs::valid_for(now, 10 * kYear));
    if (!authority.ok()) return authority.error();
    const auto facts = certs::read_chain(authority->certificate_pem);
    if (facts.ok()) fingerprint = facts->front().fingerprint;
    base::Status done = store(
        name, certs::make_server_certificate(*authority, certificate_names(), certs::valid_for(now, kYear)));
    if (!done.ok()) return done;
    roots = top_ + "/certs/" + name + "-ca.pem";
    return store(name + "-ca", std::move(authority));
  }

  std::vector<std::string> certificate_names() const {
    std::vector<std::string> out;
    for (const std::string& name : names_) {
      const std::string bare = supervisor::bare_host(*http::parse_authority(name));
      if (std::find(out.begin(), out.end(), bare) == out.end()) out.push_back(bare);
    }
    return out;
  }

  const InitOptions& options_;
  std::string user_;
  cli::NewFolder folder_;
  std::string top_;
  std::vector<std::string> names_;
  std::string config_, url_, roots_, fingerprint_, witness_, audit_;
  std::string admin_url_, admin_roots_, admin_fingerprint_, password_;
};

}  // namespace

int init(const InitOptions& options) {
  std::string user;
  const auto account = cli::choose_owner(options.user, user);
  if (!account.ok()) return cli::fail_with("init: " + account.error().message);
  Initialiser initialiser(options, user, *account);
  const base::Status made = initialiser.make();
  if (!made.ok()) return cli::fail_with("init: " + made.error().message);
  initialiser.tell();
  return 0;
}

}  // namespace postern::mission
