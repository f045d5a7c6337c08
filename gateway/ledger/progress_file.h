// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A small file in the state directory that says how far somebody is. Written on the pool, one writing at a time; what changes
// meanwhile is written next, and so is what a failing disk did not take.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "audit/files.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

class ProgressFile {
 public:
  // name: within directory. files outlives the last task on the pool.
  ProgressFile(loop::Loop& loop, audit::FileSystem& files, std::string directory, std::string name);
  ~ProgressFile();
  ProgressFile(const ProgressFile&) = delete;
  ProgressFile& operator=(const ProgressFile&) = delete;

  void changed() {
    changed_ = true;
    ++version_;
  }
  // What changed up to the version that is saved is on the medium.
  std::uint64_t version() const { return version_; }
  std::uint64_t saved() const { return saved_; }
  // Asks for the text if it changed and nothing is being written.
  void save(const std::function<std::string()>& text);

 private:
  loop::Loop& loop_;
  audit::FileSystem& files_;
  std::string directory_, name_;
  bool changed_ = false, saving_ = false, failing_ = false;
  std::uint64_t version_ = 0, saved_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::ledger
