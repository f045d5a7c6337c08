// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Derives the log's files (audit/tile.h) from the journal's durable events. Blocks; one thread at a time.
//
//   prepare()   writes tiles and bundles for a larger tree, and syncs them
//   (somebody signs its head)
//   publish()   puts the signed checkpoint in place
//
// A file is written beside and renamed, so that none is ever seen half. What a published checkpoint stands on is
// never written again. Behind it there may be files of an attempt that a crash or a failed sync ended: they are
// written anew, because nobody knows what of them is on the medium, provided that they hold what the journal says
// or what power leaves of it (sectors that are zeros, an end that is missing). Any other is Corrupt: somebody wrote
// into the log. After kill -9 at any point the next attempt makes the same files: they follow from the journal.
//
// What it keeps on the disk beside the tiles: the partial ones of every checkpoint since the tile began, as the
// specification demands, and removes them when a checkpoint over the full one is in place: at most 255 of them per
// level. Until then the last checkpoint stands on them alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "audit/files.h"
#include "audit/fresh_lines.h"
#include "audit/handovers.h"
#include "audit/journal_reader.h"
#include "audit/log_files.h"
#include "audit/merkle.h"
#include "base/result.h"

namespace postern::audit {

struct TreeHead {
  std::uint64_t size = 0;
  Hash root{};
};

// Holds the journal against the last checkpoint, while somebody reads it from its beginning. No signature is
// checked here: whoever can change both files needs the key to make a checkpoint that others believe.
class Agreement {
 public:
  // The log's folder is made if it is missing. Corrupt: the checkpoint is damaged, or the folder is not a log's.
  // first: the event with which the reading begins, a multiple of kTileWidth: of those before it, which retention removed,
  // the tiles are taken; finish() proves them with the rest.
  static base::Result<std::unique_ptr<Agreement>> open(FileSystem& files, const std::string& directory,
                                                       std::uint64_t first = 0);
  void take(std::string_view line);  // the next event of the journal
  // Corrupt, with the remedy, if the journal is shorter than the checkpoint says, or has other events. What was
  // published is given on: Tiler goes on from there.
  base::Result<Frontier> finish(const std::string& journal);

  // What the folder had; nothing if it had no checkpoint.
  const std::optional<SignedCheckpoint>& published() const { return published_; }

 private:
  explicit Agreement(std::string directory) : directory_(std::move(directory)) {}
  base::Status begin_at(FileSystem& files, std::uint64_t first);

  std::string directory_;
  std::optional<SignedCheckpoint> published_;
  TreeHasher hasher_;
  Frontier frontier_;        // up to the checkpoint
  std::uint64_t taken_ = 0;  // events of the journal
};

class Tiler {
 public:
  // published: the tree of the checkpoint in the folder; empty if there is none.
  Tiler(FileSystem& files, std::string directory, Frontier published)
      : files_(files),
        directory_(std::move(directory)),
        frontier_(std::move(published)),
        published_(frontier_.size()) {}

  // Goes on to at most upto events, kBatch at a time. fresh: where the newest of them may be had without reading the
  // journal back; nullptr: nowhere. journal is asked for only if it is needed. Errors: the disk's, the journal's, or
  // Corrupt; then nothing is published, and it can be tried again.
  using Journal = std::function<base::Result<JournalReader*>()>;
  base::Result<TreeHead> prepare(const Journal& journal, std::uint64_t upto, const FreshLines* fresh);
  base::Result<TreeHead> prepare(JournalReader& journal, std::uint64_t upto,
                                 const FreshLines* fresh = nullptr) {
    return prepare([&journal] { return base::Result<JournalReader*>(&journal); }, upto, fresh);
  }
  base::Status publish(std::string_view note);
  // The published checkpoint again, with more signatures.
  base::Status amend(std::string_view note);
  // Puts a signed handover in its place (audit/handovers.h), where it stays. Durable when it returns. Corrupt if another
  // one is there.
  base::Status put_handover(const certs::Handover& handover, std::string_view note);

  std::uint64_t prepared() const { return frontier_.size(); }

  static constexpr std::uint64_t kBatch = 1U << 18U;
  static constexpr std::size_t kSyncedApart = 32;  // files; for more, the file system is synced at once

 private:
  class Writing;
  base::Status derive(const Journal& journal, const FreshLines* fresh, std::uint64_t upto, Frontier& next,
                      Writing& writing);
  base::Status remove_partials(std::uint64_t published);
  base::Status remove_unfinished();
  base::Status remove_wider(const TileName& tile, std::uint64_t width);

  FileSystem& files_;
  std::string directory_;
  Frontier frontier_;
  std::uint64_t published_ = 0;  // events under the checkpoint in the folder
  bool unfinished_ = true;       // files may be there of an attempt that did not come to its end
};

// Puts these bytes in place of the file, so that none is ever seen half. Durable when it returns. One at a time per
// folder, or per name under which it is written first, in that folder.
base::Status replace_file(FileSystem& files, const std::string& directory, const std::string& name,
                          std::string_view bytes, std::string_view written_as = {});

}  // namespace postern::audit
