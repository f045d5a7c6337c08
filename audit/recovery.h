// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Journal::open does with the segments it finds: read those that can hold records that are not durable,
// and tell a torn write from damage. Reads only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/files.h"
#include "audit/journal.h"
#include "base/result.h"

namespace postern::audit {

struct Recovered {
  std::uint64_t size = 0;  // whole records up to size-1
  std::uint64_t next_sequence = 1;
  std::vector<std::shared_ptr<File>> to_sync;  // files that hold records nobody has synced yet
  std::optional<TornTail> torn_tail;
  // The segment to go on in; empty when the journal is, and after a torn tail: then the next write starts
  // one.
  std::shared_ptr<File> last;
  std::uint64_t last_end = 0;
  std::uint64_t last_first = 0;
  std::string last_path;
};

// Makes the directory if it is missing (its parent must be there), and takes it for this process.
base::Result<std::shared_ptr<File>> take_directory(FileSystem& files, const std::string& directory);

// Corrupt if the records from may_begin_at on are not all there.
base::Result<Recovered> recover_segments(FileSystem& files, const std::string& directory,
                                         std::uint64_t may_begin_at);

}  // namespace postern::audit
