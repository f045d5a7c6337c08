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
// Does no I/O: the ledger carries its tasks to enforcers (ipc::NodeTask) and its orders to the runner (ipc/runner_protocol.h).
// One update at a time. Who brings an update (an admin's command, or what Mission Control announced and its window let start)
// calls begin(); nobody else has to know how it is run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/event.h"
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
  std::string actor = "gateway";      // "admin:root"; of what the window let start: "gateway"
  std::string from;                   // address of who asked; may be empty
  bool dry = false;                   // look, and say what would be done
  std::string target;                 // of the vendor's (update_calendar.h), which it is; empty: of nobody's
  std::vector<std::string> replaces;  // only nodes of these versions, where versions are read; empty: any
};

// How it ended, told each time that it does: an update that is rolled back later has ended twice. Not of a dry run, and not of one
// that was refused.
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
    // Of the gateway itself (ipc::kOwnService): {"healthy","why"*,"version"}, as enforcers tell it of a node.
    std::function<base::Json()> look_at_gateway = [] { return base::Json::object(); };
    // To one enforcer, or to each of them: the ids under which they answer. 0, or none: they are not there.
    std::function<std::uint64_t(const base::Json& task)> ask_enforcer;
    std::function<std::vector<std::uint64_t>(const base::Json& task)> ask_all_enforcers;
    // Empty: it was handed over; otherwise why not. artefact: a file to hand over with it; empty: none.
    std::function<std::string(const base::Json& order, const std::string& artefact)> ask_runner;
  };

  Rolling(const base::Clock& clock, Calls calls);

  void configure(std::vector<RollingPlan> plans);
  // Whether the configuration says how the service is updated.
  bool knows(const std::string& service) const { return plan_of(service) != nullptr; }
  // Also of an update that a former ledger began.
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

  static constexpr base::Nanos kLookTimeout = 8 * base::kSecond;  // less than the console waits
  static constexpr base::Nanos kLookAgain = base::kSecond / 2;    // between two looks at a node
  static constexpr base::Nanos kFresh = 5 * base::kSecond;        // an older answer says nothing of now
  static constexpr base::Nanos kGrace =
      10 * base::kSecond;  // beyond a step's limit, for whoever carries it to say so
  static constexpr base::Nanos kResolveFor = 60 * base::kSecond;  // for a node to show what came of a step
  static constexpr std::int64_t kMostTimes = 3;                   // that one step of a roll-back is begun

 private:
  // What a node said of itself when it was asked last.
  struct Seen {
    bool known = false, healthy = false;
    std::string why, version;
    std::uint64_t task = 0;         // under way; 0: it has answered
    base::Nanos asked = 0, at = 0;  // the question; the answer
  };
  struct Beginning {
    RollingOrder order;
    OnBegun begun;
    base::Nanos deadline = 0;
    std::optional<std::string> runner;  // what it said of the executables: empty is well
  };
  // Begun, and told so once that is durable.
  struct Later {
    std::uint64_t durable_at = 0;
    OnBegun begun;
    base::Json plan;
  };
  // The step under way, in this life of the ledger.
  struct Work {
    std::string of;  // update, node, direction, number, times: what the runner calls it
    std::uint64_t durable_at = 0;
    bool begun = false;      // its record is written
    bool sent = false;       // it was handed over
    bool resolving = false;  // nobody knows what came of it: the node decides
    std::string why;         // that is so
    std::uint64_t task = 0;  // of the enforcer that sends the call
    std::vector<std::uint64_t> drains;
    std::int64_t cut = 0;
    base::Nanos since = 0, healthy_since = 0;
  };
  // One look at what is under way: the state, the plan, the node and where it stands.
  struct Turn {
    const state::Rolling& now;
    const RollingPlan& plan;
    const state::RollingNode& node;
    const RollingStep* step = nullptr;
    bool back() const { return now.phase == state::RollingPhase::Back; }
    const std::vector<RollingStep>& steps() const { return back() ? plan.back : plan.forward; }
    std::int64_t number() const { return node.steps + 1; }
  };

  const RollingPlan* plan_of(const std::string& service) const;
  const state::Rolling* current() const;
  bool put(audit::EventType type, const state::Rolling& of, std::string detail,
           const std::string& actor = "gateway");

  // rolling_begin.cc
  std::optional<std::string> refuse_order(const RollingOrder& order) const;
  std::optional<std::string> refuse_nodes(const RollingOrder& order, const RollingPlan& plan) const;
  std::vector<std::string> nodes_to_update(const RollingOrder& order, const RollingPlan& plan) const;
  void go_on_beginning();
  void finish_beginning(const std::optional<std::string>& why);
  void record_beginning(const RollingOrder& order, const RollingPlan& plan);
  base::Json plan_json(const RollingOrder& order, const RollingPlan& plan) const;
  void look_at(const std::string& service, const std::string& node);
  void saw(Seen& seen, const base::Json& answer);

  // rolling_steps.cc
  void go_on(const Turn& turn);
  void begin_work(const Turn& turn);
  void do_step(const Turn& turn);
  void send_step(const Turn& turn);
  void do_drain(const Turn& turn);
  void do_wait(const Turn& turn);
  void resolve(const Turn& turn);
  void step_ended(const Turn& turn, const base::Json& answer);
  void node_failed(const Turn& turn, const std::string& why);
  std::string wanted_version(const Turn& turn) const;
  std::optional<Turn> turn() const;

  void advance(const state::Rolling& now, const RollingPlan& plan);
  void next_node(const state::Rolling& now, const RollingPlan& plan);
  void next_back(const state::Rolling& now, const RollingPlan& plan);
  void enter(const state::Rolling& now, const RollingPlan& plan, const state::RollingNode& node);
  bool others_suffice(const RollingPlan& plan, const std::string& node, std::string& why);
  void go_back(const state::Rolling& now, const RollingPlan& plan, const std::string& why,
               const std::string& actor, const std::string& from);
  void end(const state::Rolling& now, RollingOutcome outcome, const std::string& why);

  const base::Clock& clock_;
  Calls calls_;
  OnEnded ended_;
  std::vector<RollingPlan> plans_;
  std::optional<Beginning> beginning_;
  std::optional<Later> told_later_;
  std::map<std::string, Seen> seen_;  // by node, of the service that is looked at
  Work work_;
  std::string mine_;            // the update that this ledger began, or has said that it goes on with
  base::Nanos wants_node_ = 0;  // since when the others do not suffice
  bool runner_ = true;
};

}  // namespace postern::ledger
