// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/child.h"

#include <algorithm>
#include <csignal>

#include "base/bytes.h"
#include "base/log.h"
#include "gateway/proc/seccomp.h"
#include "gateway/proc/usage.h"

namespace postern::supervisor {
namespace {

constexpr int kDeathsCounted = 30;   // 100 ms doubled that often is far above the longest back-off
constexpr int kRefusedPerTurn = 64;  // answers to one role's self-test before others have their turn
constexpr std::uint32_t kNumberedFrom = 1000;  // indices from here on are names' own ("terminator.admin")

std::string name_of(const std::string& kind, std::uint32_t index) {
  if (kind == "terminator" || kind == "enforcer") {
    return kind + "." + (index == kNumberedFrom ? "admin" : std::to_string(index));
  }
  return index == kNumberedFrom ? kind + ".admin" : kind;
}

}  // namespace

base::Nanos back_off(int deaths) {
  base::Nanos wait = kFirstBackOff;
  for (int i = 1; i < std::min(deaths, kDeathsCounted); ++i) wait = std::min(wait * 2, kLongestBackOff);
  return wait;
}

bool counts_as_death(const proc::Ending& ending, bool killed_by_us) {
  return killed_by_us || ending.signal != SIGKILL;
}

std::string_view to_text(ChildState state) {
  switch (state) {
    case ChildState::Starting:
      return "starting";
    case ChildState::Running:
      return "running";
    case ChildState::BackingOff:
      return "backing_off";
    case ChildState::Stopped:
      break;
  }
  return "stopped";
}

Child::Child(loop::Loop& loop, std::string program, Identity identity, base::Nanos patience,
             const Listener& listener)
    : loop_(loop),
      program_(std::move(program)),
      kind_(std::move(identity.kind)),
      name_(name_of(kind_, identity.index)),
      index_(identity.index),
      patience_(patience),
      listener_(listener),
      again_(loop, [this] { begin(); }),
      late_(loop, [this] { fail("it was not ready within " + base::format_duration(patience_ / 1000)); }) {}

Child::~Child() { kill(); }

void Child::start() {
  stopping_ = false;
  begin();
}

void Child::begin() {
  state_ = ChildState::Starting;
  began_ = loop_.now();
  started_ = loop_.wall();
  base::Result<std::pair<base::UniqueFd, base::UniqueFd>> pair = ipc::make_socket_pair();
  base::Result<pid_t> pid = pair.ok() ? proc::spawn(program_, "postern-" + name_, pair->second.get())
                                      : base::Result<pid_t>(pair.error());
  ++lives_;
  killed_ = false;
  if (!pid.ok()) {
    base::log_error(pid.error().message);
    last_words_ = pid.error().message;
    return ended({127, 0});
  }
  pid_ = *pid;
  late_.start(patience_);
  control_ = std::make_unique<ipc::SocketChannel>(
      loop_, std::move(pair->first),
      ipc::SocketChannelLimits{ipc::kControlFrame, ipc::kControlQueue, ipc::kControlDescriptors},
      [this](std::uint16_t type, std::string_view payload, Fds fds) {
        if (type == static_cast<std::uint16_t>(ipc::FromRole::Confined)) return on_confined(std::move(fds));
        if (!fds.empty()) return fail("its descriptors is against the control protocol");
        on_frame(static_cast<ipc::FromRole>(type), payload);
      },
      [this](const base::Error& why) {
        if (why.code == base::Code::Limit) return fail(why.message);
        if (pid_ > 0)
          ::kill(pid_, SIGKILL);  // without its channel it is of no use; what ended it follows with SIGCHLD
      });
  // What waited goes first: what before_start offers is newer, and the newest wins.
  for (auto& [peer, fds] : std::exchange(offers_, {})) offer(peer.first, peer.second, std::move(fds));
  Beginning beginning = listener_.before_start(*this);
  send_start(std::move(beginning));
  listener_.on_started(*this);
}

// A page of its own for each life: what died had its say, and what is new begins at 0.
void Child::share_figures(Beginning& beginning) {
  auto page = ipc::FiguresPage::make();
  auto shared = page.ok() ? (*page)->share() : base::Result<base::UniqueFd>(page.error());
  figures_.reset();
  if (!shared.ok()) return base::log_warning(name_ + " counts for nobody: " + shared.error().message);
  figures_ = std::move(*page);
  beginning.names.emplace_back(ipc::kFiguresFd);
  beginning.fds.push_back(std::move(*shared));
}

void Child::send_start(Beginning beginning) {
  share_figures(beginning);
  const base::Json start = {
      {"name", name_}, {"index", index_}, {"config", std::move(beginning.config)}, {"fds", beginning.names}};
  send(ipc::ToRole::Start, base::dump_json(start), std::move(beginning.fds));
}

void Child::send(ipc::ToRole type, std::string_view payload, Fds fds) {
  if (control_ != nullptr) control_->send(static_cast<std::uint16_t>(type), payload, std::move(fds));
}

void Child::offer(std::string_view peer, std::uint32_t peer_index, Fds fds) {
  if (control_ == nullptr || !control_->open()) {
    offers_[{std::string(peer), peer_index}] = std::move(fds);
    return;
  }
  base::BinaryWriter out;
  encode(ipc::ChannelOffer{peer, peer_index}, out);
  send(ipc::ToRole::Channel, out.bytes(), std::move(fds));
}

void Child::reload(const base::Json& config, const std::vector<std::string>& names, Fds fds) {
  const base::Json frame = {{"config", config}, {"fds", names}};
  send(ipc::ToRole::Reload, base::dump_json(frame), std::move(fds));
}

void Child::give_up() {
  stopping_ = true;
  again_.stop();
  if (!alive()) state_ = ChildState::Stopped;
}

void Child::drain(bool for_another) {
  give_up();
  cut_ = 0;
  send(ipc::ToRole::Drain, for_another ? ipc::kForAnother : std::string_view());
}

void Child::leave(bool leaving) { send(ipc::ToRole::Leave, leaving ? ipc::kForAnother : ipc::kForNobody); }

void Child::kill() {
  give_up();
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

void Child::connected(std::uint64_t life, std::uint64_t id, base::UniqueFd socket) {
  if (life != lives_) return;
  base::BinaryWriter out;
  encode(ipc::Numbered{id, {}}, out);
  Fds fds;
  fds.push_back(std::move(socket));
  send(ipc::ToRole::Connected, out.bytes(), std::move(fds));
}

void Child::accepted(std::string_view client, std::string_view relay, base::UniqueFd socket) {
  base::BinaryWriter out;
  encode(ipc::AcceptedClient{client, relay}, out);
  Fds fds;
  fds.push_back(std::move(socket));
  send(ipc::ToRole::Accepted, out.bytes(), std::move(fds));
}

void Child::connect_failed(std::uint64_t life, std::uint64_t id, std::string_view why) {
  if (life != lives_) return;
  base::BinaryWriter out;
  encode(ipc::Numbered{id, why}, out);
  send(ipc::ToRole::ConnectFailed, out.bytes());
}

void Child::answer(std::uint64_t life, std::uint64_t id, const base::Json& json) {
  if (life != lives_) return;
  base::BinaryWriter out;
  const std::string text = base::dump_json(json);
  encode(ipc::Numbered{id, text}, out);
  send(ipc::ToRole::Answer, out.bytes());
}

void Child::on_frame(ipc::FromRole type, std::string_view payload) {
  switch (type) {
    case ipc::FromRole::Ready:
      return on_ready(payload);
    case ipc::FromRole::Confined:
      break;  // begin() has taken it
    case ipc::FromRole::Connect: {
      ipc::ConnectRequest request;
      if (!decode(payload, request)) return fail("its Connect is against the control protocol");
      return listener_.on_connect(*this, request);
    }
    case ipc::FromRole::Ask: {
      ipc::Numbered ask;
      if (!decode(payload, ask)) return fail("its Ask is against the control protocol");
      const base::Result<base::Json> question = base::parse_json(ask.text);
      if (!question.ok()) return fail("its Ask is against the control protocol");
      return listener_.on_ask(*this, ask.id, *question);
    }
    case ipc::FromRole::Drained:
      return on_drained(payload);
    case ipc::FromRole::Failed:
      return on_failed(payload);
  }
  fail("its frame is against the control protocol");
}

void Child::on_drained(std::string_view payload) {
  base::BinaryReader in(payload);
  cut_ = in.u32();
  if (!stopping_ || !in.done()) fail("its Drained is against the control protocol");
}

void Child::on_confined(Fds fds) {
  if (state_ != ChildState::Starting || filter_.valid() || fds.size() != 1)
    return fail("its Confined is against the control protocol");
  filter_ = std::move(fds[0]);
  watch_ = std::make_unique<loop::Poller>(loop_, filter_.get(), [this](unsigned) { on_refused_calls(); });
  watch_->want(loop::kReadable);
}

void Child::on_ready(std::string_view payload) {
  base::Result<base::Json> proof = base::parse_json(payload);
  if (state_ != ChildState::Starting || !proof.ok() || !proof->is_object())
    return fail("its Ready is against the control protocol");
  proof_ = std::move(*proof);
  proof_["witnessed"] = witnessed_;
  state_ = ChildState::Running;
  late_.stop();
  reason_.clear();
  listener_.on_ready(*this);
}

// The call has not been carried out, and whoever made it is held in the kernel.
void Child::on_refused_calls() {
  for (int i = 0; i < kRefusedPerTurn; ++i) {
    const base::Result<std::optional<proc::RefusedCall>> call = proc::next_refused(filter_.get());
    if (!call.ok()) return watch_->want(0);
    if (!*call) return;
    // A Ready that was said before the call was made has arrived by now, if it has not been read.
    if (state_ == ChildState::Starting) control_->take_arrived();
    if (state_ == ChildState::Starting) {
      ++witnessed_;
      proc::refuse(filter_.get(), **call);
      continue;
    }
    watch_->want(0);
    fail("it made the system call " + (*call)->name + ", which its profile does not list");
    return listener_.on_violated(*this, (*call)->name);
  }
}

// It has logged this itself, and ends by itself.
void Child::on_failed(std::string_view why) {
  if (last_words_.empty()) last_words_ = base::printable(why, ipc::kReasonLimit);
}

void Child::fail(std::string_view why) {
  base::log_error(name_ + " is killed: " + std::string(why));
  if (last_words_.empty()) last_words_ = why;
  killed_ = true;
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

void Child::look() {
  if (pid_ <= 0) return;
  const std::optional<proc::Ending> ending = proc::reap(pid_);
  if (ending) ended(*ending);
}

void Child::ended(const proc::Ending& ending) {
  const pid_t pid = std::exchange(pid_, -1);
  if (control_ != nullptr) control_->take_arrived();  // its end may be known before its last words
  control_.reset();
  watch_.reset();
  filter_.reset();
  witnessed_ = 0;
  proof_ = nullptr;
  late_.stop();
  if (loop_.now() - began_ >= kSettled) deaths_ = 0;
  const bool counts = counts_as_death(ending, killed_);
  if (!stopping_ && counts) ++deaths_;
  const base::Nanos wait = counts ? back_off(deaths_) : kFirstBackOff;
  state_ = stopping_ ? ChildState::Stopped : ChildState::BackingOff;
  if (!stopping_) again_.start(wait);
  const std::string words = std::exchange(last_words_, {});
  reason_ = stopping_ ? std::string() : ending.text() + (words.empty() ? "" : ": " + words);
  if (!stopping_) {
    base::log_error(name_ + " ended with " + ending.text() + ": it starts again in " +
                    base::format_duration(wait / 1000));
  }
  listener_.on_ended(*this, pid, reason_);
}

base::Json Child::figures() const {
  base::Json out = base::Json::object();
  if (!alive()) return out;
  out["name"] = name_;
  if (const auto usage = proc::usage_of(pid_)) {
    out["cpu_us"] = usage->cpu;
    out["resident_bytes"] = usage->resident;
  }
  if (figures_ == nullptr) return out;
  const ipc::RoleFigures now = figures_->read();
  out["figures"] = now.values;
  for (const ipc::TimingFigures& timing : now.timings) {
    base::Json buckets = timing.counts;
    buckets.push_back(timing.micros);
    out["timings"].push_back(std::move(buckets));
  }
  return out;
}

base::Json Child::status() const {
  base::Json out = {{"name", name_}, {"state", to_text(state_)}, {"restarts", lives_ == 0 ? 0 : lives_ - 1}};
  if (alive()) out["pid"] = pid_;
  if (alive()) out["started"] = base::format_time(started_);
  if (!proof_.is_null()) out["confinement"] = proof_;
  if (!reason_.empty()) out["reason"] = reason_;
  return out;
}

}  // namespace postern::supervisor
