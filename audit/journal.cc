// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The running journal. What happens at start is in recovery.cc.
#include "audit/journal.h"

#include <algorithm>
#include <utility>

#include "audit/event.h"
#include "audit/record.h"
#include "audit/recovery.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

// Whatever the disk said, the answer to it is the same: keep the records, close the door, try again.
base::Error cannot_write(const base::Error& cause) {
  return fail(Code::Unavailable, "the log cannot be written: " + cause.message);
}

// Writes all of bytes, or says how many were.
Status write_fully(File& file, std::uint64_t offset, std::string_view bytes, std::size_t& written) {
  written = 0;
  while (written < bytes.size()) {
    const auto n = file.write_at(offset + written, bytes.substr(written));
    if (!n.ok()) return n.error();
    if (*n == 0) return fail(Code::Unavailable, "the disk takes no bytes");
    written += *n;
  }
  return Ok{};
}

}  // namespace

Status SyncTask::run() const {
  for (const auto& file : files) {
    if (const Status status = file->sync(); !status.ok()) return status;
  }
  return Ok{};
}

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& files, const std::string& directory,
                                               JournalOptions options) {
  std::unique_ptr<Journal> journal(new Journal(files, directory, options));
  if (const Status status = journal->recover(); !status.ok()) return status.error();
  return journal;
}

Status Journal::recover() {
  auto directory = take_directory(files_, directory_);
  if (!directory.ok()) return directory.error();
  directory_file_ = *std::move(directory);
  auto found = recover_segments(files_, directory_, options_.may_begin_at);
  if (!found.ok()) return found.error();
  // What the last process wrote but did not sync stands in the page cache; nobody may build on it before it
  // is durable.
  for (const auto& file : found->to_sync) {
    if (const Status status = file->sync(); !status.ok()) return status;
  }
  if (const Status status = directory_file_->sync(); !status.ok()) return status;
  size_ = written_ = durable_ = found->size;
  segment_ = found->last;
  segment_end_ = found->last_end;
  segment_first_ = found->last_first;
  segment_path_ = found->last_path;
  next_sequence_ = found->next_sequence;
  torn_tail_ = std::move(found->torn_tail);
  return Ok{};
}

Result<std::uint64_t> Journal::append(std::string_view line) {
  if (line.empty() || line.size() > kEventLimit) {
    return fail(Code::Limit, "an event of " + std::to_string(line.size()) + " bytes: the log takes 1 to " +
                                 std::to_string(kEventLimit));
  }
  const std::size_t bytes = kRecordHeaderSize + line.size();
  if (memory() + bytes > options_.memory_limit) {
    return fail(Code::Limit, "the log holds " + std::to_string(size_ - durable_) +
                                 " events in memory that the disk has not taken yet");
  }
  append_record(held_, {size_, static_cast<std::uint32_t>(size_ - durable_), line});
  held_sizes_.push_back(static_cast<std::uint32_t>(bytes));
  return size_++;
}

Status Journal::write() {
  if (written_ == size_) return Ok{};
  if (segment_ == nullptr || segment_end_ >= options_.segment_bytes || wants_segment_) {
    if (const Status status = start_segment(); !status.ok()) return cannot_write(status.error());
  }
  if (const Status status = write_held(); !status.ok()) return cannot_write(status.error());
  return Ok{};
}

Status Journal::start_segment() {
  const std::string path = directory_ + "/" + segment_name(next_sequence_, written_);
  const std::string header =
      encode_segment_header({next_sequence_, written_, static_cast<std::uint32_t>(written_ - durable_)});
  auto file = files_.create(path);
  if (!file.ok()) return file.error();
  ++next_sequence_;
  std::size_t bytes = 0;
  if (const Status status = write_fully(**file, 0, header, bytes); !status.ok()) {
    (void)files_.remove(path);  // the header alone means nothing: no record is in it
    return status;
  }
  // A disk that fails every sync would otherwise collect segments that this one supersedes altogether.
  if (!segment_path_.empty() && segment_first_ >= written_) (void)files_.remove(segment_path_);
  segment_ = *std::move(file);
  segment_path_ = path;
  segment_first_ = written_;
  segment_end_ = header.size();
  wants_segment_ = false;
  unsynced_.push_back(directory_file_);
  unsynced_.push_back(segment_);
  return Ok{};
}

// A record that was written in part does not count; the next call writes it again, over the same bytes.
Status Journal::write_held() {
  std::size_t bytes = 0;
  if (std::find(unsynced_.begin(), unsynced_.end(), segment_) == unsynced_.end())
    unsynced_.push_back(segment_);
  const Status status =
      write_fully(*segment_, segment_end_, std::string_view(held_).substr(held_written_), bytes);
  count_written(bytes);
  return status;
}

void Journal::count_written(std::size_t bytes) {
  while (written_ < size_ && held_sizes_[written_ - durable_] <= bytes) {
    const std::uint32_t record = held_sizes_[written_ - durable_];
    bytes -= record;
    held_written_ += record;
    segment_end_ += record;
    ++written_;
  }
}

std::optional<SyncTask> Journal::begin_sync() {
  if (syncing_ || written_ == durable_) return std::nullopt;
  syncing_ = true;
  return SyncTask{std::exchange(unsynced_, {}), written_};
}

void Journal::synced(const SyncTask& task, const Status& status) {
  POSTERN_CHECK(syncing_);
  syncing_ = false;
  if (status.ok()) return forget_durable(task.upto);
  segment_ = nullptr;
  unsynced_.clear();
  written_ = durable_;
  held_written_ = held_begin_;
}

void Journal::forget_durable(std::uint64_t upto) {
  POSTERN_CHECK(durable_ <= upto && upto <= written_);
  for (; durable_ < upto; ++durable_) {
    held_begin_ += held_sizes_.front();
    held_sizes_.pop_front();
  }
  if (held_begin_ * 2 < held_.size()) return;  // moving at most what is given up keeps this linear
  held_.erase(0, held_begin_);
  held_written_ -= held_begin_;
  held_begin_ = 0;
}

Status Journal::write_and_sync() {
  if (Status status = write(); !status.ok()) return status;
  const auto task = begin_sync();
  if (!task) return Ok{};
  const Status status = task->run();
  synced(*task, status);
  if (!status.ok()) return cannot_write(status.error());
  return Ok{};
}

}  // namespace postern::audit
