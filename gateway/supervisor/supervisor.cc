// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/supervisor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/log.h"
#include "certs/post_quantum.h"
#include "gateway/proc/notify.h"
#include "gateway/proc/usage.h"
#include "gateway/supervisor/beginnings.h"
#include "gateway/supervisor/connector.h"
#include "gateway/supervisor/crew.h"
#include "gateway/supervisor/expiry.h"
#include "gateway/supervisor/hand_over_giver.h"
#include "gateway/supervisor/host_figures.h"
#include "gateway/supervisor/ledger_link.h"
#include "gateway/supervisor/line.h"
#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/policy_handover.h"
#include "gateway/supervisor/relayed.h"
#include "gateway/supervisor/reload.h"
#include "gateway/supervisor/revocations.h"
#include "gateway/supervisor/secret.h"
#include "gateway/supervisor/staples.h"
#include "gateway/supervisor/upkeep.h"

namespace postern::supervisor {
namespace {

using base::Json;
using OnAnswer = std::function<void(const Json&)>;

constexpr std::int64_t kMostFailures = 1'000'000;  // whatever the link says

Json rejection(const std::vector<FileFault>& faults) {
  return {{"file", faults.front().file},
          {"faults", faults.size()},
          {"first_fault", format_faults({faults.front()})}};
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

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
  Connector connector;
  PolicyHandover handover;
  loop::Timer expiry_timer;
  loop::Timer crls_timer;
  loop::Timer measure_timer;
  Line line;
  Relayed relayed;
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
            Inherited inherited_)
      : news(std::move(news_)),
        loop(of),
        plan(std::move(plan_)),
        config(std::move(loaded.config)),
        material(std::move(loaded.material)),
        sockets(std::move(sockets_)),
        started(of.wall()),
        next_node(config->next_id()),
        ledger(of),
        connector(of),
        handover(of, ledger),
        expiry_timer(of, [this] { upkeep.tell_of_expiry(); }),
        crls_timer(of, [this] { look_at_crls(); }),
        measure_timer(of, [this] { measure(); }),
        line(line_calls()),
        relayed([this](audit::EventType type, const std::string& subject,
                       const Json& detail) { ledger.append(type, "gateway", subject, detail); },
                [this] { return support_terminators(); }),
        upkeep(upkeep_calls(), next_node),
        revocations(revocations_calls(), next_node),
        inherited(std::move(inherited_)),
        began(of.now()),
        crew(of, plan.roles_directory,
             gateway_shape({config->workers, config->reaches_out(), config->admin_openid.configured(),
                            config->intake.has_value()}),
             duties()) {
    prepare({}, *config, *material);
    put_in_force();
  }

  // Configuration and material that prepare() prepared.
  void put_in_force() {
    line.adopt(mission_control(*config), material->line);
    handover.adopt(*config, *material);
    upkeep.adopt(*config, *material);
    revocations.adopt(*config, *material);
  }

  static const MissionControl* mission_control(const Config& of) {
    return of.mission_control ? &*of.mission_control : nullptr;
  }

  Line::Calls line_calls() {
    return {[this](audit::EventType type, const std::string& actor, const std::string& subject,
                   const Json& detail) { ledger.append(type, actor, subject, detail); },
            [this] { reload_link(); }, [this] { spread_material(); }, [this] { return loop.wall(); }};
  }

  // Of what no person did.
  auto recorder() {
    return [this](audit::EventType type, const std::string& subject, const Json& detail,
                  std::optional<audit::Severity> severity) {
      ledger.append(type, "gateway", subject, detail, severity);
    };
  }

  Upkeep::Calls upkeep_calls() {
    Upkeep::Calls out;
    out.record = recorder();
    out.tell_link = [this] { reload_link(); };
    out.new_certificate = [this] { spread_material(); };
    out.new_staple = [this](std::string_view listener) {
      crew.each([&](Child& child) {
        if (child.kind() == "terminator" && child.alive() && listener_of(child) == listener)
          child.reload(part_of(child, given()));
      });
    };
    out.now = [this] { return loop.wall(); };
    return out;
  }

  Revocations::Calls revocations_calls() {
    Revocations::Calls out;
    out.record = recorder();
    out.reload_enforcers = [this] { reload_all("enforcer"); };
    out.tell_enforcers = [this](const Json& part) {
      crew.each([&part](Child& child) {
        if (child.kind() == "enforcer" && child.alive()) child.reload(part);
      });
    };
    out.tell_link = [this](const Json& part) {
      crew.each([&part](Child& child) {
        if (child.kind() == "link" && !is_admin_link(child) && child.alive()) child.reload(part);
      });
    };
    out.spread = [this](const std::vector<std::string>& changed) { spread(changed, false, "gateway"); };
    out.now = [this] { return loop.wall(); };
    return out;
  }

  Crew::Duties duties() {
    Crew::Duties out;
    out.beginning = [this](const Child& child) { return beginning_of(child, given()); };
    out.on_ledger = [this](base::UniqueFd fd) { ledger.attach(std::move(fd)); };
    out.on_started = [this](Child& child) {
      const Json detail = {{"role", child.name()}, {"pid", child.pid()}, {"restarts", child.life() - 1}};
      ledger.append(audit::EventType::RoleStarted, "gateway", child.name(), detail);
    };
    out.on_ready = [this](Child& child) {
      ledger.append(audit::EventType::SandboxAttested, "gateway", child.name(), attestation(child));
      if (child.kind() == "ledger") handover.put();
      if (child.kind() == "keeper" && taking() && !was_prepared) prepared();
    };
    out.on_violated = [this](Child& child, const std::string& call) {
      ledger.append(audit::EventType::SandboxViolated, "gateway", child.name(),
                    {{"role", child.name()}, {"pid", child.pid()}, {"call", call}});
    };
    out.on_all_ready = [this] {
      upkeep.tell_of_expiry();
      upkeep.tell_of_flaws();
      expiry_timer.start(kExpiryEvery, kExpiryEvery);
      revocations.tell_of_crls();
      crls_timer.start(kCrlsEvery, kCrlsEvery);
      measure_timer.start(0, config->monitoring.every * 1000);
      serve();
    };
    out.on_connect = [this](Child& child, const ipc::ConnectRequest& request) { on_connect(child, request); };
    out.on_ask = [this](Child& child, std::uint64_t id, const Json& question) {
      on_ask(child, id, question);
    };
    out.on_ended = [this](Child& child, pid_t pid, const std::string& reason) {
      on_ended(child, pid, reason);
    };
    return out;
  }

  Given given() const { return {*config, *material, sockets, redaction_key, refused_pin}; }

  void attest_own_wall() {
    Json out = {{"role", "supervisor"}, {"pid", ::getpid()}, {"mode", to_text(config->sandbox)}};
    out.update(plan.wall);
    ledger.append(audit::EventType::SandboxAttested, "gateway", "supervisor", out);
  }

  Json attestation(const Child& child) const {
    Json out = {{"role", child.name()}, {"pid", child.pid()}, {"mode", to_text(config->sandbox)}};
    out.update(child.proof());
    return out;
  }

  // --- a hand-over (docs/HAND_OVER.md): the side that goes on

  bool taking() const { return inherited.taker != nullptr && !was_ready; }

  void prepared() {
    was_prepared = true;
    inherited.taker->prepared(
        [this](const HandOverEnd& end, bool dead) {
          taken = end;
          died = dead;
          owned = loop.now();
          crew.start();
        },
        [this](const std::string& why) { give_up(why); });
  }

  // All roles are ready, at the start or after a hand-over that failed.
  void serve() {
    if (taking()) {
      const base::Micros mine = (loop.now() - began) / 1000;
      Json detail = {{"version", POSTERN_VERSION},
                     {"from_version", inherited.taker->offer().version},
                     {"duration_us", mine}};
      if (died) detail["why"] = "the gateway that handed over died before it had ended its log";
      if (!died)
        detail.update(
            {{"cut_exchanges", taken.cut}, {"closed_us", taken.closed + (loop.now() - owned) / 1000}});
      ledger.append(audit::EventType::GatewayHandedOver, "gateway", {}, detail);
      inherited.taker->say("this gateway serves now, version " POSTERN_VERSION ", process " +
                           std::to_string(::getpid()));
      inherited.taker->serving();
    }
    was_ready = true;
    if (giver == nullptr && sockets.hand_over.valid()) {
      giver = std::make_unique<HandOverGiver>(loop, another(sockets.hand_over), giver_calls());
      giver->set_limit(config->timeouts.drain * 1000);
    }
    if (news.on_ready) news.on_ready();
  }

  void give_up(const std::string& why) {
    if (std::exchange(stopping, true)) return;
    base::log_error("nothing is taken over: " + why);
    inherited.taker->failed(why);
    crew.stop(Crew::Stop::ForAnother, base::kSecond, [this] {
      if (news.on_given_up) news.on_given_up();
    });
    crew.stop_now();
  }

  // --- and the side that serves until then

  static base::UniqueFd another(const base::UniqueFd& fd) {
    return base::UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  }

  HandOverGiver::Calls giver_calls() {
    HandOverGiver::Calls out;
    out.hindrance = [this](pid_t asker) -> std::string {
      if (stopping) return "the gateway is being stopped";
      if (reloading) return "a reload is under way: try again";
      if (inherited.notify.valid() && !proc::is_same_service(::getpid(), asker))
        return "a service manager runs this gateway, and would take a process outside of the service for its "
               "end: "
               "systemctl reload postern";
      return {};
    };
    out.offer = [this] { return offer(); };
    out.leave = [this](bool leave) { tell_to_leave(leave); };
    out.end = [this](const std::function<void(std::uint32_t)>& done) { end_for_another(done); };
    out.failed = [this](const HandOverGiver::Failure& failure) { take_back(failure); };
    out.over = [this](pid_t successor) {
      if (news.on_handed_over) news.on_handed_over(successor);
    };
    return out;
  }

  HandOverGiver::Offered offer() const {
    HandOverGiver::Offered out;
    out.offer = {POSTERN_VERSION,
                 plan.program,
                 config->control_socket.path,
                 ::getpid(),
                 sockets.support_address,
                 sockets.admin_address,
                 std::nullopt,
                 {}};
    const auto give = [&out](const char* name, base::UniqueFd fd) {
      if (!fd.valid()) return;
      out.offer.fds.emplace_back(name);
      out.fds.push_back(std::move(fd));
    };
    give("support", another(sockets.support));
    give("admin", another(sockets.admin));
    give("control", another(sockets.control));
    give("hand_over", another(sockets.hand_over));
    if (sockets.challenge.valid()) {
      out.offer.challenge = sockets.challenge_address;
      give("challenge", another(sockets.challenge));
    }
    if (sockets.intake.valid()) {
      out.offer.intake = sockets.intake_address;
      give("intake", another(sockets.intake));
    }
    if (inherited.notify.valid()) give("notify", another(inherited.notify));
    give("log", base::UniqueFd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)));
    return out;
  }

  void tell_to_leave(bool leave) {
    leaving.clear();
    crew.each([&](Child& child) {
      if (child.kind() != "terminator" || !child.alive()) return;
      child.leave(leave);
      leaving.insert(&child);
    });
  }

  void on_left(const Child& child) {
    leaving.erase(&child);
    if (leaving.empty() && giver != nullptr) giver->left();
  }

  void end_for_another(const std::function<void(std::uint32_t)>& done) {
    stop_timers();
    crew.stop(Crew::Stop::ForAnother, config->timeouts.hand_over * 1000 + base::kSecond, [this, done] {
      if (!stopping) return done(crew.cut());
      if (news.on_stopped) news.on_stopped();
    });
  }

  void take_back(const HandOverGiver::Failure& failure) {
    base::log_error("the hand-over to version " + failure.version +
                    " failed, and this gateway goes on: " + failure.why);
    Json detail = {{"version", failure.version}, {"why", failure.why}, {"duration_us", failure.duration}};
    if (failure.ended) detail["closed_us"] = failure.closed;
    ledger.append(audit::EventType::GatewayHandOverFailed, "gateway", {}, detail);
    if (failure.ended) crew.start();
  }

  void on_ended(Child& child, pid_t pid, const std::string& reason) {
    leaving.erase(&child);
    if (taking() && !stopping && inherited.taker->may_give_back())
      return give_up(child.name() + " ended" + (reason.empty() ? "" : " with " + reason));
    const bool ending = stopping || (giver != nullptr && giver->ending());
    if (child.kind() == "link" && !is_admin_link(child) && !ending) line.link_gone();
    if (reason.empty() || ending) return;
    ledger.append(audit::EventType::RoleEnded, "gateway", child.name(),
                  {{"role", child.name()}, {"pid", pid}, {"reason", reason}});
  }

  // Enforcers reach the component and nothing else, the link the places outside and nothing else.
  const http::Authority* place_of(const Child& child, std::uint32_t id) const {
    if (is_admin_link(child)) return config->admin_provider(id);
    if (child.kind() == "link") {
      const http::Authority* to = config->outside(id);
      if (to == nullptr) to = responder_of(*material, id);
      return to != nullptr ? to : revocations.place_of(id);
    }
    const Node* node = config->node(id);
    return node == nullptr ? nullptr : &node->authority;
  }

  void on_connect(Child& child, const ipc::ConnectRequest& request) {
    if (child.kind() != "enforcer" && child.kind() != "link")
      return child.fail("it asked for a connection, which only enforcers and the link may");
    const std::uint64_t life = child.life();
    const http::Authority* to = place_of(child, request.node);
    if (to == nullptr)
      return child.connect_failed(life, request.id, "the configuration has no such node any more");
    connector.connect(*to, config->timeouts.component_connect,
                      [&child, life, id = request.id](base::Result<base::UniqueFd> socket) {
                        if (socket.ok()) return child.connected(life, id, std::move(socket).value());
                        child.connect_failed(life, id, socket.error().message);
                      });
  }

  void on_ask(Child& child, std::uint64_t id, const Json& question) {
    const std::string what = base::json_text_or(question, "ask", "");
    const std::uint64_t life = child.life();
    if (Child* const terminator = crew.terminator_of(child); what == "breach" && terminator != nullptr) {
      terminator->fail("it broke the exchange protocol: " + base::json_text_or(question, "why", ""));
      return child.answer(life, id, Json::object());
    }
    // The keeper starts again and again; the PIN is not to be tried as often.
    if (child.kind() == "keeper" && what == "pin_refused" && material->token_pin.valid()) {
      struct stat now {};
      if (::fstat(material->token_pin.get(), &now) == 0) refused_pin = now;
      return child.answer(life, id, Json::object());
    }
    if (child.kind() == "terminator" && what == "left") {
      on_left(child);
      return child.answer(life, id, Json::object());
    }
    const bool outside = child.kind() == "link" && !is_admin_link(child);
    if (outside && what == "acme") return child.answer(life, id, upkeep.on_acme(question));
    if (outside && what == "line") return child.answer(life, id, line.on_link(question));
    if (outside && what == "tunnel") {
      auto socket = open_relayed(question);
      if (socket.ok()) return child.connected(life, id, *std::move(socket));
      return child.connect_failed(life, id, socket.error().message);
    }
    if (outside && what == "fetched") return child.answer(life, id, on_fetched(question));
    if (child.kind() == "enforcer" && what == "inquire") {
      const base::Status asked = revocations.on_inquire(
          question, [&child, life, id](const Json& answer) { child.answer(life, id, answer); });
      if (!asked.ok()) child.fail(asked.error().message);
      return;
    }
    if (child.kind() != "console") return child.fail("it asked a question, which only the console may");
    if (what == "status") return child.answer(life, id, status());
    if (what == "figures") return child.answer(life, id, figures());
    if (what == "log_keys") return child.answer(life, id, read_log_keys());
    if (what == "line") return child.answer(life, id, line.on_console(question));
    if (what == "renew_certificate") return child.answer(life, id, upkeep.renew());
    if (what == "refresh_revocations") return child.answer(life, id, revocations.refresh());
    if (what != "reload") return child.fail("it asked something unknown");
    reload(base::json_text_or(question, "actor", "gateway"), base::json_text_or(question, "from", ""),
           [&child, life, id](const Json& answer) { child.answer(life, id, answer); });
  }

  base::Result<base::UniqueFd> open_relayed(const Json& question) {
    if (!config->mission_control || !config->mission_control->tunnel)
      return base::fail(base::Code::Denied, base::Side::Component, "the configuration has no tunnel");
    return relayed.open(question, loop.now());
  }

  std::vector<Child*> support_terminators() {
    std::vector<Child*> out;
    crew.each([&out](Child& child) {
      if (child.kind() == "terminator" && listener_of(child) == "support" &&
          child.state() == ChildState::Running)
        out.push_back(&child);
    });
    return out;
  }

  Json figures() const {
    Json all = crew.figures();
    if (const auto usage = proc::usage_of(::getpid()))
      all.push_back({{"name", "supervisor"}, {"cpu_us", usage->cpu}, {"resident_bytes", usage->resident}});
    return all;
  }

  void measure() {
    ledger.measured(
        host_figures(*config, own_certificates(*config, *material), {started, figures(), line.status()}));
  }

  void tell_of_nodes(const Config& before, const std::string& actor) {
    for (const NodeChange& one : node_changes(before, *config))
      ledger.append(one.added ? audit::EventType::NodeAdded : audit::EventType::NodeRemoved, actor, one.node,
                    {{"service", one.service}, {"node", one.node}});
  }

  Json status() const {
    const Config bound = as_bound(*config, sockets);
    return {{"version", POSTERN_VERSION},
            {"started", base::format_time(started)},
            {"config", plan.config_path},
            {"supervisor", {{"pid", ::getpid()}, {"confinement", plan.wall}}},
            {"sandbox", {{"mode", to_text(config->sandbox)}}},
            {"roles", crew.status()},
            {"runner", plan.runner},
            {"tls", {{"post_quantum", certs::has_post_quantum_agreement()}}},
            {"listeners", listeners_json(bound, *material)},
            {"certificates", certificates_json(own_certificates(*config, *material))},
            {"engineer_certificates", engineer_certificates_json(*config, *material, loop.wall())},
            {"revocations", revocations.status()},
            {"acme", upkeep.acme_status()},
            {"link", line.status()},
            {"component", component_json(bound, *material)}};
  }

  void look_at_crls() {
    if (reloading) return revocations.tell_of_crls();
    revocations.look_at_crls();
  }

  // What is made or read only once root was given up.
  void prepare(const Material& running, const Config& by, Material& of) {
    upkeep.prepare(running, by, of);
    line.prepare(mission_control(by), running.line, of.line);
    revocations.prepare(by, of);
  }

  void reload_link() { reload_all("link"); }

  void reload_all(std::string_view kind) {
    crew.each([&](Child& child) {
      if (child.kind() == kind && child.alive()) reload_with_files(child);
    });
  }

  void reload_with_files(Child& child) {
    Child::Beginning anew = beginning_of(child, given());
    child.reload(anew.config, anew.names, std::move(anew.fds));
  }

  // What the link fetched, or why it did not: {"ok":true, "from", "until"} or {"ok":false, "why"}.
  Json on_fetched(const Json& said) {
    const std::string name = base::json_text_or(said, "name", "");
    const auto failures = static_cast<int>(
        std::clamp<std::int64_t>(base::json_number_or(said, "failures", 1), 1, kMostFailures));
    const auto decoded = base::from_base64(base::json_text_or(said, "body", ""));
    base::Result<std::string> body =
        base::fail(base::Code::Unavailable, base::json_text_or(said, "why", "it gave nothing"));
    if (decoded && !decoded->empty()) body = *decoded;
    base::Result<certs::StapleTimes> verdict = find_stapled(*material, name) != nullptr
                                                   ? upkeep.on_staple(name, body, failures)
                                                   : revocations.on_fetched(name, body, failures);
    if (!verdict.ok()) return {{"ok", false}, {"why", verdict.error().message}};
    return {{"ok", true}, {"from", verdict->from}, {"until", verdict->until}};
  }

  // Nothing else is read again: who changes the log's key puts no half-written policy in force.
  Json read_log_keys() {
    base::Result<LogKeyFiles> files =
        open_log_keys(config->log_key.path, secrets_account(*config), config->pkcs11.has_value());
    if (!files.ok()) return {{"ok", false}, {"message", files.error().message}};
    const bool same = same_log_keys(material->log_keys, *files);
    material->log_keys = std::move(files).value();
    if (!same) crew.renew_keys(beginning_of(crew.keeper(), given()));
    return {{"ok", true}};
  }

  void reload(const std::string& actor, const std::string& from, const OnAnswer& done) {
    const bool handing_over = taking() || (giver != nullptr && giver->busy());
    if (handing_over || std::exchange(reloading, true)) {
      const Json busy =
          Json::array({{{"file", plan.config_path},
                        {"line", 0},
                        {"column", 0},
                        {"message", handing_over ? "a hand-over is under way" : "a reload is under way"}}});
      return done(
          {{"config", {{"ok", false}, {"faults", busy}}}, {"policy", {{"ok", false}, {"faults", busy}}}});
    }
    LoadedConfig wanted = load_config(plan.config_path, plan.cores);
    if (wanted.config != nullptr) {
      for (base::Fault& fault : faults_of_change(*config, *wanted.config)) {
        wanted.config_faults.push_back({plan.config_path, std::move(fault)});
      }
    }
    if (wanted.material != nullptr) {
      for (base::Fault& fault : faults_of_token_keys(*config, *material, *wanted.config, *wanted.material))
        wanted.config_faults.push_back({plan.config_path, std::move(fault)});
    }
    if (!wanted.ok()) return reject(wanted, actor, done);
    adopt(std::move(wanted), actor, from, done);
  }

  void reject(const LoadedConfig& wanted, const std::string& actor, const OnAnswer& done) {
    reloading = false;
    const auto tell = [&](const std::vector<FileFault>& faults, audit::EventType type) {
      if (faults.empty()) return;
      base::log_error("nothing was reloaded:\n" + format_faults(faults));
      ledger.append(type, actor, faults.front().file, rejection(faults));
    };
    tell(wanted.config_faults, audit::EventType::ConfigRejected);
    tell(wanted.policy_faults, audit::EventType::PolicyRejected);
    done({{"config", {{"ok", wanted.config_faults.empty()}, {"faults", faults_json(wanted.config_faults)}}},
          {"policy", {{"ok", wanted.policy_faults.empty()}, {"faults", faults_json(wanted.policy_faults)}}}});
  }

  void adopt(LoadedConfig wanted, const std::string& actor, const std::string& from, const OnAnswer& done) {
    const auto next = std::make_shared<Config>(*wanted.config);
    keep_node_numbers(*config, *next, next_node);
    prepare(*material, *next, *wanted.material);
    const std::vector<std::string> changed = differences(*config, *material, *next, *wanted.material);
    const Json policy_changes = compare_policies(*material->policy, *wanted.material->policy);
    const bool new_keys = keys_differ(*material, *wanted.material) ||
                          keeper_part(*config, *material) != keeper_part(*next, *wanted.material);
    const auto before = std::exchange(config, next);
    material = std::move(wanted.material);
    put_in_force();
    if (!changed.empty()) spread(changed, new_keys, actor);
    tell_of_nodes(*before, actor);
    if (before->monitoring.every != config->monitoring.every && measure_timer.running())
      measure_timer.start(0, config->monitoring.every * 1000);
    upkeep.tell_of_expiry();
    upkeep.tell_of_flaws();
    revocations.tell_of_crls();
    Json answer = {{"config", {{"ok", true}, {"faults", Json::array()}, {"changed", changed}}}};
    handover.put_changed(actor, from, policy_changes,
                         [this, answer = std::move(answer), done](const Json& policy_answer) {
                           reloading = false;
                           Json said = answer;
                           said["policy"] = policy_answer;
                           done(said);
                         });
  }

  void spread(const std::vector<std::string>& changed, bool new_keys, const std::string& actor) {
    ledger.append(audit::EventType::ConfigChanged, actor, plan.config_path,
                  {{"file", plan.config_path}, {"changed", joined(changed)}});
    // The keeper first: the new channels to it come to the terminators before their new certificates do.
    if (new_keys) crew.renew_keys(beginning_of(crew.keeper(), given()));
    crew.each([this](Child& child) {
      if (child.kind() == "keeper" || !child.alive()) return;
      if (child.kind() != "enforcer" && child.kind() != "link") return child.reload(part_of(child, given()));
      reload_with_files(child);
    });
  }

  // A new certificate of ours: nothing else is read again, as with the log's keys.
  void spread_material() {
    crew.renew_keys(beginning_of(crew.keeper(), given()));
    crew.each([this](Child& child) {
      if (!child.alive()) return;
      if (child.kind() == "link") return reload_with_files(child);
      if (child.kind() == "console" || child.kind() == "ledger" ||
          (child.kind() == "terminator" && listener_of(child) == "support"))
        child.reload(part_of(child, given()));
    });
  }

  void stop_timers() {
    expiry_timer.stop();
    crls_timer.stop();
    measure_timer.stop();
  }

  void stop() {
    if (taking() && !stopping) return give_up("it was asked to stop");
    if (std::exchange(stopping, true)) return crew.stop_now();
    handover.stop();
    stop_timers();
    const bool ending = giver != nullptr && giver->ending();
    if (giver != nullptr &&
        giver->abandon()) {  // nothing of it is left here, and the listeners are another's
      if (news.on_handed_over) news.on_handed_over(0);
      return;
    }
    // All ends of a listener are one socket. From now on a client is told at once that nobody is here,
    // instead of waiting in the queue of a socket from which nobody accepts.
    for (const base::UniqueFd* listener :
         {&sockets.support, &sockets.admin, &sockets.intake, &sockets.challenge}) {
      if (listener->valid()) ::shutdown(listener->get(), SHUT_RDWR);
    }
    if (ending) return;  // the roles stop already
    crew.stop(Crew::Stop::Asked, config->timeouts.drain * 1000 + base::kSecond, [this] {
      if (news.on_stopped) news.on_stopped();
    });
  }
};

Supervisor::Supervisor(loop::Loop& loop, Plan plan, LoadedConfig loaded, Sockets sockets, News news,
                       Inherited inherited)
    : internals_(std::make_unique<Internals>(loop, std::move(plan), std::move(loaded), std::move(sockets),
                                             std::move(news), std::move(inherited))) {}
Supervisor::~Supervisor() = default;

void Supervisor::start() {
  internals_->attest_own_wall();
  internals_->taking() ? internals_->crew.start_keeper() : internals_->crew.start();
}
void Supervisor::stop() { internals_->stop(); }
Json Supervisor::status() const { return internals_->status(); }

void Supervisor::reload(const std::string& actor, const std::string& from, OnAnswer done) {
  internals_->reload(actor, from, done);
}

}  // namespace postern::supervisor
