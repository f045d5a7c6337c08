// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Roles that come, go, order and append in random order, over a disk that is full or fails for a while and a ledger that is killed.
// Every channel is judged (channel_judge.h); whenever it is quiet, all of them know the state of the log, and the log has what it said.
#include <gmock/gmock.h>

#include <random>

#include "tests/unit/ledger/house.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;

class ManyRoles : public House, public ::testing::WithParamInterface<unsigned> {
 protected:
  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool one_in(std::size_t count) { return pick(count) == 0; }
  template <std::size_t kCount>
  const char* any(const char* const (&of)[kCount]) {
    return of[pick(kCount)];
  }
  std::string name() { return any({"alice", "bob", "carol", "dora"}); }
  template <typename Map>
  std::string any_key(const Map& map) {
    return map.empty() ? "01J00000000000000000000000"
                       : std::next(map.begin(), static_cast<std::ptrdiff_t>(pick(map.size())))->first;
  }

  // Answers are looked at when they come, if they come.
  void order(Client& client, Json json) {
    if (&client == console.get()) json = by_admin(std::move(json));
    client.command(json);
  }
  Client& any_enforcer() {
    if (others_.empty() || one_in(others_.size() + 1)) return *enforcer;
    return *std::next(others_.begin(), static_cast<std::ptrdiff_t>(pick(others_.size())))->second;
  }
  void collect_passes() {
    for (const auto& [id, answer] : console->answers) {
      if (answer.ok && answer.json.contains("pass")) passes_.push_back(answer.json["pass"]);
    }
    console->answers.clear();
  }

  void admin_orders() {
    const state::State& state = ledger->state();
    Json json;
    switch (pick(18)) {
      case 0:
        json = {{"command", "remote_access.set"},
                {"mode", any({"off", "approved", "read-only", "all", "all", "all", "all"})}};
        break;
      case 1:
        json = {{"command", "capability.set"},
                {"name", any({"metrics.read", "silences.write"})},
                {"setting", any({"off", "ask", "on"})}};
        break;
      case 2:
        json = {{"command", "engineer.add"}, {"name", name()}};
        break;
      case 3:
        json = {{"command", "engineer.approve"}, {"name", name()}};
        break;
      case 4:
        json = {{"command", one_in(3) ? "engineer.remove" : "engineer.approve"}, {"name", name()}};
        break;
      case 5:
        json = {{"command", one_in(4) ? "session.end_all" : "session.end"},
                {"id", any_key(state.sessions())}};
        break;
      case 6:
        json = {{"command", any({"request.approve", "request.refuse", "request.ask_back"})},
                {"id", any_key(state.requests())},
                {"text", "why"}};
        break;
      case 8:
        json = {{"command", "grant.give"},
                {"engineer", name()},
                {"capabilities", {"metrics.read"}},
                {"until", "1h"}};
        break;
      case 9:
        json = {{"command", "grant.revoke"}, {"id", any_key(state.grants())}};
        break;
      case 10:
        json = {{"command", "sharing.set"},
                {"name", any({"requests", "events"})},
                {"setting", any({"on", "off"})}};
        break;
      case 11:
        json = {{"command", "intake.token_create"}, {"name", name()}, {"service", "p"}};
        break;
      case 12:
        json = {{"command", "intake.token_revoke"}, {"id", any_key(state.intake_tokens())}};
        break;
      default:
        json = {{"command", "pass.issue"}, {"engineer", any_key(state.engineers())}};
        break;
    }
    if (json.contains("mode") || json.contains("setting")) {
      if (one_in(4)) json["until"] = any({"2h", "5s"});
    }
    order(*console, json);
  }

  void engineer_acts() {
    Client& with = any_enforcer();
    const auto& sessions = ledger->state().sessions();
    switch (pick(4)) {
      case 0:
        if (passes_.empty()) return;
        order(with, sign_in(passes_.back()));
        return passes_.pop_back();
      case 1:
        return order(with, {{"command", "request.create"},
                            {"session", any_key(sessions)},
                            {"capabilities", {"silences.write"}},
                            {"reason", "incident"}});
      case 2:
        return order(with, {{"command", "request.withdraw"},
                            {"session", any_key(sessions)},
                            {"id", any_key(ledger->state().requests())}});
      default:
        break;
    }
    static constexpr std::pair<EventType, ipc::AppendKind> kKinds[] = {
        {EventType::ExchangeForwarded, ipc::AppendKind::Forwarded},
        {EventType::ExchangeCompleted, ipc::AppendKind::Completed},
        {EventType::ExchangeRefused, ipc::AppendKind::Refused}};
    for (std::size_t i = pick(5); i > 0; --i) {
      const auto& [type, kind] = kKinds[pick(3)];
      const std::string session = any_key(sessions);
      with.append(line(type, session), kind, session, one_in(2));
    }
  }

  void come_and_go() {
    const auto index = static_cast<std::uint32_t>(1 + pick(3));
    if (one_in(2))
      others_.erase(index);
    else
      others_[index] = join(Sender::Enforcer, index);
    if (one_in(5)) console = join(Sender::Console, 0);
  }

  void turn_disk() {
    switch (pick(9)) {
      case 0:
        files.full = true;
        break;
      case 1:
        files.syncs_fail = true;
        break;
      case 2:
        files.hold_syncs(true);
        break;
      default:
        mend_disk();
        break;
    }
  }
  void mend_disk() {
    files.full = false;
    files.syncs_fail = false;
    files.hold_syncs(false);
  }

  void step() {
    const std::size_t what = pick(100);
    if (what < 40)
      admin_orders();
    else if (what < 75)
      engineer_acts();
    else if (what < 79)
      come_and_go();
    else if (what < 82)
      turn_disk();
    else if (what < 92)
      turn(static_cast<base::Nanos>(pick(3'000)) * base::kMillisecond);
    for (std::size_t i = pick(4); i > 0; --i) loop.turn();
    collect_passes();
  }

  // What a role knows of the state; when a session was last used, it is not told.
  static std::string known(const state::State& state) {
    Json json = state.to_json();
    for (Json& session : json["sessions"]) session.erase("last_active");
    return base::dump_json(json);
  }

  void quiet() {
    mend_disk();
    std::vector<Client*> all{enforcer.get(), console.get()};
    for (const auto& [index, other] : others_) all.push_back(other.get());
    turn(10 * base::kSecond);  // cuts that nobody answers for are no longer waited for
    until([&] {
      return std::all_of(all.begin(), all.end(), [&](const Client* client) {
        return client->writable && client->acked == client->appended() && client->unanswered() == 0 &&
               known(client->state) == known(ledger->state());
      });
    });
    for (const Client* client : all) EXPECT_FALSE(client->closed);
    std::set<std::string> seen;
    for (const std::string& text : log()) {
      const auto head = audit::read_event_head(text);
      ASSERT_TRUE(head.ok()) << text;
      EXPECT_TRUE(seen.insert(std::string(head->id)).second) << "twice in the log: " << text;
    }
  }

  std::map<std::uint32_t, std::unique_ptr<Client>> others_;
  std::vector<std::string> passes_;  // that nobody has tried
  std::mt19937 random_{GetParam()};
};

TEST_P(ManyRoles, KnowWhatTheLogSaysInWhateverOrderThingsHappen) {
  for (const char* engineer : {"alice", "bob"}) visit(engineer);
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 300; ++i) step();
    if (one_in(2)) quiet();
    if (HasFailure()) return;
    others_.clear();
    if (!one_in(2)) continue;
    mend_disk();
    stop();
    start();
  }
  quiet();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ManyRoles, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace postern::ledger
