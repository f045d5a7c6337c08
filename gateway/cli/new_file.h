// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A file that was not there before: keys and documents are never written over others.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::cli {

// On the disk when it returns, or not there at all. Exists, with a sentence that names path, if anything is there.
base::Status write_new_file(const std::string& path, std::string_view text, mode_t mode);

}  // namespace postern::cli
