// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The journal: ordered leaves by index, append-only, in segment files of one directory. Three counts say how
// far each step has come, and durable() <= written() <= size():
//
//   append()     into memory                      size()
//   write()      into the page cache              written()   survives the end of this process
//   a SyncTask   onto the medium (group commit)   durable()   survives the end of power
//
// Everything but SyncTask::run is called from one thread. The loop of the ledger does:
//
//   append(line)...;  write();  if (auto task = begin_sync()) -> thread pool: task.run()
//   -> back on the loop: synced(task, status)
//
// A record stays in memory until it is durable, which is what makes both kinds of failure harmless:
//  - write() fails (disk full, I/O error): the rest stays; calling write() again later goes on where it
//    stopped.
//  - a sync fails: the kernel may have dropped the pages and will not say so twice, so nothing after durable()
//    is trusted: written() falls back to durable(), and the next write() writes those records again, into a
//    new segment.
// Format, rules of recovery and a worked example: docs/LOG.md; the bytes: audit/record.h.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/files.h"
#include "base/result.h"

namespace postern::audit {

struct JournalOptions {
  std::uint64_t segment_bytes = 64ULL << 20U;  // a new segment begins with the first write() past this
  std::size_t memory_limit = 16U << 20U;  // bytes of records that are not durable yet; append() fails beyond
  // Records before this one may be missing: retention removed them, as a snapshot of the state says.
  std::uint64_t may_begin_at = 0;
};

// What opening found at the end and stepped over: a write that power or a crash tore. None of it was ever
// durable.
struct TornTail {
  std::string file;
  std::uint64_t offset = 0;  // of the first byte that is not a whole record
  std::uint64_t bytes = 0;   // given up, in this file and in later ones
  std::uint64_t index = 0;   // the index that the next append takes
};

// Blocks until the records below upto are on the medium. Copyable; keeps the files open, so that it may
// outlive the journal.
struct SyncTask {
  std::vector<std::shared_ptr<File>> files;
  std::uint64_t upto = 0;
  base::Status run() const;
};

class Journal {
 public:
  // Makes the directory if it is missing, takes it exclusively, checks the segments that can hold records
  // that are not durable, and syncs them: after this durable() == size(). Blocks. Exists: another ledger has
  // it. Corrupt: a record that was durable is damaged or missing; the message names file, offset and remedy,
  // and nothing was changed. Unavailable or others: the disk.
  static base::Result<std::unique_ptr<Journal>> open(FileSystem& files, const std::string& directory,
                                                     JournalOptions options = {});
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // The index of the new leaf. Limit: kEventLimit or memory_limit is reached; nothing was kept.
  base::Result<std::uint64_t> append(std::string_view line);

  // Hands all that was appended to the kernel. Unavailable: not all of it, see written(); call again later.
  base::Status write();

  // Has the next write() begin a segment, so that the present one can be removed as a whole some day.
  void begin_segment() { wants_segment_ = segment_first_ < written_; }

  // What to sync now; nothing if all that is written is durable or a task is out already. Each task given out
  // must come back.
  std::optional<SyncTask> begin_sync();
  void synced(const SyncTask& task, const base::Status& status);

  // One after the other, for programs without a loop.
  base::Status write_and_sync();

  std::uint64_t size() const { return size_; }
  std::uint64_t written() const { return written_; }
  std::uint64_t durable() const { return durable_; }
  std::size_t memory() const { return held_.size() - held_begin_; }  // bytes held against memory_limit
  const std::optional<TornTail>& torn_tail() const { return torn_tail_; }

 private:
  Journal(FileSystem& files, std::string directory, JournalOptions options)
      : files_(files), directory_(std::move(directory)), options_(options) {}
  base::Status recover();
  base::Status start_segment();
  base::Status write_held();
  void count_written(std::size_t bytes);
  void forget_durable(std::uint64_t upto);

  FileSystem& files_;
  std::string directory_;
  JournalOptions options_;
  std::optional<TornTail> torn_tail_;

  std::shared_ptr<File> directory_file_;  // holds the lock; synced when a segment was made
  std::shared_ptr<File> segment_;         // empty: the next write() starts one
  std::uint64_t segment_end_ = 0;         // where the next record goes
  std::uint64_t segment_first_ = 0;
  std::string segment_path_;
  std::uint64_t next_sequence_ = 1;
  std::vector<std::shared_ptr<File>> unsynced_;  // written to since the last begin_sync
  bool syncing_ = false;
  bool wants_segment_ = false;

  std::uint64_t size_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t durable_ = 0;
  std::string held_;  // records durable_..size_, encoded, from held_begin_ on
  std::size_t held_begin_ = 0;
  std::size_t held_written_ = 0;          // offset in held_ of record written_
  std::deque<std::uint32_t> held_sizes_;  // of the encoded records in held_
};

}  // namespace postern::audit
