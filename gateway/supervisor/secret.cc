// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/secret.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/secret_file.h"
#include "gateway/proc/privileges.h"
#include "gateway/token/settings.h"

namespace postern::supervisor {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kCredentialNameLimit = 255;  // NAME_MAX
constexpr const char* kCredentialsVariable = "CREDENTIALS_DIRECTORY";

bool is_credential_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

std::string line_to_write(std::string_view name) {
  return "LoadCredential=" + std::string(name) + ":/path/of/its/file";
}

class SecretList {
 public:
  void add(std::string key, const FileName& file) {
    if (file.path.empty()) return;
    const std::string_view other = is_credential(file.path) ? "credential" : "file";
    out_.push_back({std::move(key), file.path, token::is_uri(file.path) ? kTokenSource : other, file.mark});
  }
  std::vector<NamedSecret> take() { return std::move(out_); }

 private:
  std::vector<NamedSecret> out_;
};

void add_listener(const std::string& path, const Listener& listener, SecretList& out) {
  for (std::size_t i = 0; i < listener.certificates.size(); ++i) {
    out.add(path + (i == 0 ? ".key" : ".certificates[" + std::to_string(i - 1) + "].key"),
            listener.certificates[i].key);
  }
}

void add_services(const Config& config, SecretList& out) {
  for (const Service& service : config.services) {
    for (const Credential& one : service.credentials) {
      const std::string role = one.role.empty() ? "" : ".roles." + one.role;
      out.add("component.services." + service.name + ".credential" + role, one.file);
    }
  }
}

}  // namespace

std::string wrong_with_credential(std::string_view name) {
  name.remove_prefix(kCredentialPrefix.size());
  const bool good = !name.empty() && name.size() <= kCredentialNameLimit && name != "." && name != ".." &&
                    std::all_of(name.begin(), name.end(), is_credential_character);
  if (good) return {};
  return "a credential is named by letters, digits, '.', '_' and '-', as in credential:support.key; a file "
         "whose "
         "path begins with credential: is written ./credential:..";
}

uid_t secrets_account(const Config& config) {
  if (!proc::is_root()) return ::geteuid();
  const base::Result<proc::Account> account = proc::find_account(config.user);
  return account.ok() ? account->uid : base::kNoAccount;
}

base::Result<base::UniqueFd> open_secret(const std::string& name, const std::string& what, uid_t account) {
  if (!is_credential(name)) return base::open_secret_file(name, what, {account});
  const std::string_view own = std::string_view(name).substr(kCredentialPrefix.size());
  const char* folder = std::getenv(kCredentialsVariable);  // NOLINT: there is one thread
  if (folder == nullptr || folder[0] != '/') {
    return fail(Code::NotFound,
                name + ": no credential was passed to this process ($" + std::string(kCredentialsVariable) +
                    " is not set): write " + line_to_write(own) +
                    " below [Service] into the unit (systemctl edit postern), and start it by systemd");
  }
  base::Result<base::UniqueFd> opened =
      base::open_secret_file(folder + ("/" + std::string(own)), what, {account, true});
  if (opened.ok() || opened.error().code != Code::NotFound) return opened;
  return fail(Code::NotFound, name + " is not among the credentials that were passed to this process, in " +
                                  folder + ": write " + line_to_write(own) +
                                  " below [Service] into the unit (systemctl edit postern), and restart it");
}

std::vector<NamedSecret> secrets_of(const Config& config) {
  SecretList out;
  add_listener("listeners.support", config.support, out);
  add_listener("listeners.admin", config.admin, out);
  out.add("pass_key", config.pass_key);
  out.add("log_key", config.log_key);
  out.add("witness.key", config.witness_key);
  add_services(config, out);
  for (const NotificationTarget& target : config.notifications)
    out.add("notifications." + target.name, target.secret);
  out.add("openid.client_secret_file", config.openid.secret);
  if (config.mission_control && config.mission_control->proxy)
    out.add("mission_control.proxy.password_file", config.mission_control->proxy->password);
  out.add("admin_openid.client_secret_file", config.admin_openid.secret);
  out.add("openid.client_key_file", config.openid.key);
  out.add("admin_openid.client_key_file", config.admin_openid.key);
  if (config.acme) out.add("acme.external_account.secret_file", config.acme->external_secret);
  if (config.pkcs11) out.add("pkcs11.pin", config.pkcs11->pin);
  return out.take();
}

}  // namespace postern::supervisor
