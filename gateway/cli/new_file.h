// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A file that was not there before: keys and documents are never written over others.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/note.h"

namespace postern::cli {

// On the disk when it returns, or not there at all. Exists, with a sentence that names path, if anything is there.
base::Status write_new_file(const std::string& path, std::string_view text, mode_t mode);

// A new Ed25519 key in such a file, readable by its owner alone. name: of the key; empty: family and eight random bytes in
// hex. Invalid: the name cannot be one, in a sentence about --name; otherwise as write_new_file. After init_crypto().
base::Result<certs::SignerKey> make_key_file(const std::string& name, std::string_view family,
                                             const std::string& path);

}  // namespace postern::cli
