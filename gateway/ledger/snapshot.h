// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The state as it was before an event: what the fold of the events before it gave, so that these can be removed. A file
// in the state directory; its SHA-256 stands in the event log.retention, and the ledger believes it only with that event.
//
//   snapshot.json      {"v":1, "first":N, "state":{..}, "key_ordered":TEXT}      the state before event N
//   snapshot.json.new  the same for the next cut, until its event is under a checkpoint
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/files.h"
#include "base/result.h"
#include "gateway/state/state.h"

namespace postern::ledger {

struct Snapshot {
  std::uint64_t first = 0;  // a multiple of 256: the reading of the journal begins with this event
  state::State state;
  std::string key_ordered;  // History::key_ordered
};
inline constexpr std::size_t kSnapshotLimit = 64U << 20U;

std::string format_snapshot(const Snapshot& snapshot);
base::Result<Snapshot> parse_snapshot(std::string_view text);  // Invalid

struct SnapshotFile {
  Snapshot snapshot;
  std::string sha256;  // of the file's bytes, hexadecimal
};
// Nothing if there is none. Corrupt, with the remedy, if it is damaged.
base::Result<std::optional<SnapshotFile>> read_snapshot(audit::FileSystem& files,
                                                        const std::string& directory);

// Durable when it returns: the next one, with its hash; then, once its event is safe, in the place of the present one.
base::Result<std::string> write_next_snapshot(audit::FileSystem& files, const std::string& directory,
                                              const Snapshot& snapshot);
// NotFound or Corrupt unless the next one is there with this hash.
base::Status adopt_next_snapshot(audit::FileSystem& files, const std::string& directory,
                                 const std::string& sha256);

}  // namespace postern::ledger
