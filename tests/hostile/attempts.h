// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What hostile code would try inside a role. Each attempt really does it, as far as that harms nothing where it
// succeeds: what would harm the machine (reboot, load a module) is called with arguments that the kernel
// refuses for another reason, and getting that far counts as success.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

namespace postern::hostile {

// What there is to be had. Made by the test, which looks afterwards whether it is as it was.
struct Scene {
  std::string secrets;   // a folder with support.key
  std::string state;     // a folder with log/segment
  std::string control;   // a Unix socket that listens
  std::string abstract;  // the same, abstract: its name without the zero
  int port = 0;          // TCP on 127.0.0.1 that listens
  int listener = -1;     // a listening socket of our own, where the role has one
  pid_t victim = 0;      // a process of the same account
  pid_t supervisor = 0;
};

// Who may do it by right: a ledger may write the log.
enum By : unsigned { Nobody = 0, Ledger = 1, Readers = 3 };  // Readers: ledger and console

struct Attempt {
  const char* what;
  By allowed;
  int (*run)(const Scene& scene);  // 0, or the errno
};

std::span<const Attempt> attempts();

// Whether an outcome is a wall's answer. Everything else is success, even if it came to nothing.
bool is_refusal(int outcome);

}  // namespace postern::hostile
