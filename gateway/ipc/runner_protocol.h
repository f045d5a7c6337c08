// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the ledger and the runner say to each other: JSON objects over a SEQPACKET socket, one a datagram. The first datagram is the
// supervisor's, before anybody else has the socket: what there is to run, and as whom.
//
//   supervisor -> runner   {"user":"" or the account to become,"updates":{SERVICE:{"update"|"roll-back":[{"step","argv":[..],"limit_us"}]}}}
//   runner -> supervisor   {"ready":true,"user"} or {"ready":false,"why"}, once
//
//   ledger -> runner       {"do":"run","id","service","list","step","node","version","before","artefact"*,"sha256"*}; with sha256 the file comes along
//                          {"do":"ask","id"}              what came of that run
//                          {"do":"check","id","service"}  could all of its executables be run?
//   runner -> ledger       {"do":"run","id","outcome":"exit"|"signal"|"timed_out"|"refused"|"running"|"unknown","status"*,"signal"*,"why"*,"bytes","tail"}
//                          {"do":"check","id","ok","why"*}
//
//   supervisor -> runner   {"do":"log"}, with where it writes from now on: it began before the supervisor that takes over had that
//
// Which step, and never what: no argument and no path of a program is said. One step runs at a time; the same id runs once in a
// runner's life, and is answered again with what came of it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::ipc {

// In the place of a service and of its node: the gateway itself.
inline constexpr std::string_view kOwnService = "postern", kOwnNode = "gateway";

inline constexpr std::size_t kRunnerFrame = 16U << 10U;        // bytes of a datagram
inline constexpr std::size_t kRunnerSetupFrame = 128U << 10U;  // of the first
inline constexpr int kRunnerDepth = 8;
inline constexpr std::size_t kRunnerTail = 2048;  // bytes of what a step printed that are told

struct RunnerStep {
  std::vector<std::string> argv;  // the first is an absolute path
  base::Micros limit = 0;
};
struct RunnerSetup {
  std::string user;  // empty: as we are
  // By service, "update" or "roll-back", and number.
  std::map<std::string, std::map<std::string, std::map<std::int64_t, RunnerStep>>> steps;
  const RunnerStep* find(const std::string& service, const std::string& list, std::int64_t step) const;
};
base::Result<RunnerSetup> parse_runner_setup(std::string_view text);

struct RunnerOrder {
  enum class Do { Run, Ask, Check, Log } what = Do::Ask;
  std::string id, service, list, node, version, before, artefact, sha256;
  std::int64_t step = 0;
};
// Invalid: an object of another form, or a text that could not stand in an environment.
base::Result<RunnerOrder> parse_runner_order(std::string_view text);

// Does not wait. file: goes along; below 0: none. Limit: the order is too long; Unavailable: it does not take one now; Closed: it is
// gone.
base::Status send_to_runner(int socket, const base::Json& order, int file = -1);

}  // namespace postern::ipc
