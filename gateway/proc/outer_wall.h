// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The wall around the whole gateway, which the supervisor builds around itself before it starts the first role: they
// all stand inside, each within walls of its own (confine.h). Landlock alone, and never taken down:
//
//   runs     the roles' programs, and the loader that they name; no shell, no other program, whoever asks
//   changes  the state directory, and the folders in which keys of ordered certificates are made; writes, and
//            removes nothing, in what a token's module works in; removes the control socket
//   binds    no TCP port: the listeners are bound already
//   reaches  no abstract socket, and no process outside with a signal
//
// Reading and connecting stay open, because the configuration may name other files and nodes at any reload.
//
// Why no system call filter here: a role inherits it, and where two filters refuse, the one with an error number wins
// over the one with a listener (seccomp.h): nobody would be told what a role tried, and it would not be killed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/proc/confine.h"
#include "gateway/proc/self_test.h"

namespace postern::proc {

struct Grounds {
  std::string roles_directory;  // absolute, all of them there already
  std::string state_directory;
  std::string control_directory;                   // of the control socket
  std::vector<std::string> keys_directories = {};  // where keys are made
  std::vector<std::string> token_paths = {};  // what a module for keys in a token works in (gateway/token)
};

// Of the calling thread, which must be the only one; needs no_new_privs. missing: what this kernel's Landlock cannot
// refuse. filtered and listener stay empty.
base::Result<Walls> build_outer_wall(const Grounds& grounds);

// Tries what must be refused now.
Proof prove_outer_wall();

}  // namespace postern::proc
