// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How postern.yaml names a secret, wherever it names one: by a file, or by one of the credentials that systemd passed
// to the unit (systemd.exec(5): LoadCredential=, LoadCredentialEncrypted=, SetCredential=):
//
//   key: keys/support.key           a path
//   key: credential:support.key     the file support.key of the folder that $CREDENTIALS_DIRECTORY names
//   key: pkcs11:token=a;object=b    of keys that TLS is done with alone: never a file (gateway/token/settings.h)
//
// A FileName (config.h) of a secret holds one of these as text, and messages show it as it is. Only
// open_secret() looks at the environment and the disk. docs/SECRETS.md says it for people.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/supervisor/config.h"

namespace postern::supervisor {

inline constexpr std::string_view kCredentialPrefix = "credential:";
inline bool is_credential(std::string_view name) { return name.starts_with(kCredentialPrefix); }

// What is wrong with "credential:NAME", as a clause about it; empty: nothing. A name is what systemd takes for one of a
// file: 1 to 255 letters, digits, '.', '_' and '-', and neither "." nor "..".
std::string wrong_with_credential(std::string_view name);

// Who must own the secrets of that configuration, beside root: the account that it names while we are root, later
// ourselves. base::kNoAccount: we are root, and there is no such account; then the gateway does not start.
uid_t secrets_account(const Config& config);

// Opens the secret for reading, under the rules of base/secret_file.h. what: "a key". NotFound: there is no such file,
// or no such credential. name is a path, or a credential that is not wrong.
base::Result<base::UniqueFd> open_secret(const std::string& name, const std::string& what, uid_t account);

inline constexpr std::string_view kTokenSource = "token";

// A secret that the configuration names.
struct NamedSecret {
  std::string key;          // of postern.yaml: "listeners.support.key"
  std::string name;         // as FileName::path
  std::string_view source;  // "file", "credential", kTokenSource
  base::Mark mark;
};
std::vector<NamedSecret> secrets_of(const Config& config);

}  // namespace postern::supervisor
