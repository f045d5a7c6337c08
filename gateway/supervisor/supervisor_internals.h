// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// All that the supervisor knows, and what happens to it. Of supervisor*.cc and of nobody else.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "gateway/supervisor/beginnings.h"
#include "gateway/supervisor/connector.h"
#include "gateway/supervisor/crew.h"
#include "gateway/supervisor/hand_over_giver.h"
#include "gateway/supervisor/judging_time.h"
#include "gateway/supervisor/ledger_link.h"
#include "gateway/supervisor/line.h"
#include "gateway/supervisor/link_words.h"
#include "gateway/supervisor/policy_handover.h"
#include "gateway/supervisor/relayed.h"
#include "gateway/supervisor/revocations.h"
#include "gateway/supervisor/supervisor.h"
#include "gateway/supervisor/upkeep.h"

namespace postern::supervisor {

using OnAnswer = std::function<void(const base::Json&)>;

struct Supervisor::Internals {
  Supervisor::News news;
  loop::Loop& loop;
  Plan plan;
  std::shared_ptr<const Config> config;
  std::shared_ptr<Material> material;
  std::optional<struct stat> refused_pin;  // the file, as it was when the token called it wrong
  Sockets sockets;
  base::Micros started;
  const std::string redaction_key = base::random_bytes(base::KeyedHash::kKeySize);  // enforcers share it
  std::uint32_t next_node;
  LedgerLink ledger;
  Connector connector, link_connector, admin_link_connector;
  PolicyHandover handover;
  loop::Timer expiry_timer;
  loop::Timer crls_timer;
  loop::Timer measure_timer;
  Line line;
  Relayed relayed;
  LinkWords words;
  std::map<std::string, JudgingTime> judging;  // by the name of the child that brings what is judged
  Upkeep upkeep;
  Revocations revocations;
  bool reloading = false;
  bool stopping = false;
  bool was_ready = false;  // all roles were
  Inherited inherited;
  std::set<const Child*> leaving;  // terminators on which something runs that ran before a hand-over
  HandOverEnd taken;               // from another
  bool was_prepared = false, died = false;
  base::Nanos began, owned = 0;  // when we asked for it; since when it is ours
  Crew crew;
  std::unique_ptr<HandOverGiver> giver;  // once we are ready

  Internals(loop::Loop& of, Plan plan_, LoadedConfig loaded, Sockets sockets_, News news_,
            Inherited inherited_);

  static const MissionControl* mission_control(const Config& of) {
    return of.mission_control ? &*of.mission_control : nullptr;
  }

  // Of what no person did.
  auto recorder() {
    return [this](audit::EventType type, const std::string& subject, const base::Json& detail,
                  std::optional<audit::Severity> severity) {
      ledger.append(type, "gateway", subject, detail, severity);
    };
  }

  // Of what the link caused.
  auto link_recording() {
    return [this](const std::string& name, bool severe, base::Json& detail) {
      return words.may_record(name, severe, loop.now(), detail);
    };
  }

  Given given() const { return {*config, *material, sockets, redaction_key, refused_pin}; }

  void reload_link() { reload_all("link"); }

  // --- Its beginning, what the others are told to call, and its end (supervisor.cc)

  // Configuration and material that prepare() prepared.
  void put_in_force();
  Line::Calls line_calls();
  Upkeep::Calls upkeep_calls();
  Revocations::Calls revocations_calls();
  Crew::Duties duties();
  void attest_own_wall();
  base::Json attestation(const Child& child) const;
  base::Json figures() const;
  base::Json status() const;
  void measure();
  void look_at_crls();
  // What is made or read only once root was given up.
  void prepare(const Material& running, const Config& by, Material& of);
  void stop_timers();
  void stop();

  // --- A hand-over (supervisor_hand_over.cc, docs/HAND_OVER.md): the side that goes on

  bool taking() const { return inherited.taker != nullptr && !was_ready; }
  void prepared();
  // All roles are ready, at the start or after a hand-over that failed.
  void serve();
  void give_up(const std::string& why);

  // --- A hand-over: the side that serves until then

  static base::UniqueFd another(const base::UniqueFd& fd);
  HandOverGiver::Calls giver_calls();
  HandOverGiver::Offered offer() const;
  void tell_to_leave(bool leave);
  void on_left(const Child& child);
  void end_for_another(const std::function<void(std::uint32_t)>& done);
  void take_back(const HandOverGiver::Failure& failure);

  // --- What roles ask for, and how they end (supervisor_asks.cc)

  void on_ended(Child& child, pid_t pid, const std::string& reason);
  // Enforcers reach the component and nothing else, the link the places outside and nothing else.
  const http::Authority* place_of(const Child& child, std::uint32_t id) const;
  // Each link has one of its own: in strange hands it takes none of the enforcers' room.
  Connector& connector_of(const Child& child);
  void on_connect(Child& child, const ipc::ConnectRequest& request);
  void on_ask(Child& child, std::uint64_t id, const base::Json& question);
  base::Result<base::UniqueFd> open_relayed(const base::Json& question);
  std::vector<Child*> support_terminators();
  // What the link fetched, or why it did not: {"ok":true, "from", "until"} or {"ok":false, "why"}.
  base::Json on_fetched(const Child& link, const base::Json& said);
  bool is_fetched(const std::string& name) const;
  // What a child brought, that is judged in a copy of this process, while there is time for it; else {"ok":false, "why"}.
  base::Json judge_for(const Child& child, bool in_copy, const std::function<base::Json()>& judge);
  // Nothing else is read again: who changes the log's key puts no half-written policy in force.
  base::Json read_log_keys();

  // --- Another configuration, and new files (supervisor_reload.cc)

  void tell_of_nodes(const Config& before, const std::string& actor);
  void reload_all(std::string_view kind);
  void reload_with_files(Child& child);
  void reload(const std::string& actor, const std::string& from, const OnAnswer& done);
  void reject(const LoadedConfig& wanted, const std::string& actor, const OnAnswer& done);
  void adopt(LoadedConfig wanted, const std::string& actor, const std::string& from, const OnAnswer& done);
  void spread(const std::vector<std::string>& changed, bool new_keys, const std::string& actor);
  // A new certificate of ours: nothing else is read again, as with the log's keys.
  void spread_material();
};

}  // namespace postern::supervisor
