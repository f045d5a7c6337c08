// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the journal and the log's files ask of a disk, so that tests can put a bad one in its place: short writes, a full disk, a
// failing sync, a power cut. Everything blocks; only File::sync may be called from another thread than the
// rest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::audit {

class File {
 public:
  virtual ~File() = default;
  // Writes at the offset; fewer bytes than given (but at least one) is not a failure.
  virtual base::Result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) = 0;
  // Reads up to size bytes; 0 at the end of the file.
  virtual base::Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) = 0;
  virtual base::Result<std::uint64_t> size() = 0;
  // Returns once all that was written is on the medium (fdatasync; for a directory fsync). Any thread.
  virtual base::Status sync() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual base::Result<std::shared_ptr<File>> create(
      const std::string& path) = 0;  // mode 0640; Exists if it is there
  // The same with mode 0600: for what only its owner may read.
  virtual base::Result<std::shared_ptr<File>> create_private(const std::string& path) = 0;
  virtual base::Result<std::shared_ptr<File>> open(const std::string& path, bool writable) = 0;
  // For sync(). Exclusive: Exists if another process (or object) holds the directory exclusively.
  virtual base::Result<std::shared_ptr<File>> open_directory(const std::string& path, bool exclusive) = 0;
  virtual base::Result<std::vector<std::string>> list(const std::string& directory) = 0;  // names, sorted
  virtual base::Status make_directory(const std::string& path) = 0;  // mode 0750; fine if it is there
  virtual base::Status remove(const std::string& path) = 0;          // a file, or a directory that is empty
  // The file at to is replaced, if there is one: who opens it finds the old or the new one.
  virtual base::Status rename(const std::string& from, const std::string& to) = 0;
  // All that was written and named on the file system that the directory is on is on the medium.
  virtual base::Status sync_all(const std::string& directory) = 0;
  // What may still be written on the file system that the directory is on.
  virtual base::Result<std::uint64_t> free_bytes(const std::string& directory) = 0;
};

// The names in a directory are on the medium when it returns. Any thread.
base::Status sync_directory(FileSystem& files, const std::string& path);

// The machine's own. Keeps nothing; lives as long as the process.
FileSystem& system_files();

}  // namespace postern::audit
