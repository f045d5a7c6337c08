// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/hand_over_taker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"

namespace postern::supervisor {
namespace {

constexpr base::Nanos kDeathLook = 10 * base::kMillisecond;

bool is_same(const Address& wanted, const Address& offered) {
  return wanted.host == offered.host && wanted.v6 == offered.v6 &&
         (wanted.port == 0 || wanted.port == offered.port);
}

base::Error does_not_fit(const std::string& what) {
  return base::fail(base::Code::Denied, what + ": that needs a restart, and cannot be taken over");
}

}  // namespace

HandOverTaker::HandOverTaker(loop::Loop& loop, base::UniqueFd socket)
    : loop_(loop),
      channel_(std::make_unique<ipc::SocketChannel>(
          loop, std::move(socket), kHandOverLimits,
          [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds fds) {
            on_frame(static_cast<HandOverFrame>(type), payload, std::move(fds));
          },
          [this](const base::Error&) { on_closed(); })),
      timer_(loop, [this] {
        offered_ ? look_whether_dead() : lose("the running gateway did not answer in time");
      }) {}

HandOverTaker::~HandOverTaker() = default;

base::Result<std::unique_ptr<HandOverTaker>> HandOverTaker::ask(loop::Loop& loop, const Config& config) {
  base::Result<base::UniqueFd> socket = connect_hand_over(config.state_directory.path);
  if (!socket.ok()) return socket.error();
  std::unique_ptr<HandOverTaker> taker(new HandOverTaker(loop, std::move(socket).value()));
  taker->on_lost_ = [&loop, why = &taker->why_](const std::string& said) {
    *why = said;
    loop.stop();
  };
  taker->send(HandOverFrame::Ask, {{"protocol", kHandOverProtocol}, {"version", POSTERN_VERSION}});
  taker->timer_.start(kOfferPatience);
  loop.run();
  taker->timer_.stop();
  taker->on_lost_ = nullptr;
  if (!taker->offered_) return base::fail(base::Code::Denied, taker->why_);
  const base::Status fits = taker->check(config);
  if (!fits.ok()) return fits.error();
  return taker;
}

base::Status HandOverTaker::check(const Config& config) const {
  if (!is_same(config.support.address, offer_.support))
    return does_not_fit("engineers come in at " + offer_.support.text() + ", and the configuration says " +
                        config.support.address.text());
  if (!is_same(config.admin.address, offer_.admin))
    return does_not_fit("admins come in at " + offer_.admin.text() + ", and the configuration says " +
                        config.admin.address.text());
  if (config.control_socket.path != offer_.control)
    return does_not_fit("the control socket is " + offer_.control + ", and the configuration says " +
                        config.control_socket.path);
  const bool by_http = config.acme && !config.acme->by_tls;
  if (by_http != offer_.challenge.has_value() ||
      (by_http && !is_same(config.acme->challenge, *offer_.challenge)))
    return does_not_fit("the configuration wants another listener for challenges");
  return base::Ok{};
}

void HandOverTaker::on_frame(HandOverFrame type, std::string_view payload, ipc::SocketChannel::Fds fds) {
  if (type == HandOverFrame::Refused) return lose(parse_hand_over_why(payload));
  if (type == HandOverFrame::Offer && !offered_) return on_offer(payload, std::move(fds));
  const base::Result<HandOverEnd> end = parse_hand_over_end(payload);
  if (type != HandOverFrame::Yours || !prepared_ || yours_ || !end.ok())
    return lose("the running gateway said what does not fit");
  yours_ = true;
  on_yours_(*end, false);
}

void HandOverTaker::on_offer(std::string_view payload, ipc::SocketChannel::Fds fds) {
  base::Result<HandOverOffer> offer = parse_hand_over_offer(payload);
  if (!offer.ok()) return lose(offer.error().message);
  if (offer->fds.size() != fds.size()) return lose("the running gateway gave other sockets than it said");
  struct Place {
    std::string_view name;
    base::UniqueFd& fd;
  };
  const std::array places{Place{"support", support_},
                          Place{"admin", admin_},
                          Place{"control", control_},
                          Place{"hand_over", hand_over_},
                          Place{"challenge", challenge_},
                          Place{"notify", notify_},
                          Place{"log", log_}};
  for (std::size_t i = 0; i < fds.size(); ++i) {
    for (const Place& place : places) {
      if (place.name == offer->fds[i]) place.fd = std::move(fds[i]);
    }
  }
  for (const base::UniqueFd* needed : {&support_, &admin_, &control_, &hand_over_, &log_}) {
    if (!needed->valid()) return lose("the running gateway did not give all sockets");
  }
  process_ = base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(offer->pid), 0)));
  offer_ = *std::move(offer);
  offered_ = true;
  loop_.stop();
}

Sockets HandOverTaker::take_sockets() {
  Sockets out;
  out.support = std::move(support_);
  out.admin = std::move(admin_);
  out.control = std::move(control_);
  out.hand_over = std::move(hand_over_);
  out.challenge = std::move(challenge_);
  out.support_address = offer_.support;
  out.admin_address = offer_.admin;
  if (offer_.challenge) out.challenge_address = *offer_.challenge;
  return out;
}

void HandOverTaker::take_log() {
  told_ = base::UniqueFd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  ::dup2(log_.get(), STDERR_FILENO);
  ::dup2(log_.get(), STDOUT_FILENO);
  log_.reset();
}

void HandOverTaker::say(const std::string& what) const {
  const std::string line = "postern: " + what + "\n";
  if (told_.valid() && ::write(told_.get(), line.data(), line.size()) < 0)
    base::log_warning("whoever started this does not listen");
}

void HandOverTaker::prepared(std::function<void(const HandOverEnd&, bool dead)> on_yours,
                             std::function<void(const std::string& why)> on_lost) {
  prepared_ = true;
  on_yours_ = std::move(on_yours);
  on_lost_ = std::move(on_lost);
  if (!why_.empty()) return on_lost_(why_);
  if (dead_) {
    yours_ = true;
    return on_yours_({}, true);
  }
  send(HandOverFrame::Prepared, base::Json::object());
}

void HandOverTaker::serving() {
  send(HandOverFrame::Serving, base::Json::object());
  told_.reset();
}

void HandOverTaker::failed(const std::string& why) {
  say("the running gateway goes on: " + why);
  send(HandOverFrame::Failed, {{"why", why}});
}

void HandOverTaker::send(HandOverFrame type, const base::Json& said) {
  if (!channel_->open()) return;
  channel_->send(static_cast<std::uint16_t>(type), base::dump_json(said));
  channel_->flush();
}

void HandOverTaker::on_closed() {
  if (!offered_) return lose("the running gateway broke off");
  closed_at_ = loop_.now();
  timer_.start(0, kDeathLook);
}

// Who has died can neither go on nor be asked. Its roles die with it, and with them the lock on the log.
void HandOverTaker::look_whether_dead() {
  pollfd ended{process_.get(), POLLIN, 0};
  if (process_.valid() && ::poll(&ended, 1, 0) == 1) {
    timer_.stop();
    dead_ = true;
    if (yours_) return;
    base::log_warning("the gateway that was to hand over has died: this one goes on in its place");
    if (!prepared_) return;
    yours_ = true;
    return on_yours_({}, true);
  }
  if (loop_.now() - closed_at_ < kDeathPatience) return;
  timer_.stop();
  if (!yours_) lose("the running gateway broke off, and goes on");
}

void HandOverTaker::lose(const std::string& why) {
  if (yours_) return;
  why_ = why;
  if (on_lost_) on_lost_(why);
}

}  // namespace postern::supervisor
