// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Whole small files: read with a bound, written so that a reader sees the old or the new one and never half
// of either.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::base {

// A regular file of at most limit bytes; the error names the path.
Result<std::string> read_file(const std::string& path, std::size_t limit);

// The same of a file that somebody else opened, from its beginning, whatever was read of it before. It leaves
// no second copy of the content in memory.
Result<std::string> read_open_file(int fd, const std::string& path, std::size_t limit);

// fstat(2) by the system call of that name. The C library's own asks for a path relative to the descriptor
// (newfstatat), and a confined role that has no business with paths may not.
int stat_open_file(int fd, struct stat& info);

// Writes beside the path, syncs, renames, syncs the folder. The mode is exactly the one given.
Status write_file(const std::string& path, std::string_view content, mode_t mode);

}  // namespace postern::base
