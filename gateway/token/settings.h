// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How a configuration names a private key that lies in a token (a smart card, an HSM), and the module through which it
// is used. Nothing here loads a module or asks a token; that is token.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::token {

inline constexpr std::string_view kScheme = "pkcs11:";
inline constexpr std::size_t kUriLimit = 1024;

inline bool is_uri(std::string_view name) { return name.starts_with(kScheme); }

// What is wrong with a PKCS #11 URI (RFC 7512) as the name of a private key, as a clause; empty: nothing. It names the
// token (token= or serial=) and the key in it (object= or id=). It carries no PIN and names no source of one, for it
// stands in messages; and no module, for that is code, and named in one place.
std::string wrong_with_uri(const std::string& uri);

// A module is code that runs in the keeper: it is a regular file that belongs to root, and so does each folder on the way to it,
// of a link and of what it leads to; nobody else may write any of them. What it leads to in the end: that is to be loaded, for a link
// on the way may be another one by then. Denied, Invalid, NotFound: with what to do.
base::Result<std::string> check_module_file(const std::string& path);

// "NAME=VALUE" for the module's environment: NAME of upper-case letters, digits and '_', and none that the loader or
// OpenSSL would obey.
bool is_variable(std::string_view text);
// Puts them into this process' environment, before its module is opened.
void set_variables(const std::vector<std::string>& variables);

}  // namespace postern::token
