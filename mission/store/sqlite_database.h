// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "mission/store/database.h"

namespace postern::mission {

// path: a file, made if it is not there.
base::Result<std::unique_ptr<Database>> open_sqlite_database(const std::string& path);

}  // namespace postern::mission
