// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a decider decides on, with a state that follows its events: decide, fold, look.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "audit/event_line.h"
#include "base/crypto.h"
#include "gateway/ledger/decide_command.h"
#include "gateway/ledger/pass.h"
#include "gateway/ledger/session_ends.h"
#include "tests/unit/state/sample_policy.h"

namespace postern::ledger {

inline constexpr base::Micros kNoon = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z

struct Scene {
  state::State state;
  PolicySummary policy;
  Limits limits;
  Tallies tallies;
  base::UlidMaker ids;
  base::Micros now = kNoon;
  const bool crypto_ready = base::init_crypto().ok();  // before the first Secret
  base::Secret seed{std::string(32, 's')};
  std::string key = base::ed25519_public(seed);
  bool writable = true;
  std::string log_key = {};
  std::string token_of_visit = {};  // of the last one
  std::vector<Draft> all;           // every event so far
  std::vector<std::string> lines;

  Scene() {
    policy.hash = "sha256:00";
    policy.capabilities = {{"metrics.read", false}, {"silences.write", true}};
    policy.roles = {{"viewer", {"metrics.read"}}};
  }

  Context context() { return {state, policy, limits, tallies, ids, now, key, writable, {}, {}, log_key}; }

  void take(const std::vector<Draft>& events) {
    for (const Draft& draft : events) {
      const std::string line = audit::event_line(ids.make(now), now, head_of(draft), draft.detail);
      ASSERT_TRUE(audit::read_event_head(line).ok()) << line;
      const auto json = base::parse_json(line);
      ASSERT_TRUE(json.ok()) << line;
      state.apply(*json);
      expect_catalogued(draft.type, json->at("detail"));
      all.push_back(draft);
      lines.push_back(line);
    }
  }

  static void expect_catalogued(audit::EventType type, const base::Json& detail) {
    const std::string fields = " " + std::string(audit::text_of(type).fields) + " ";
    for (const auto& [key, value] : detail.items()) {
      EXPECT_NE(fields.find(" " + key + " "), std::string::npos)
          << audit::text_of(type).name << " is not said to have " << key;
    }
  }

  Decision send(Sender sender, base::Json order) {
    EXPECT_TRUE(may_command(sender, order.at("command").get<std::string>()));
    Decision decision = decide_command(context(), sender, order);
    take(decision.events);
    return decision;
  }
  Decision admin(base::Json order) {
    order["actor"] = "admin:root";
    order["from"] = "uid 0 via socket";
    return send(Sender::Console, std::move(order));
  }
  Decision enforcer(base::Json order) { return send(Sender::Enforcer, std::move(order)); }
  Decision due() {
    Decision decision = decide_due(context(), SessionEnds(state).run_out(state, now));
    take(decision.events);
    return decision;
  }

  void know(const std::string& name) {
    admin({{"command", "engineer.add"}, {"name", name}, {"email", name + "@example.com"}});
    admin({{"command", "engineer.approve"}, {"name", name}});
  }
  std::string pass_for(const std::string& name) {
    const Decision issued = admin({{"command", "pass.issue"}, {"engineer", name}});
    return pass_text(issued.to_sign, base::ed25519_sign(seed, signed_part(issued.to_sign)));
  }
  Decision open_with(const std::string& pass) {
    return enforcer({{"command", "pass.verify_and_open"},
                     {"pass", pass},
                     {"client", "192.0.2.7:50123"},
                     {"user_agent", "test"}});
  }
  // An approved engineer with an open session; remote access is on.
  std::string visit(const std::string& name) {
    if (state.engineers().count(name) == 0) know(name);
    if (state.remote_access(now) == state::RemoteAccess::Off) {
      admin({{"command", "remote_access.set"}, {"mode", "all"}});
    }
    const Decision opened = open_with(pass_for(name));
    token_of_visit = base::json_text_or(opened.reply, "token", "");
    return base::json_text_or(opened.reply, "session", "");
  }
  std::string request(const std::string& session) {
    return base::json_text_or(enforcer({{"command", "request.create"},
                                        {"session", session},
                                        {"capabilities", {"silences.write"}},
                                        {"reason", "incident"}})
                                  .reply,
                              "id", "");
  }
};

inline int status_of(const Decision& decision) { return decision.refused ? decision.refused->status : 200; }
inline std::string code_of(const Decision& decision) {
  return decision.refused ? decision.refused->code : "";
}
inline std::vector<std::string> types_of(const std::vector<Draft>& events) {
  std::vector<std::string> names;
  for (const Draft& draft : events) names.emplace_back(audit::text_of(draft.type).name);
  return names;
}

}  // namespace postern::ledger
