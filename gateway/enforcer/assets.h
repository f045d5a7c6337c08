// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the engineers' pages load, built from console/web/visit and linked in as postern_visit_assets. The
// names are stable, because pages.cc writes them; ask the client to revalidate by etag.
#pragma once

#include <string_view>

#include "base/asset.h"

namespace postern::enforcer {

// path as requested: "/.postern/assets/visit.css", "/.postern/assets/visit.js". nullptr: there is no such
// file.
const base::Asset* find_visit_asset(std::string_view path);

}  // namespace postern::enforcer
