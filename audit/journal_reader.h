// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reads a journal by index, from the process that writes it or from another one (console, command line),
// while it is being written. Sees whole records only. Changes nothing and takes no lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/files.h"
#include "base/result.h"

namespace postern::audit {

class JournalReader {
 public:
  // NotFound if the directory does not exist; a directory without segments is an empty journal.
  static base::Result<std::unique_ptr<JournalReader>> open(FileSystem& files, const std::string& directory);
  ~JournalReader();
  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;

  // Looks for what was written since. Costs a read and a listing of the directory when there is nothing.
  base::Status refresh();

  // Records first() .. size()-1 can be read, as of the last refresh(). Falls back for a moment when the writer,
  // after a failed sync, writes records again that were not durable: the same ones, at the same indices.
  std::uint64_t size() const;
  // The oldest that is there: retention removes those before it, whole segments at a time.
  std::uint64_t first() const;

  // Up to count lines from index on, fewer at the end or when they reach about kReadBytes (at least one if
  // there is one). Reading on where the last call ended costs no seek. Corrupt names file and offset.
  // NotFound: before first().
  base::Result<std::vector<std::string>> read(std::uint64_t index, std::size_t count);
  // One line; NotFound beyond the end and before first().
  base::Result<std::string> read_one(std::uint64_t index);

  // Calls on_line with each of these indices, which rise, and its line, which lives no longer than the call. One that
  // cannot be found (it is being written again after a failed sync, or was removed) is left out.
  using OnLine = std::function<void(std::uint64_t index, std::string_view line)>;
  base::Status look_at(std::span<const std::uint64_t> indices, const OnLine& on_line);

  static constexpr std::size_t kReadBytes = 4U << 20U;

 private:
  struct State;
  explicit JournalReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::audit
