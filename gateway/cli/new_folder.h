// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Files that are made together or not at all, and never over others.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/proc/privileges.h"

namespace postern::cli {

// Remembers what it made, and removes exactly that (newest first) unless keep() was called.
class NewFolder {
 public:
  // owner: who the files shall belong to; nobody: to whoever runs this. Folders are given to them by keep() alone, the innermost
  // first: until all is made, whoever is that account can put nothing in the way of root's, who makes it.
  explicit NewFolder(std::optional<proc::Account> owner) : owner_(std::move(owner)) {}
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  // A folder that is there already is taken as it is, and not removed.
  base::Status make_folder(const std::string& path, mode_t mode);
  // Exists if anything is there.
  base::Status write(const std::string& path, std::string_view content, mode_t mode);
  base::Status keep();

 private:
  base::Status give(const std::string& path) const;

  std::optional<proc::Account> owner_;
  struct Made {
    std::string path;
    bool folder = false;
  };
  std::vector<Made> made_;
};

// Whose they shall be: root makes them for an account that does the work ("postern", unless another is wanted), anybody else
// for themselves. user: its name; empty: nobody else.
base::Result<std::optional<proc::Account>> choose_owner(const std::string& wanted, std::string& user);

}  // namespace postern::cli
