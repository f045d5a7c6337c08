// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a process says about itself, on standard error, for the person who runs it. It is not the audit log:
// no decision is recorded here and nothing reads it back. Text that came from a peer goes through printable()
// first.
#pragma once

#include <string_view>

namespace postern::base {

enum class Level { Debug, Info, Warning, Error };

void set_log_name(std::string_view role);  // stands before each line: "terminator.0"
void set_log_level(Level lowest);
void log(Level level, std::string_view message);

inline void log_info(std::string_view message) { log(Level::Info, message); }
inline void log_warning(std::string_view message) { log(Level::Warning, message); }
inline void log_error(std::string_view message) { log(Level::Error, message); }

}  // namespace postern::base
