// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace postern::mission {

// The first line of a file that only its owner can read; without a file, typed at the terminal without being shown (twice,
// if it is new). of: whose it is, where it is asked for. Denied if neither can be had. The caller wipes it.
base::Result<std::string> read_passphrase(const std::string& file, bool is_new,
                                          const std::string& of = "the authority");

}  // namespace postern::mission
