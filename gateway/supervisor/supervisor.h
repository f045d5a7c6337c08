// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The parent of all roles: reads the configuration, binds, gives up root, starts the roles and starts them
// again, opens connections for the enforcers and the link, and reloads. It parses nothing that comes from the network;
// what its own roles say is bounded and checked, for one of them may be in strange hands.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "gateway/loop/loop.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/hand_over_taker.h"
#include "gateway/supervisor/material.h"
#include "gateway/supervisor/sockets.h"

namespace postern::supervisor {

struct Plan {
  std::string config_path;      // absolute
  std::string roles_directory;  // where the roles' programs are
  int cores = 1;                // what "workers: auto" stands for
  base::Json runner;            // of updates: runner.h
  base::Json wall;              // how our own wall stands: fields of sandbox.attested
  std::string program;          // that we run (hand_over_protocol.h)
};

// notify: of the service manager, handed on with the sockets; may be invalid. taker: of a gateway in whose place we are to go on;
// then start() prepares only, and goes on once the log is ours.
struct Inherited {
  base::UniqueFd notify = {};
  std::unique_ptr<HandOverTaker> taker = nullptr;
};

class Supervisor {
 public:
  struct News {
    std::function<void()> on_ready;    // every role has been ready, once
    std::function<void()> on_stopped;  // no role is left
    // Another supervisor has our place, and no role is left. successor: its process, once it serves; else 0.
    std::function<void(pid_t successor)> on_handed_over = {};
    // We could not take over: no role is left, and the other goes on.
    std::function<void()> on_given_up = {};
  };

  Supervisor(loop::Loop& loop, Plan plan, LoadedConfig loaded, Sockets sockets, News news,
             Inherited inherited = {});
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void start();
  // The first call drains, as timeouts.drain allows; a second one ends it at once.
  void stop();

  // Reads configuration and policy again, and puts them into effect only if neither has a fault:
  //   {"config": {"ok", "faults": [{file, line, column, message}], "changed": [..]},
  //    "policy": {"ok", "hash", "faults": [..], "newly_allowed": [..], "no_longer_allowed": [..]}}
  // actor, from: for the events ("admin:root", "uid 0"). done is called when the ledger has answered.
  void reload(const std::string& actor, const std::string& from, std::function<void(const base::Json&)> done);

  // {"version", "started", "config", "roles": [..], "listeners": [..], "limits": {..}, "component": {..}}
  base::Json status() const;

 private:
  struct Internals;
  std::unique_ptr<Internals> internals_;
};

// The whole life of `postern serve`: faults are on standard error. Returns the exit status.
enum class Begin {
  Anew,
  TakeOver,       // from the gateway that runs with the same state directory (docs/HAND_OVER.md)
  TakeOverIfNew,  // unless that one runs this very program
};
int supervise(const std::string& config_path, Begin begin = Begin::Anew);

}  // namespace postern::supervisor
