// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Runs the executables that the configuration names as steps of updates: those and no others, one at a time, each in a process group
// of its own, with an environment of a few fixed variables and the artefact as standard input. What it may be told is which step and
// for which node (ipc/runner_protocol.h).
//
// A process of its own, because nobody else in a gateway may run a program: started before the supervisor builds its wall, which its
// children could not leave. It has one socket, to the ledger; no listener, no key, no log. It does not end while that socket lives;
// with it ends whatever it runs.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/ipc/runner_protocol.h"

namespace postern::runner {

class Runner {
 public:
  Runner(base::UniqueFd socket, ipc::RunnerSetup setup);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void serve();  // until the socket ends

  static constexpr base::Nanos kTermGrace = 2 * base::kSecond;  // between SIGTERM and SIGKILL

 private:
  struct Child;
  bool take();
  void take_order(const ipc::RunnerOrder& order, base::UniqueFd file);
  void run(const ipc::RunnerOrder& order, base::UniqueFd file);
  void check(const ipc::RunnerOrder& order);
  static void log_to(const base::UniqueFd& file);
  void read_output();
  void look_at_child();
  void say(const base::Json& json);
  void refuse(const std::string& id, const std::string& why);
  int wait_for() const;  // milliseconds until something is due; -1: nothing is

  base::UniqueFd socket_;
  ipc::RunnerSetup setup_;
  std::unique_ptr<Child> child_;
  base::Json last_;  // what came of the last run
};

// What it finds in its environment, "NAME=VALUE".
std::vector<std::string> environment_of(const ipc::RunnerOrder& order);

}  // namespace postern::runner
