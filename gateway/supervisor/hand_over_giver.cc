// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/hand_over_giver.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "gateway/loop/dispose_later.h"

namespace postern::supervisor {

HandOverGiver::HandOverGiver(loop::Loop& loop, base::UniqueFd listener, Calls calls)
    : loop_(loop),
      listener_(std::move(listener)),
      calls_(std::move(calls)),
      patience_(loop,
                [this] {
                  if (step_ == Step::Leaving) return end();
                  fail("it was not prepared in time");
                }),
      poller_(loop, listener_.get(), [this](unsigned) { accept(); }) {
  poller_.want(loop::kReadable);
}

HandOverGiver::~HandOverGiver() = default;

void HandOverGiver::accept() {
  base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid()) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  if (peer.uid != ::geteuid())
    return refuse(std::move(socket), "only the account of the gateway may take over, and this is user " +
                                         std::to_string(peer.uid));
  if (step_ != Step::Idle) return refuse(std::move(socket), "another hand-over is under way");
  drop_channel();  // who has said nothing until now keeps nobody from it
  successor_ = peer.pid;
  channel_ = std::make_unique<ipc::SocketChannel>(
      loop_, std::move(socket), kHandOverLimits,
      [this](std::uint16_t type, std::string_view payload, const ipc::SocketChannel::Fds&) {
        on_frame(static_cast<HandOverFrame>(type), payload);
      },
      [this](const base::Error&) { fail(why_.empty() ? "it ended before it served" : why_); });
}

void HandOverGiver::refuse(base::UniqueFd socket, const std::string& why) {
  base::log_warning("nothing is handed over: " + why);
  ipc::SocketChannel once(
      loop_, std::move(socket), kHandOverLimits,
      [](std::uint16_t, std::string_view, const ipc::SocketChannel::Fds&) {}, [](const base::Error&) {});
  const base::Json said = {{"why", why}};
  once.send(static_cast<std::uint16_t>(HandOverFrame::Refused), base::dump_json(said));
  once.flush();
}

void HandOverGiver::send(HandOverFrame type, const base::Json& said, ipc::SocketChannel::Fds fds) {
  if (channel_ == nullptr) return;
  channel_->send(static_cast<std::uint16_t>(type), base::dump_json(said), std::move(fds));
  channel_->flush();
}

void HandOverGiver::on_frame(HandOverFrame type, std::string_view payload) {
  if (type == HandOverFrame::Ask && step_ == Step::Idle) return on_ask(payload);
  if (type == HandOverFrame::Failed) {
    why_ = parse_hand_over_why(payload);  // it ends by itself; then, and not before, its ledger is gone
    return;
  }
  if (type == HandOverFrame::Prepared && step_ == Step::Offered) {
    base::log_info("version " + version_ + " is prepared to take over: clients are told to go");
    step_ = Step::Leaving;
    patience_.start(limit_);
    return calls_.leave(true);
  }
  if (type == HandOverFrame::Serving && step_ == Step::Given) {
    step_ = Step::Over;
    patience_.stop();
    return calls_.over(successor_);
  }
  fail("it said what does not fit");
}

void HandOverGiver::on_ask(std::string_view payload) {
  const base::Result<std::string> version = parse_hand_over_ask(payload);
  const std::string hindrance = version.ok() ? calls_.hindrance(successor_) : version.error().message;
  if (!hindrance.empty()) {
    base::log_warning("nothing is handed over: " + hindrance);
    send(HandOverFrame::Refused, {{"why", hindrance}});
    return drop_channel();
  }
  version_ = *version;
  asked_ = loop_.now();
  closed_ = 0;
  peer_gone_ = false;
  why_.clear();
  step_ = Step::Offered;
  patience_.start(kPreparePatience);
  Offered offered = calls_.offer();
  send(HandOverFrame::Offer, to_json(offered.offer), std::move(offered.fds));
}

void HandOverGiver::left() {
  if (step_ == Step::Leaving) end();
}

void HandOverGiver::end() {
  patience_.stop();
  step_ = Step::Ending;
  closed_ = loop_.now();
  calls_.end([this](std::uint32_t cut) { give(cut); });
}

void HandOverGiver::give(std::uint32_t cut) {
  step_ = Step::Given;
  if (peer_gone_) return fail(why_);
  const base::Nanos now = loop_.now();
  send(HandOverFrame::Yours, to_json(HandOverEnd{cut, (now - closed_) / 1000, (now - asked_) / 1000}));
}

void HandOverGiver::fail(const std::string& why) {
  drop_channel();
  if (step_ == Step::Idle || step_ == Step::Over) return;
  why_ = why;
  peer_gone_ = true;
  if (step_ == Step::Ending) return;  // the log has begun to end: first to the end, then anew
  const base::Nanos now = loop_.now();
  const bool wanted_nothing = step_ == Step::Offered && why_ == "it ended before it served";
  Failure failure{version_, why, (now - asked_) / 1000, closed_ == 0 ? 0 : (now - closed_) / 1000,
                  step_ == Step::Given};
  if (step_ == Step::Leaving) calls_.leave(false);
  patience_.stop();
  step_ = Step::Idle;
  if (wanted_nothing) return base::log_info("version " + version_ + " asked to take over, and went away");
  calls_.failed(failure);
}

void HandOverGiver::drop_channel() {
  if (channel_ == nullptr) return;
  channel_->close();
  loop::dispose_later(loop_, std::move(channel_));
}

bool HandOverGiver::abandon() {
  if (step_ == Step::Given) return true;
  send(HandOverFrame::Refused, {{"why", "the gateway is being stopped"}});
  drop_channel();
  patience_.stop();
  step_ = Step::Over;
  poller_.want(0);
  return false;
}

}  // namespace postern::supervisor
