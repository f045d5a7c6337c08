// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/supervisor.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "certs/post_quantum.h"
#include "gateway/proc/usage.h"
#include "gateway/supervisor/expiry.h"
#include "gateway/supervisor/host_figures.h"
#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/staples.h"
#include "gateway/supervisor/supervisor_internals.h"

namespace postern::supervisor {

Supervisor::Internals::Internals(loop::Loop& of, Plan plan_, LoadedConfig loaded, Sockets sockets_,
                                 News news_, Inherited inherited_)
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
      link_connector(of, kMostLinkConnects),
      admin_link_connector(of, kMostLinkConnects),
      handover(of, ledger),
      expiry_timer(of, [this] { upkeep.tell_of_expiry(); }),
      crls_timer(of, [this] { look_at_crls(); }),
      measure_timer(of, [this] { measure(); }),
      line(line_calls()),
      relayed([this](audit::EventType type, const std::string& subject,
                     const base::Json& detail) { ledger.append(type, "gateway", subject, detail); },
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

void Supervisor::Internals::put_in_force() {
  line.adopt(mission_control(*config), material->line);
  handover.adopt(*config, *material);
  upkeep.adopt(*config, *material);
  revocations.adopt(*config, *material);
}

Line::Calls Supervisor::Internals::line_calls() {
  return {[this](audit::EventType type, const std::string& actor, const std::string& subject,
                 const base::Json& detail) { ledger.append(type, actor, subject, detail); },
          [this] { reload_link(); }, [this] { spread_material(); }, [this] { return loop.wall(); }};
}

Upkeep::Calls Supervisor::Internals::upkeep_calls() {
  Upkeep::Calls out;
  out.record = recorder();
  out.may_record = link_recording();
  out.tell_link = [this] { reload_link(); };
  out.new_certificate = [this] { spread_material(); };
  out.new_staple = [this](std::string_view listener) {
    crew.each([&](Child& child) {
      if (child.kind() == "terminator" && child.alive() && listener_of(child) == listener)
        child.reload(part_of(child, given()));
    });
  };
  out.now = [this] { return loop.wall(); };
  out.monotonic = [this] { return loop.now(); };
  return out;
}

Revocations::Calls Supervisor::Internals::revocations_calls() {
  Revocations::Calls out;
  out.record = recorder();
  out.may_record = link_recording();
  out.reload_enforcers = [this] { reload_all("enforcer"); };
  out.tell_enforcers = [this](const base::Json& part) {
    crew.each([&part](Child& child) {
      if (child.kind() == "enforcer" && child.alive()) child.reload(part);
    });
  };
  out.tell_link = [this](const base::Json& part) {
    crew.each([&part](Child& child) {
      if (child.kind() == "link" && !is_admin_link(child) && child.alive()) child.reload(part);
    });
  };
  out.spread = [this](const std::vector<std::string>& changed) { spread(changed, false, "gateway"); };
  out.now = [this] { return loop.wall(); };
  return out;
}

Crew::Duties Supervisor::Internals::duties() {
  Crew::Duties out;
  out.beginning = [this](const Child& child) { return beginning_of(child, given()); };
  out.on_ledger = [this](base::UniqueFd fd) { ledger.attach(std::move(fd)); };
  out.on_started = [this](Child& child) {
    const base::Json detail = {{"role", child.name()}, {"pid", child.pid()}, {"restarts", child.life() - 1}};
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
  out.on_ask = [this](Child& child, std::uint64_t id, const base::Json& question) {
    on_ask(child, id, question);
  };
  out.on_ended = [this](Child& child, pid_t pid, const std::string& reason) { on_ended(child, pid, reason); };
  return out;
}

void Supervisor::Internals::attest_own_wall() {
  base::Json out = {{"role", "supervisor"}, {"pid", ::getpid()}, {"mode", to_text(config->sandbox)}};
  out.update(plan.wall);
  ledger.append(audit::EventType::SandboxAttested, "gateway", "supervisor", out);
}

base::Json Supervisor::Internals::attestation(const Child& child) const {
  base::Json out = {{"role", child.name()}, {"pid", child.pid()}, {"mode", to_text(config->sandbox)}};
  out.update(child.proof());
  return out;
}

base::Json Supervisor::Internals::figures() const {
  base::Json all = crew.figures();
  if (const auto usage = proc::usage_of(::getpid()))
    all.push_back({{"name", "supervisor"}, {"cpu_us", usage->cpu}, {"resident_bytes", usage->resident}});
  return all;
}

void Supervisor::Internals::measure() {
  ledger.measured(
      host_figures(*config, own_certificates(*config, *material), {started, figures(), line.status()}));
}

base::Json Supervisor::Internals::status() const {
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
          {"limits", limits_json(config->limits)},
          {"certificates", certificates_json(own_certificates(*config, *material))},
          {"engineer_certificates", engineer_certificates_json(*config, *material, loop.wall())},
          {"revocations", revocations.status()},
          {"acme", upkeep.acme_status()},
          {"link", line.status()},
          {"component", component_json(bound, *material)}};
}

void Supervisor::Internals::look_at_crls() {
  if (reloading) return revocations.tell_of_crls();
  revocations.look_at_crls();
}

void Supervisor::Internals::prepare(const Material& running, const Config& by, Material& of) {
  upkeep.prepare(running, by, of);
  line.prepare(mission_control(by), running.line, of.line);
  revocations.prepare(by, of);
}

void Supervisor::Internals::stop_timers() {
  expiry_timer.stop();
  crls_timer.stop();
  measure_timer.stop();
}

void Supervisor::Internals::stop() {
  if (taking() && !stopping) return give_up("it was asked to stop");
  if (std::exchange(stopping, true)) return crew.stop_now();
  handover.stop();
  stop_timers();
  const bool ending = giver != nullptr && giver->ending();
  if (giver != nullptr && giver->abandon()) {  // nothing of it is left here, and the listeners are another's
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
base::Json Supervisor::status() const { return internals_->status(); }

void Supervisor::reload(const std::string& actor, const std::string& from, OnAnswer done) {
  internals_->reload(actor, from, done);
}

}  // namespace postern::supervisor
