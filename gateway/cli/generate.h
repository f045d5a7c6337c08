// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Man pages (man-pages(7)) and shell completion from the same definitions as --help, so that they cannot
// disagree with it.
#pragma once

#include <map>
#include <string>

#include "gateway/cli/program.h"

namespace postern::cli {

// File name ("postern-session-list.1") -> roff, for the program and each of its commands.
std::map<std::string, std::string> man_pages(const CLI::App& app);

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace postern::cli
