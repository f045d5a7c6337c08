// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Runs an update of a service of the component, node by node: takes a node out of the rotation, waits for what is under way on
// it, runs the configured steps, waits until it is healthy and (where it can be read) of the new version, puts it back, goes on
// with the next; or stops and rolls back. docs/ROLLING_UPDATES.md tells the story, state/rolling.h what is remembered of it.
//
// Where an update is stands in the log and nowhere else: each thing is recorded, and durable, before it is done, so that a ledger
// that comes anew knows what was under way. What a step led to it then asks the runner, who knows while the gateway lives; or it
// looks at the node. A step is not run a second time but in a roll-back, and then the event says so.
//
// Does no I/O: the ledger carries its tasks to enforcers (ipc::NodeTask) and its orders to the runner (proc/runner_protocol.h).
// One update at a time. Who brings an update (an admin's command, or what Mission Control announced and its window let start)
// calls begin(); nobody else has to know how it is run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/ledger/draft.h"
#include "gateway/ledger/rolling_plan.h"
#include "gateway/state/rolling.h"

namespace postern::ledger {

struct RollingOrder {
  std::string id;       // ULID; of a dry run too
  std::string service;  // as the configuration names it
  std::string version;  // [A-Za-z0-9][A-Za-z0-9._+-]{0,63}
  // A file beneath the state directory, and its SHA-256 in hexadecimal, which the runner verifies once more before each step; both
  // empty: none. It must stay until the update has ended, and for as long as it may be rolled back.
  std::string artefact, sha256;
  std::string actor = "gateway";  // "admin:root"; of what the window let start: "gateway"
  std::string from;               // address of who asked; may be empty
  bool dry = false;               // look, and say what would be done
};

// How it ended, told once; not of a dry run, and not of an update that was refused.
enum class RollingOutcome : std::uint8_t { Done, RolledBack, Stopped };

class Rolling {
 public:
  // What begin() leads to. refused: a sentence; nothing was touched. Otherwise plan: what is being done, or would be (for people,
  // as the API shows it: openapi.json, RollingPlan).
  struct Begun {
    std::optional<std::string> refused;
    base::Json plan;
  };
  using OnBegun = std::function<void(const Begun&)>;
  using OnEnded = std::function<void(const std::string& id, RollingOutcome outcome, const std::string& why)>;

  struct Calls {
    // Appends and folds it; how many events the log then has, so that it is durable once durable() is that many. Nothing: it
    // cannot be written.
    std::function<std::optional<std::uint64_t>(Draft draft)> record;
    std::function<std::uint64_t()> durable;
    std::function<const std::optional<state::Rolling>&()> state;
    // To one enforcer, or to each of them: the ids under which they answer. 0, or none: they are not there.
    std::function<std::uint64_t(const base::Json& task)> ask_enforcer;
    std::function<std::vector<std::uint64_t>(const base::Json& task)> ask_all_enforcers;
    // False: there is none. The artefact, where the order names one, is opened by whoever carries it.
    std::function<bool(const base::Json& order, const std::string& artefact)> ask_runner;
  };

  Rolling(const base::Clock& clock, Calls calls);

  void configure(std::vector<RollingPlan> plans);
  // Called once for every update that ends; also of one that a former ledger began.
  void on_ended(OnEnded ended) { ended_ = std::move(ended); }

  // Answers once all nodes were asked how they are, within kLookTimeout; at once where that can be. Refused: an update is under
  // way, no such service, no plan, a version of another form or that all nodes have, a node that is not healthy, no runner...
  void begin(const RollingOrder& order, OnBegun begun);
  // An admin's word. Refused with a sentence: nothing is under way, or it is rolling back already.
  std::optional<std::string> stop(const std::string& actor, const std::string& from);
  // Also of the last one, once it has ended, while no other has begun.
  std::optional<std::string> roll_back(const std::string& actor, const std::string& from);

  // Answers, and what time does: calls look() every tick.
  void enforcer_answered(std::uint64_t task, const base::Json& answer);
  void enforcer_gone(std::uint64_t task);
  void runner_answered(const base::Json& answer);
  void runner_gone();
  void look();

  bool under_way() const;
  // The update under way or the last one, as the API shows it; null: there never was one.
  base::Json progress() const;

  static constexpr base::Nanos kLookTimeout = 15 * base::kSecond;
  static constexpr base::Nanos kLookAgain = base::kSecond / 2;  // between two looks at a node

 private:
  enum class Want : std::uint8_t { Nothing, Look, Begin };
  // What one node said of itself when it was asked last.
  struct Seen {
    bool healthy = false;
    std::string why, version;
    std::uint64_t task = 0;  // under way; 0: it has answered
    bool known = false;
    base::Nanos asked = 0;
  };
  struct Beginning {
    RollingOrder order;
    OnBegun begun;
    base::Nanos deadline = 0;
    bool runner_asked = false;
    std::optional<std::string> runner_why;  // it has answered; empty: all that it is to run is there
  };
  // Of what is under way in this life of the ledger.
  struct Work {
    std::string of;  // node/direction/number
    std::uint64_t durable_at = 0;
    bool begun = false;                // its record is written, by us or by a former ledger
    bool sent = false;                 // it was handed over
    bool again = false;                // a former ledger had begun it
    std::uint64_t task = 0;            // of an enforcer
    std::vector<std::uint64_t> tasks;  // of all of them: a drain
    std::int64_t cut = 0;
    base::Nanos since = 0, deadline = 0;
    base::Nanos healthy_since = 0;
  };

  const RollingPlan* plan_of(const std::string& service) const;
  const state::Rolling* current() const;
  bool put(Draft draft);
  std::optional<std::string> refuse_order(const RollingOrder& order) const;
  std::optional<std::string> refuse_nodes(const RollingOrder& order, const RollingPlan& plan) const;
  void go_on_beginning();
  void finish_beginning(std::optional<std::string> why);
  base::Json plan_json(const RollingOrder& order, const RollingPlan& plan) const;

  void look_at(const RollingPlan& plan, const std::string& node);
  bool all_known(const RollingPlan& plan) const;
  void forget_looks() { seen_.clear(); }

  void advance(const state::Rolling& now, const RollingPlan& plan);
  void go_on_with(const state::Rolling& now, const RollingPlan& plan, const state::RollingNode& node);
  void enter(const state::Rolling& now, const RollingPlan& plan, const state::RollingNode& node);
  bool others_suffice(const RollingPlan& plan, const state::RollingNode& node, std::string& why);
  void do_step(const state::Rolling& now, const RollingPlan& plan, const state::RollingNode& node,
               const RollingStep& step);
  void do_drain(const state::Rolling& now, const RollingPlan& plan, const state::RollingNode& node);
  void do_wait(const state::Rolling& now, const RollingPlan& plan, const state::RollingNode& node);
  void send_step(const state::Rolling& now, const state::RollingNode& node, const RollingStep& step);
  void step_ended(const base::Json& answer);
  void unknown_outcome(const state::Rolling& now, const RollingPlan& plan, const state::RollingNode& node);
  void node_failed(const state::Rolling& now, const state::RollingNode& node, const std::string& why);
  void go_back(const state::Rolling& now, const std::string& why, const std::string& actor,
               const std::string& from);
  void end(const state::Rolling& now, RollingOutcome outcome, const std::string& why);

  const base::Clock& clock_;
  Calls calls_;
  OnEnded ended_;
  std::vector<RollingPlan> plans_;
  std::optional<Beginning> beginning_;
  std::map<std::string, Seen> seen_;  // by node, of the service that is being looked at
  Work work_;
  bool runner_ = true;
};

}  // namespace postern::ledger
