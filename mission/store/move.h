// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Carries all that one store knows over to another, empty one, of either kind: in one transaction of the target, which is committed
// only once every table has been read back from it with as many rows and the same hash. The source is only read. Which tables there
// are is asked of a store that is made in memory by the same steps (schema.h), so that none is forgotten.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "mission/store/database.h"

namespace postern::mission {

struct MovedTable {
  std::string name;
  std::int64_t rows = 0;
  std::string sha256;  // of its rows in the order of their key, hexadecimal
};

struct StoreMove {
  Database& from;
  Database& to;
  // Now and then: of this table so many rows were written, or with read true read back.
  std::function<void(const std::string& table, std::int64_t rows, bool read)> on_progress = {};
};

// Exists: the target is not empty. Corrupt: what was read back is not what was written. Both stores are brought up to this
// version's schema. Failed, the target has empty tables, as before.
base::Result<std::vector<MovedTable>> move_store(const StoreMove& move);

}  // namespace postern::mission
