// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/snapshot.h"

#include "audit/log_files.h"
#include "base/crypto.h"
#include "base/json.h"

namespace postern::ledger {
namespace {

using base::Code;
using base::fail;
using base::Json;
using base::Result;
using base::Status;

constexpr int kSnapshotDepth = 16;

std::string snapshot_path(const std::string& directory) { return directory + "/snapshot.json"; }
std::string next_snapshot_path(const std::string& directory) { return directory + "/snapshot.json.new"; }

}  // namespace

std::string format_snapshot(const Snapshot& snapshot) {
  return base::dump_json(Json{{"v", 1},
                              {"first", snapshot.first},
                              {"state", snapshot.state.to_json()},
                              {"key_ordered", snapshot.key_ordered}}) +
         "\n";
}

Result<Snapshot> parse_snapshot(std::string_view text) {
  const base::Error wrong = fail(Code::Invalid, "this is not a snapshot of the state");
  const auto json = base::parse_json(text, kSnapshotDepth);
  if (!json.ok() || !json->is_object() || base::json_number_or(*json, "v", 0) != 1) return wrong;
  const std::int64_t first = base::json_number_or(*json, "first", 0);
  const auto state = json->find("state");
  if (first <= 0 || static_cast<std::uint64_t>(first) % audit::kTileWidth != 0 || state == json->end())
    return wrong;
  auto folded = state::State::from_json(*state);
  if (!folded.ok()) return wrong;
  return Snapshot{static_cast<std::uint64_t>(first), *std::move(folded),
                  base::json_text_or(*json, "key_ordered", "")};
}

Result<std::optional<SnapshotFile>> read_snapshot(audit::FileSystem& files, const std::string& directory) {
  const std::string path = snapshot_path(directory);
  const auto text = audit::read_whole(files, path, kSnapshotLimit);
  if (!text.ok() && text.error().code == Code::NotFound) return std::optional<SnapshotFile>();
  if (!text.ok()) return text.error();
  auto snapshot = parse_snapshot(*text);
  if (!snapshot.ok())
    return fail(Code::Corrupt,
                path + " is damaged, and the events that it stands for are removed: restore it from a copy");
  return std::optional(SnapshotFile{*std::move(snapshot), base::sha256_hex(*text)});
}

Result<std::string> write_next_snapshot(audit::FileSystem& files, const std::string& directory,
                                        const Snapshot& snapshot) {
  const std::string text = format_snapshot(snapshot);
  if (text.size() > kSnapshotLimit) return fail(Code::Limit, "the state is too large for a snapshot");
  const std::string path = next_snapshot_path(directory);
  if (const Status removed = files.remove(path); !removed.ok() && removed.error().code != Code::NotFound)
    return removed.error();
  auto file = files.create(path);
  if (!file.ok()) return file.error();
  if (const Status written = audit::write_whole(**file, text); !written.ok()) return written.error();
  Status synced = (*file)->sync();
  if (synced.ok()) synced = audit::sync_directory(files, directory);
  if (!synced.ok()) return synced.error();
  return base::sha256_hex(text);
}

Status adopt_next_snapshot(audit::FileSystem& files, const std::string& directory,
                           const std::string& sha256) {
  const std::string next = next_snapshot_path(directory);
  const auto text = audit::read_whole(files, next, kSnapshotLimit);
  if (!text.ok()) return text.error();
  if (base::sha256_hex(*text) != sha256)
    return fail(Code::Corrupt, next + " is not the one that its event names");
  if (Status named = files.rename(next, snapshot_path(directory)); !named.ok()) return named;
  return audit::sync_directory(files, directory);
}

}  // namespace postern::ledger
