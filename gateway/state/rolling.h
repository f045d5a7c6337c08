// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where an update of the component is: the fold of the events update.*, of which at most one is under way. Part of State, so that
// the ledger knows after a restart what was being done to which node, and enforcers which nodes get nothing new.
//
// What is folded, and from which fields of detail; the subject is the update's id, and an event about another one than that of the
// last update.started changes nothing:
//
//   update.started           service, version, before*, nodes, artefact*, sha256*, client*
//   update.node_draining     node                     nothing new is sent there from now on
//   update.step_begun        node, step               its outcome is not known until update.step_run
//   update.step_run          node, step; outcome done or tolerated: the next one is due
//   update.node_drained      node, step               as a step that was done
//   update.node_healthy      node, step               likewise
//   update.node_updated      node                     also update.node_rolled_back: it gets exchanges again
//   update.node_failed       node, why
//   update.stop_asked        -
//   update.rolling_back      why
//   update.done, update.rolled_back, update.stopped      why*
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace postern::state {

enum class RollingPhase : std::uint8_t { Forward, Back, Done, RolledBack, Stopped };
std::string_view to_text(
    RollingPhase phase);  // "under_way", "rolling_back", "done", "rolled_back", "stopped"

enum class NodePhase : std::uint8_t { Waiting, Working, Updated, Failed, RollingBack, RolledBack };
std::string_view to_text(
    NodePhase phase);  // "waiting", "working", "updated", "failed", "rolling_back", "rolled_back"

struct RollingNode {
  std::string node;  // as the configuration writes it
  NodePhase phase = NodePhase::Waiting;
  std::int64_t steps = 0;  // of the direction that it goes, done so far
  bool under_way = false;  // the next one was begun
  std::int64_t begun = 0;  // how often that was
  bool out = false;        // of the rotation
  std::string why;         // it failed
  base::Micros since = 0;  // when anything of it changed last
  bool operator==(const RollingNode&) const = default;
};

struct Rolling {
  std::string id, service, version, before, artefact, sha256, by;
  RollingPhase phase = RollingPhase::Forward;
  bool stop_asked = false;
  std::string why;
  base::Micros started = 0, ended = 0, since = 0;
  std::vector<RollingNode> nodes;
  bool operator==(const Rolling&) const = default;

  bool under_way() const { return phase == RollingPhase::Forward || phase == RollingPhase::Back; }
  bool is_out(std::string_view of_service, std::string_view node) const;
  const RollingNode* find(std::string_view node) const;
};

bool concerns_rolling(std::string_view event_type);
// update.started makes a new one of it.
void fold_rolling(std::optional<Rolling>& rolling, std::string_view type, std::string_view subject,
                  const base::Json& detail, base::Micros at, const std::string& by);

base::Json to_json(const Rolling& rolling);
// Nothing: it is not of that form.
std::optional<Rolling> rolling_from_json(const base::Json& json);
// For the API: progress, as console/openapi.json describes it.
base::Json view(const Rolling& rolling);

}  // namespace postern::state
