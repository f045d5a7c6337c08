// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An enforcer that is asked about proposals, with a ledger and a component that the test plays.
#pragma once

#include <string>
#include <string_view>

#include "gateway/enforcer/proposed_calls.h"
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {

inline constexpr std::string_view kProposedPolicy = R"(version: 1
capabilities:
  metrics.read: {title: Read metrics, class: read, operations: [GET /api/v1/query]}
  silences.write:
    title: Create silences
    class: write
    operations:
      - { call: POST /api/v2/silences, body: { max_size: 100, content_types: [application/json] } }
      - DELETE /api/v2/silence/{id}
      - { call: PUT /api/v2/config, before: GET /api/v2/config }
      - { call: PUT /api/v2/keys, before: GET /debug/keys }
  rules.write: {title: Change rules, class: write, hold: true, operations: [POST /api/v2/rules]}
  off.write: {title: What is off, class: write, operations: [POST /api/v2/off]}
  asked.write: {title: What is asked for, class: write, operations: [POST /api/v2/asked]}
never: [ANY /debug/**]
)";
inline constexpr const char* kProposal = "01JD7Z3V5T4Q2N8M6K0H1F9C3B";

class ProposedScene : public EnforcerScene {
 protected:
  ProposedScene() {
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, kProposedPolicy});
    toggle("capability", "rules.write", "on");
    toggle("capability", "asked.write", "ask");
    toggle("sharing", "proposals", "on");
    turn(10);
  }
  void toggle(const char* what, const char* name, const char* to) {
    change(event("permission.changed", {{"what", what}, {"name", name}, {"new", to}}));
  }
  base::Json ask(base::Json task) {
    ledger->send(ipc::FromLedger::NodeTask, ipc::NodeTask{++last_task, base::dump_json(task)});
    EXPECT_TRUE(until([&] { return answered(); }));
    return ledger->tasks_done.empty() ? base::Json() : ledger->tasks_done.back().second;
  }
  bool answered() const {
    return !ledger->tasks_done.empty() && ledger->tasks_done.back().first == last_task;
  }
  static base::Json call_of(const char* method, std::string target, std::size_t bytes = 2,
                            const char* type = "application/json") {
    return {{"method", method}, {"target", std::move(target)}, {"content_type", type}, {"body_bytes", bytes}};
  }
  std::string judged(base::Json call, base::Json undo = {}) {
    base::Json task{{"do", "judge"}, {"call", std::move(call)}};
    if (!undo.is_null()) task["undo"] = std::move(undo);
    const base::Json answer = ask(task);
    const std::string code = base::json_text_or(answer, "code", "");
    if (!code.empty()) return code;
    return base::json_text_or(answer, "waits", "").empty() ? "now" : "waits";
  }
  void tell(const char* type, base::Json detail) {
    base::Json told = event(type, std::move(detail));
    told["subject"] = kProposal;
    told["actor"] = "mission-control:jane";
    change(told);
  }
  void start(base::Json detail, const char* capability = "silences.write") {
    detail["capability"] = capability;
    detail["expires"] = base::format_time(loop.wall() + 3600 * base::kWallSecond);
    tell("proposal.received", std::move(detail));
    tell("proposal.started", {{"what", "call"}});
  }
  void silence() {
    start({{"method", "POST"},
           {"target", "/api/v2/silences"},
           {"content_type", "application/json"},
           {"body", "{\"a\":1}"},
           {"undo", {{"method", "DELETE"}, {"target", "/api/v2/silence/${answer.silenceID}"}}}});
  }
  void propose(bool undo = false) {
    ledger->send(
        ipc::FromLedger::NodeTask,
        ipc::NodeTask{++last_task, base::dump_json(base::Json{
                                       {"do", "propose"}, {"proposal", kProposal}, {"undo", undo}})});
  }
  // Recorded, and that is durable: then the component is asked.
  void let_pass() {
    ASSERT_TRUE(until([&] { return !ledger->events("exchange.forwarded").empty(); }));
    turn(20);
    EXPECT_EQ(connects, 0) << "its record is not durable";
    ledger->acked(ledger->lines.size());
    ASSERT_TRUE(accept());
    ASSERT_TRUE(was_asked());
  }
  base::Json came_of_it() {
    EXPECT_TRUE(until([&] { return answered(); }));
    return answered() ? ledger->tasks_done.back().second : base::Json();
  }

  std::uint64_t last_task = 0;
};

}  // namespace postern::enforcer
