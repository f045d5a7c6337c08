// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/crew.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "gateway/ipc/ring.h"

namespace postern::supervisor {
namespace {

Child::Fds ring_fds(ipc::RingEnds ends) {
  Child::Fds fds;
  fds.push_back(std::move(ends.memory));
  fds.push_back(std::move(ends.wake_me));
  fds.push_back(std::move(ends.wake_peer));
  return fds;
}

Child::Fds one_fd(int fd) {
  Child::Fds fds;
  fds.emplace_back(fd);
  return fds;
}

bool is_between(const Shape::Channel& one, const Child& asker, const Child& server) {
  return asker.kind() == one.asker && server.kind() == one.server;
}

}  // namespace

Shape gateway_shape(GatewaySize size) {
  Shape out;
  const auto pairs = static_cast<std::uint32_t>(size.workers);
  out.members = {{"keeper", 0, 0, 3}, {"ledger", 0, 0, 2}, {"console", 0, 0, 0}};
  for (std::uint32_t i = 0; i < pairs; ++i) out.members.push_back({"enforcer", i, 1, 1});
  for (std::uint32_t i = 0; i < pairs; ++i) out.members.push_back({"terminator", i, 2, 0});
  out.members.push_back({"terminator", kAdminIndex, 2, 0});
  if (size.link) out.members.push_back({"link", 0, 2, 1});
  if (size.admin_link) out.members.push_back({"link", kAdminIndex, 2, 1});
  for (std::uint32_t i = 0; i < pairs; ++i) out.pairs.push_back({i, "enforcer", i, true});
  out.pairs.push_back({kAdminIndex, "console", 0, false});
  for (const char* asker : {"terminator", "enforcer", "ledger", "link"})
    out.channels.push_back({asker, "keeper", SOCK_SEQPACKET});
  for (const char* asker : {"enforcer", "console", "link"})
    out.channels.push_back({asker, "ledger", SOCK_STREAM | SOCK_NONBLOCK});
  return out;
}

Crew::Crew(loop::Loop& loop, const std::string& directory, const Shape& shape, Duties duties)
    : loop_(loop),
      directory_(directory),
      duties_(std::move(duties)),
      channels_(shape.channels),
      ended_(loop, SIGCHLD,
             [this] {
               for (const auto& child : children_) child->look();
             }),
      patience_(loop, [this] {
        base::log_warning("not all roles finished in time: those that are left are killed");
        for (Child* child : stops_[stop_step_]) child->kill();
      }) {
  listener_ = {
      [this](Child& child) { return before_start(child); },
      [this](Child& child) { duties_.on_started(child); },
      [this](Child& child) { on_ready(child); },
      [this](Child& child, const std::string& call) { duties_.on_violated(child, call); },
      [this](Child& child, const ipc::ConnectRequest& request) { duties_.on_connect(child, request); },
      [this](Child& child, std::uint64_t id, const base::Json& question) {
        duties_.on_ask(child, id, question);
      },
      [this](Child& child, pid_t pid, const std::string& reason) { on_ended(child, pid, reason); }};
  for (const Shape::Member& member : shape.members) add(member);
  for (const Shape::Pair& pair : shape.pairs)
    rings_.push_back({find(pair.kind, pair.terminator), find(pair.answerer, pair.index), pair.stops});
  keeper_ = find("keeper", 0);
  ledger_ = find("ledger", 0);
}

Crew::~Crew() = default;

Child* Crew::add(const Shape::Member& member) {
  const base::Nanos patience =
      member.kind == std::string_view("ledger") ? kLedgerStartPatience : kStartPatience;
  children_.push_back(std::make_unique<Child>(loop_, directory_ + "/" + member.kind,
                                              Child::Identity{member.kind, member.index}, patience,
                                              listener_));
  Child* const child = children_.back().get();
  if (starts_.size() <= member.start) starts_.resize(member.start + 1);
  if (stops_.size() <= member.stop) stops_.resize(member.stop + 1);
  starts_[member.start].push_back(child);
  stops_[member.stop].push_back(child);
  return child;
}

Child* Crew::find(std::string_view kind, std::uint32_t index) const {
  for (const auto& child : children_) {
    if (child->kind() == kind && child->index() == index) return child.get();
  }
  return nullptr;
}

bool Crew::asks(const Child& asker, const Child& server) const {
  return std::any_of(channels_.begin(), channels_.end(),
                     [&](const Shape::Channel& one) { return is_between(one, asker, server); });
}

void Crew::prepare() {
  if (std::exchange(prepared_, true)) return;
  started_steps_ = stop_step_ = 0;
  stopping_ = all_ready_ = false;
  for (Ring& ring : rings_) make_ring(ring);
  stop_bells_.clear();
  if (ledger_ != nullptr) make_stop_word();
}

void Crew::start() {
  prepare();
  for (Child* child : starts_[started_steps_++]) {
    if (!child->alive()) child->start();
  }
}

void Crew::start_keeper() {
  prepare();
  keeper_->start();
}

Child* Crew::terminator_of(const Child& answerer) {
  for (const Ring& ring : rings_) {
    if (ring.answerer == &answerer) return ring.terminator;
  }
  return nullptr;
}

Child* Crew::terminator_of(const Child& answerer, std::uint32_t index) {
  for (const Ring& ring : rings_) {
    if (ring.answerer == &answerer && ring.terminator->index() == index) return ring.terminator;
  }
  return nullptr;
}

Child::Beginning Crew::before_start(Child& child) {
  for (Ring& ring : rings_) {
    if (!ring.made && (ring.terminator == &child || ring.answerer == &child)) make_ring(ring);
  }
  link_sockets(child);
  Child::Beginning beginning = duties_.beginning(child);
  share_stop_word(child, beginning);
  return beginning;
}

void Crew::make_stop_word() {
  auto page = ipc::SharedPage::make("the stop word");
  if (!page.ok()) return base::log_error(page.error().message);
  stop_word_ = std::move(*page);
  for (const Ring& ring : rings_) {
    if (!ring.stops) continue;
    stop_bells_.emplace_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop_bells_.back().valid()) base::log_error(base::fail_errno("eventfd", errno).message);
  }
}

// Without it a permission that is taken away still cuts what runs, a little later.
void Crew::share_stop_word(const Child& child, Child::Beginning& beginning) const {
  const bool reads = std::any_of(rings_.begin(), rings_.end(),
                                 [&](const Ring& ring) { return ring.terminator == &child && ring.stops; });
  if (!stop_word_ || (!reads && &child != ledger_)) return;
  auto shared = stop_word_->share(reads ? ipc::SharedPage::Use::Read : ipc::SharedPage::Use::Write);
  if (!shared.ok()) return base::log_warning(child.name() + ": " + shared.error().message);
  beginning.names.emplace_back(ipc::kStopWordFd);
  beginning.fds.push_back(std::move(*shared));
  std::size_t shared_bells = 0;
  for (std::size_t i = 0; i < stop_bells_.size(); ++i) {
    if (reads && child.index() != i) continue;
    base::UniqueFd bell(::fcntl(stop_bells_[i].get(), F_DUPFD_CLOEXEC, 0));
    if (!bell.valid()) continue;
    beginning.names.push_back(std::string(ipc::kStopBellFd) +
                              (reads ? std::string() : std::to_string(shared_bells++)));
    beginning.fds.push_back(std::move(bell));
  }
}

void Crew::on_ready(Child& child) {
  duties_.on_ready(child);
  advance();
}

void Crew::advance() {
  while (!stopping_ && !all_ready_ && started_steps_ > 0) {
    for (std::size_t step = 0; step < started_steps_; ++step) {
      for (const Child* child : starts_[step]) {
        if (child->state() != ChildState::Running) return;
      }
    }
    if (started_steps_ == starts_.size()) {
      all_ready_ = true;
      return duties_.on_all_ready();
    }
    for (Child* child : starts_[started_steps_++]) child->start();
  }
}

void Crew::on_ended(Child& child, pid_t pid, const std::string& reason) {
  duties_.on_ended(child, pid, reason);
  if (stopping_) return after_stop_step();
  for (Ring& ring : rings_) {
    if (ring.terminator == &child || ring.answerer == &child) make_ring(ring);
  }
}

// To each peer that lives; one that does not makes its own when it starts.
void Crew::link_sockets(Child& child) {
  for (const auto& other : children_) {
    if (!other->alive() || other.get() == &child) continue;
    Child* const pair[] = {&child, other.get()};
    for (int way = 0; way < 2; ++way) {
      Child& asker = *pair[way];
      Child& server = *pair[1 - way];
      for (const Shape::Channel& one : channels_) {
        if (is_between(one, asker, server)) link(asker, server, one.type);
      }
    }
  }
  if (&child != ledger_) return;
  base::Result<std::pair<base::UniqueFd, base::UniqueFd>> own = ipc::make_socket_pair();
  if (!own.ok()) return base::log_error(own.error().message);
  ledger_->offer("supervisor", 0, one_fd(own->second.release()));
  duties_.on_ledger(std::move(own->first));
}

// A role that misses a channel because there was no descriptor left is of no use: it is killed, and tries
// again after its back-off.
void Crew::link(Child& asker, Child& server, int socket_type) {
  int fds[2];
  if (::socketpair(AF_UNIX, socket_type | SOCK_CLOEXEC, 0, fds) != 0) {
    return asker.fail(base::fail_errno("no channel to the " + server.kind(), errno).message);
  }
  asker.offer(server.kind(), 0, one_fd(fds[0]));
  server.offer(asker.kind(), asker.index(), one_fd(fds[1]));
}

void Crew::renew_keys(Child::Beginning beginning) {
  if (!keeper_->alive()) return;
  keeper_->reload(beginning.config, beginning.names, std::move(beginning.fds));
  for (const auto& child : children_) {
    if (child->alive() && asks(*child, *keeper_)) link(*child, *keeper_, SOCK_SEQPACKET);
  }
}

void Crew::make_ring(Ring& ring) {
  base::Result<std::pair<ipc::RingEnds, ipc::RingEnds>> pair = ipc::make_ring_pair();
  ring.made = pair.ok();
  if (!pair.ok())
    return base::log_error("no ring for " + ring.terminator->name() + ": " + pair.error().message);
  ring.terminator->offer("exchange", 0, ring_fds(std::move(pair->first)));
  ring.answerer->offer("exchange", ring.terminator->index(), ring_fds(std::move(pair->second)));
}

void Crew::stop(Stop why, base::Nanos drain, std::function<void()> done) {
  if (std::exchange(stopping_, true)) return;
  prepared_ = false;
  for_another_ = why == Stop::ForAnother;
  drain_ = drain;
  stopped_ = std::move(done);
  // Those whose turn comes later are not started again if they fail meanwhile.
  for (const auto& child : children_) child->give_up();
  stop_step();
}

void Crew::stop_step() {
  for (Child* child : stops_[stop_step_]) child->drain(for_another_);
  patience_.start(stop_step_ == 0 ? drain_ : kStopPatience);
  after_stop_step();
}

void Crew::after_stop_step() {
  const auto alive = [](const Child* child) { return child->alive(); };
  if (stopped_ == nullptr || std::any_of(stops_[stop_step_].begin(), stops_[stop_step_].end(), alive)) return;
  patience_.stop();
  if (++stop_step_ < stops_.size()) return stop_step();
  std::exchange(stopped_, nullptr)();
}

void Crew::stop_now() {
  for (const auto& child : children_) child->kill();
}

std::uint32_t Crew::cut() const {
  std::uint32_t out = 0;
  for (const auto& child : children_) out += child->cut();
  return out;
}

void Crew::each(const std::function<void(Child&)>& visit) {
  for (const auto& child : children_) visit(*child);
}

base::Json Crew::figures() const {
  base::Json out = base::Json::array();
  for (const auto& child : children_) {
    if (child->alive()) out.push_back(child->figures());
  }
  return out;
}

base::Json Crew::status() const {
  base::Json out = base::Json::array();
  for (const auto& child : children_) out.push_back(child->status());
  return out;
}

}  // namespace postern::supervisor
