// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// update of a service in postern.yaml: how one of its nodes is updated and rolled back. And update of all of it: how the gateway
// itself is, as one node that nothing is drained from. docs/ROLLING_UPDATES.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/yaml.h"

namespace postern::supervisor {

inline constexpr std::size_t kUpdateStepLimit = 16;  // of one list
inline constexpr std::size_t kUpdateArgumentLimit = 64;

struct UpdateStep {
  std::vector<std::string> argv;  // of an executable; empty: it is a call
  std::string method = "POST", path, body, type = "application/json", role = "admin";
  int status_from = 200, status_to = 299;
  base::Micros limit = 0;
  base::Mark mark;
  bool is_call() const { return argv.empty(); }
  std::string says() const;  // for people
};

struct Update {
  std::string run_as;  // empty: executables run as the gateway does
  int min_up = -1;     // below 0: all other nodes
  base::Micros pause = 0;
  base::Micros drain_limit = 30 * base::kWallSecond, drain_least = 0;
  std::optional<UpdateStep> leave, join;  // drain.call, drain.undo
  std::vector<UpdateStep> steps, roll_back;
  base::Micros wait_limit = 120 * base::kWallSecond, settle = 0;
  bool own = false;  // of the gateway itself
  base::Mark mark, run_as_mark;
  bool runs() const;  // any executable
};

// One thing after the other on a node, with what Postern does itself.
struct UpdateAction {
  enum class Kind : std::uint8_t { Call, Run, Drain, Wait } kind = Kind::Run;
  const UpdateStep* step = nullptr;  // of Update, which outlives it; nullptr: Postern's own
  base::Micros limit = 0;
  bool tolerated = false;
};
std::vector<UpdateAction> actions_of(const Update& update, bool back);

// All of a configuration, which outlives it; that of the gateway itself under the name ipc::kOwnService, and without a service.
struct Config;
struct Service;
struct NamedUpdate {
  std::string name;
  const Update* update = nullptr;
  const Service* service = nullptr;
};
std::vector<NamedUpdate> updates_of(const Config& config);

}  // namespace postern::supervisor
