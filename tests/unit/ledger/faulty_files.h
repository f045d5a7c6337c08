// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The machine's own files, with a disk that can be full, whose sync can fail, and whose sync can be held back
// to look at what happens before something is durable. The switches may be turned from another thread than
// the one that syncs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "audit/files.h"

namespace postern::ledger {

class FaultyFiles final : public audit::FileSystem {
 public:
  std::atomic<bool> full{false};
  std::atomic<bool> syncs_fail{false};
  std::atomic<std::uint64_t> room{std::uint64_t{1} << 40U};   // that it says it has left
  std::function<void(const std::string& directory)> listing;  // before a directory is listed

  ~FaultyFiles() override { hold_syncs(false); }
  // After so many operations that change something the disk takes nothing more: whoever is stopped then was killed there.
  void die_after(std::int64_t operations) { left_ = operations; }
  void revive() { left_ = kForever; }
  bool dead() const { return left_ < 0; }

  void hold_syncs(bool hold) {
    const std::lock_guard lock(mutex_);
    held_ = hold;
    released_.notify_all();
  }

  base::Result<std::shared_ptr<audit::File>> create(const std::string& path) override {
    if (!spend()) return gone();
    return wrap(real_.create(path));
  }
  base::Result<std::shared_ptr<audit::File>> create_private(const std::string& path) override {
    if (!spend()) return gone();
    return wrap(real_.create_private(path));
  }
  base::Result<std::shared_ptr<audit::File>> open(const std::string& path, bool writable) override {
    return wrap(real_.open(path, writable));
  }
  base::Result<std::shared_ptr<audit::File>> open_directory(const std::string& path,
                                                            bool exclusive) override {
    return wrap(real_.open_directory(path, exclusive));
  }
  base::Result<std::vector<std::string>> list(const std::string& directory) override {
    if (listing) listing(directory);
    return real_.list(directory);
  }
  base::Status make_directory(const std::string& path) override { return real_.make_directory(path); }
  base::Status remove(const std::string& path) override { return spend() ? real_.remove(path) : gone(); }
  base::Status rename(const std::string& from, const std::string& to) override {
    return spend() ? real_.rename(from, to) : gone();
  }
  base::Status sync_all(const std::string& directory) override {
    wait();
    if (!spend()) return gone();
    if (syncs_fail) return base::fail(base::Code::Internal, "input/output error");
    return real_.sync_all(directory);
  }
  base::Result<std::uint64_t> free_bytes(const std::string&) override { return room.load(); }

 private:
  class Wrapped final : public audit::File {
   public:
    Wrapped(FaultyFiles& files, std::shared_ptr<audit::File> real) : files_(files), real_(std::move(real)) {}
    base::Result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) override {
      if (!files_.spend()) return files_.gone();
      if (files_.full) return base::fail(base::Code::Unavailable, "no space left on device");
      return real_->write_at(offset, bytes);
    }
    base::Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) override {
      return real_->read_at(offset, out, size);
    }
    base::Result<std::uint64_t> size() override { return real_->size(); }
    base::Status sync() override {
      files_.wait();
      if (!files_.spend()) return files_.gone();
      if (files_.syncs_fail) return base::fail(base::Code::Internal, "input/output error");
      return real_->sync();
    }

   private:
    FaultyFiles& files_;
    std::shared_ptr<audit::File> real_;
  };

  base::Result<std::shared_ptr<audit::File>> wrap(base::Result<std::shared_ptr<audit::File>> real) {
    if (!real.ok()) return real;
    return std::shared_ptr<audit::File>(std::make_shared<Wrapped>(*this, std::move(*real)));
  }
  bool spend() { return left_ == kForever || --left_ >= 0; }
  static base::Error gone() { return base::fail(base::Code::Internal, "the process was killed here"); }
  void wait() {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [this] { return !held_; });
  }

  audit::FileSystem& real_ = audit::system_files();
  std::mutex mutex_;
  std::condition_variable released_;
  bool held_ = false;
  static constexpr std::int64_t kForever = INT64_MAX;
  std::atomic<std::int64_t> left_{kForever};
};

}  // namespace postern::ledger
