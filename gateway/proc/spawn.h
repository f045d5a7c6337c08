// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Starts one of our own programs and learns how it ended. A child gets nothing by accident: an empty
// environment, /dev/null as standard input, our standard error twice, one descriptor of our choice as 3, and
// no other; no blocked signal, no inherited disposition; a process group of its own, so that a Ctrl-C at the
// terminal reaches us alone and we decide the order of the end.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace postern::proc {

inline constexpr int kPassedFd = 3;

// name becomes argv[0], for ps. The descriptor stays the caller's.
base::Result<pid_t> spawn(const std::string& path, const std::string& name, int passed);

struct Ending {
  int status = 0;  // exit status, if signal is 0
  int signal = 0;
  std::string text() const;  // "status 1", "signal 9 (Killed)"
};

// Runs work in a copy of this process and returns what it says (at most so many bytes of it): what work
// reads never becomes part of our own memory. The caller waits, so work must be bounded. For a process whose
// other threads hold no lock that work needs.
inline constexpr std::size_t kSaidByCopy = 4096;
base::Result<std::string> ask_copy(const std::function<std::string()>& work, std::size_t most = kSaidByCopy);

// The same for work that reads what came from the network, and needs no descriptor: the copy has none but the end of a pipe
// on which it answers, opens and writes no file, and has so much processor time and so much memory more than it was born
// with. Whoever takes longer than kCopyTime is killed, so that the caller waits no longer either.
inline constexpr base::Micros kCopyTime = 10 * base::kWallSecond;
inline constexpr unsigned kCopySeconds = 5;
inline constexpr std::size_t kCopyMemory = 512U << 20U;
base::Result<std::string> ask_walled_copy(const std::function<std::string()>& work,
                                          std::size_t most = kSaidByCopy, base::Micros time = kCopyTime);

// Whether this child of ours has ended; never waits. Call it for each child after SIGCHLD.
std::optional<Ending> reap(pid_t pid);

}  // namespace postern::proc
