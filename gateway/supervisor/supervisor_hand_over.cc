// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "gateway/proc/notify.h"
#include "gateway/supervisor/supervisor_internals.h"

namespace postern::supervisor {

void Supervisor::Internals::prepared() {
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

void Supervisor::Internals::serve() {
  if (taking()) {
    const base::Micros mine = (loop.now() - began) / 1000;
    base::Json detail = {{"version", POSTERN_VERSION},
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

void Supervisor::Internals::give_up(const std::string& why) {
  if (std::exchange(stopping, true)) return;
  base::log_error("nothing is taken over: " + why);
  inherited.taker->failed(why);
  crew.stop(Crew::Stop::ForAnother, base::kSecond, [this] {
    if (news.on_given_up) news.on_given_up();
  });
  crew.stop_now();
}

base::UniqueFd Supervisor::Internals::another(const base::UniqueFd& fd) {
  return base::UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

HandOverGiver::Calls Supervisor::Internals::giver_calls() {
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

HandOverGiver::Offered Supervisor::Internals::offer() const {
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

void Supervisor::Internals::tell_to_leave(bool leave) {
  leaving.clear();
  crew.each([&](Child& child) {
    if (child.kind() != "terminator" || !child.alive()) return;
    child.leave(leave);
    leaving.insert(&child);
  });
}

void Supervisor::Internals::on_left(const Child& child) {
  leaving.erase(&child);
  if (leaving.empty() && giver != nullptr) giver->left();
}

void Supervisor::Internals::end_for_another(const std::function<void(std::uint32_t)>& done) {
  stop_timers();
  crew.stop(Crew::Stop::ForAnother, config->timeouts.hand_over * 1000 + base::kSecond, [this, done] {
    if (!stopping) return done(crew.cut());
    if (news.on_stopped) news.on_stopped();
  });
}

void Supervisor::Internals::take_back(const HandOverGiver::Failure& failure) {
  base::log_error("the hand-over to version " + failure.version +
                  " failed, and this gateway goes on: " + failure.why);
  base::Json detail = {{"version", failure.version}, {"why", failure.why}, {"duration_us", failure.duration}};
  if (failure.ended) detail["closed_us"] = failure.closed;
  ledger.append(audit::EventType::GatewayHandOverFailed, "gateway", {}, detail);
  if (failure.ended) crew.start();
}

}  // namespace postern::supervisor
