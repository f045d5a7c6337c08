// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The console's page and what it loads, built from console/web and linked in as postern_console_assets.
#pragma once

#include <string_view>

#include "base/asset.h"

namespace postern::console {

// The page itself is "/"; it also serves every path that is a place within the console. nullptr: there is no
// such file. path is compared byte for byte and carries no query.
const base::Asset* find_console_asset(std::string_view path);

// What the page may do, for Content-Security-Policy: load and call its own origin, nothing inline, never
// framed.
inline constexpr std::string_view kConsoleContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

}  // namespace postern::console
