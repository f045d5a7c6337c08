// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/progress_file.h"

#include <utility>

#include "audit/tiler.h"
#include "base/log.h"

namespace postern::ledger {

ProgressFile::ProgressFile(loop::Loop& loop, audit::FileSystem& files, std::string directory,
                           std::string name)
    : loop_(loop), files_(files), directory_(std::move(directory)), name_(std::move(name)) {}

ProgressFile::~ProgressFile() { *alive_ = false; }

void ProgressFile::save(const std::function<std::string()>& text) {
  if (!changed_ || saving_) return;
  changed_ = false;
  saving_ = true;
  const auto status = std::make_shared<base::Status>(base::Ok{});
  loop_.run_elsewhere(
      [status, &files = files_, directory = directory_, name = name_, content = text()] {
        *status = audit::replace_file(files, directory, name, content, name + ".new");
      },
      [this, status, version = version_, alive = alive_] {
        if (!*alive) return;
        saving_ = false;
        if (status->ok()) {
          saved_ = version;
          failing_ = false;
          return;
        }
        changed_ = true;
        if (!std::exchange(failing_, true))
          base::log_warning(name_ + " cannot be written: " + status->error().message);
      });
}

}  // namespace postern::ledger
