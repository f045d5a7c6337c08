// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "audit/files.h"

namespace postern::audit {

// A disk that stops taking anything after so many operations: as if the process had been killed there.
class Dying final : public FileSystem {
 public:
  explicit Dying(FileSystem& real) : real_(real) {}
  std::uint64_t left = UINT64_MAX;
  std::uint64_t used = 0;

  base::Result<std::shared_ptr<File>> create(const std::string& path) override {
    if (!spend()) return gone();
    return wrap(real_.create(path));
  }
  base::Result<std::shared_ptr<File>> create_private(const std::string& path) override {
    if (!spend()) return gone();
    return wrap(real_.create_private(path));
  }
  base::Result<std::shared_ptr<File>> open(const std::string& path, bool writable) override {
    return wrap(real_.open(path, writable));
  }
  base::Result<std::shared_ptr<File>> open_directory(const std::string& path, bool exclusive) override {
    return wrap(real_.open_directory(path, exclusive));
  }
  base::Result<std::vector<std::string>> list(const std::string& directory) override {
    return real_.list(directory);
  }
  base::Status make_directory(const std::string& path) override { return real_.make_directory(path); }
  base::Status remove(const std::string& path) override {
    if (!spend()) return gone();
    return real_.remove(path);
  }
  base::Status rename(const std::string& from, const std::string& to) override {
    if (!spend()) return gone();
    return real_.rename(from, to);
  }
  base::Status sync_all(const std::string& directory) override {
    if (!spend()) return gone();
    return real_.sync_all(directory);
  }
  base::Result<std::uint64_t> free_bytes(const std::string& directory) override {
    return real_.free_bytes(directory);
  }

 private:
  class Wrapped final : public File {
   public:
    Wrapped(Dying& files, std::shared_ptr<File> real) : files_(files), real_(std::move(real)) {}
    base::Result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) override {
      if (!files_.spend()) {  // half of it came through
        (void)real_->write_at(offset, bytes.substr(0, bytes.size() / 2));
        return files_.gone();
      }
      return real_->write_at(offset, bytes);
    }
    base::Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) override {
      return real_->read_at(offset, out, size);
    }
    base::Result<std::uint64_t> size() override { return real_->size(); }
    base::Status sync() override {
      if (!files_.spend()) return files_.gone();
      return real_->sync();
    }

   private:
    Dying& files_;
    std::shared_ptr<File> real_;
  };
  base::Result<std::shared_ptr<File>> wrap(base::Result<std::shared_ptr<File>> real) {
    if (!real.ok()) return real;
    return std::shared_ptr<File>(std::make_shared<Wrapped>(*this, *std::move(real)));
  }
  bool spend() {
    ++used;
    return left > 0 && left-- > 0;
  }
  static base::Error gone() { return base::fail(base::Code::Internal, "the process was killed here"); }

  FileSystem& real_;
};

}  // namespace postern::audit
