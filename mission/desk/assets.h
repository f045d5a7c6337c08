// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control's page and what it loads, built from console/web and linked in as postern_mission_assets.
#pragma once

#include <string_view>

#include "base/asset.h"

namespace postern::mission {

// As console/assets.h: the page itself is "/". nullptr: there is no such file.
const base::Asset* find_mission_asset(std::string_view path);

}  // namespace postern::mission
