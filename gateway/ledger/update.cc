// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Between the drivers of updates (rolling.h) and of proposals (proposals.h) and everybody else: its records, its tasks for enforcers, its orders for the runner, and
// the commands of admins.
#include <algorithm>

#include "base/bytes.h"
#include "gateway/ipc/runner_protocol.h"
#include "gateway/ledger/deciding.h"
#include "gateway/ledger/ledger.h"

namespace postern::ledger {

using base::Json;
using ipc::FromLedger;

namespace {

constexpr int kTaskAnswerDepth = 4;

}  // namespace

bool is_rolling_command(std::string_view command) { return command.starts_with("rolling."); }

Rolling::Calls Ledger::rolling_calls() {
  Rolling::Calls calls;
  calls.record = [this](const Draft& draft) -> std::optional<std::uint64_t> {
    Outcome nobody;
    if (!append(draft, nobody, clock_.monotonic())) return std::nullopt;
    return recorder_.size();
  };
  // What is durable and was told: tasks come to enforcers behind it.
  calls.durable = [this] { return std::min(recorder_.durable(), announcements_.released()); };
  calls.look_at_gateway = [this] { return look_at_gateway(); };
  calls.state = [this]() -> const std::optional<state::Rolling>& { return state_.rolling(); };
  calls.ask_enforcer = [this](const Json& task) -> std::uint64_t {
    for (auto& [number, peer] : peers_) {
      if (peer->sender() == Sender::Enforcer && peer->index() == 0 && !peer->gone())
        return give_task(*peer, task);
    }
    return 0;
  };
  calls.ask_all_enforcers = [this](const Json& task) {
    std::vector<std::uint64_t> out;
    for (auto& [number, peer] : peers_) {
      if (peer->sender() == Sender::Enforcer && !peer->gone()) out.push_back(give_task(*peer, task));
    }
    return out;
  };
  calls.ask_runner = [this](const Json& order, const std::string& artefact) {
    return runner_.send(order, artefact);
  };
  return calls;
}

// It serves once somebody judges requests and somebody answers admins.
Json Ledger::look_at_gateway() const {
  const auto there = [this](Sender sender) {
    return std::any_of(peers_.begin(), peers_.end(), [sender](const auto& entry) {
      return entry.second->sender() == sender && !entry.second->gone();
    });
  };
  const char* missing = !there(Sender::Enforcer)  ? "no enforcer is there yet"
                        : !there(Sender::Console) ? "the console is not there yet"
                                                  : "";
  return {{"healthy", *missing == '\0'}, {"why", missing}, {"version", version_of_us_}};
}

UpdateCalendar::Calls Ledger::calendar_calls() {
  UpdateCalendar::Calls calls;
  calls.record = [this](const Draft& draft) {
    Outcome nobody;
    return append(draft, nobody, clock_.monotonic());
  };
  calls.updates = [this]() -> const state::Updates& { return state_.updates(); };
  calls.rolling = [this]() -> const std::optional<state::Rolling>& { return state_.rolling(); };
  calls.updatable = [this](const std::string& service) { return rolling_.knows(service); };
  calls.version = [this](const std::string& service) {
    if (service == ipc::kOwnService) return version_of_us_;
    const auto all = health_.versions(service);
    return all.size() == 1 ? *all.begin() : std::string();
  };
  calls.begin = [this](const RollingOrder& order, Rolling::OnBegun begun) {
    rolling_.begin(order, std::move(begun));
  };
  calls.make_id = [this] { return ulids_.make(clock_.wall()); };
  return calls;
}

// Of admins: what they decide is answered once it is durable, a dry run once all nodes were looked at.
void Ledger::take_update_order(const Asker& asker, const Json& order) {
  if (auto refused = refuse_asker(Sender::Console, order)) return refuse(asker, *refused);
  if (!recorder_.writable()) return refuse(asker, {503, "log_unavailable", "the log cannot be written"});
  if (base::json_text_or(order, "command", "") != "update.dry_run")
    return perform(calendar_.decide(order), asker, clock_.monotonic());
  calendar_.look_ahead(order, [this, asker](const Rolling::Begun& begun) {
    if (begun.refused) return refuse(asker, {409, "conflict", *begun.refused});
    reply_to(asker, begun.plan, {});
  });
}

ProposalRunner::Calls Ledger::proposal_calls() {
  Rolling::Calls same = rolling_calls();
  ProposalRunner::Calls calls;
  calls.state = [this]() -> const state::State& { return state_; };
  calls.record = std::move(same.record);
  calls.durable = std::move(same.durable);
  calls.writable = [this] { return recorder_.writable(); };
  calls.ask_enforcer = std::move(same.ask_enforcer);
  calls.health = [this] { return health_.before(); };
  calls.worse = [this](const state::HealthBefore& before) { return health_.worse_than(before); };
  calls.judged = [this](const line::Ask& ask, const Judgement& judged) { asks_.judged(ask, judged); };
  return calls;
}

std::uint64_t Ledger::give_task(Peer& peer, const Json& task) {
  const std::uint64_t id = ++last_task_;
  tasks_[id] = peer.number();
  peer.send(FromLedger::NodeTask, ipc::NodeTask{id, base::dump_json(task)});
  return id;
}

bool Ledger::take_node_task_done(const Peer& peer, std::string_view payload) {
  ipc::NodeTaskDone done;
  if (peer.sender() != Sender::Enforcer || !ipc::decode(payload, done)) return false;
  const auto json = base::parse_json(done.json, kTaskAnswerDepth);
  if (!json.ok() || !json->is_object()) return false;
  const auto task = tasks_.find(done.id);
  if (task == tasks_.end() || task->second != peer.number()) return true;  // of a former enforcer
  tasks_.erase(task);
  if (drained_) return true;
  rolling_.enforcer_answered(done.id, *json);
  proposals_.enforcer_answered(done.id, *json);
  return true;
}

// What an admin is shown beside a proposal comes from the enforcer that was asked.
bool Ledger::is_comparing(const Peer& peer, const Json& order) const {
  const auto task = tasks_.find(proposals_.comparing(base::json_text_or(order, "id", "")));
  return task != tasks_.end() && task->second == peer.number();
}

void Ledger::tasks_gone(std::uint64_t peer) {
  std::vector<std::uint64_t> lost;
  std::erase_if(tasks_, [&](const auto& task) {
    if (task.second != peer) return false;
    lost.push_back(task.first);
    return true;
  });
  for (const std::uint64_t task : lost) {
    rolling_.enforcer_gone(task);
    proposals_.enforcer_gone(task);
  }
}

// run: {service, version, sha256* of a file in artefacts/ of the state directory, dry*}; stop and roll_back: nothing.
void Ledger::take_rolling_order(const Asker& asker, const Json& order) {
  if (auto refused = refuse_asker(Sender::Console, order)) return refuse(asker, *refused);
  if (!recorder_.writable()) return refuse(asker, {503, "log_unavailable", "the log cannot be written"});
  const std::string command = base::json_text_or(order, "command", "");
  const std::string actor = base::json_text_or(order, "actor", ""),
                    from = base::json_text_or(order, "from", "");
  if (command != "rolling.run") {
    const auto why = command == "rolling.stop" ? rolling_.stop(actor, from) : rolling_.roll_back(actor, from);
    if (why) return refuse(asker, {409, "conflict", *why});
    return reply_to(asker, rolling_.progress(), {});
  }
  RollingOrder wanted;
  wanted.id = ulids_.make(clock_.wall());
  wanted.service = base::json_text_or(order, "service", "");
  wanted.version = base::json_text_or(order, "version", "");
  wanted.sha256 = base::json_text_or(order, "sha256", "");
  wanted.dry = base::json_bool_or(order, "dry", false);
  wanted.actor = actor;
  wanted.from = from;
  if (!wanted.sha256.empty()) {
    if (wanted.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
      return refuse(asker, {400, "invalid", "sha256 must be hexadecimal digits in lower case"});
    wanted.artefact = directory_ + "/artefacts/" + wanted.sha256;
  }
  rolling_.begin(wanted, [this, asker](const Rolling::Begun& begun) {
    if (begun.refused) return refuse(asker, {409, "conflict", *begun.refused});
    reply_to(asker, begun.plan, {});
  });
}

}  // namespace postern::ledger
