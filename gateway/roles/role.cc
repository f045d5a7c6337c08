// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/roles/role.h"

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"
#include "base/log.h"
#include "gateway/ipc/control_protocol.h"
#include "gateway/ipc/figures.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/proc/confine.h"
#include "gateway/proc/privileges.h"
#include "gateway/proc/self_test.h"

#if defined(__SANITIZE_ADDRESS__)
// A hardened process may not be traced by its own user, and LeakSanitizer works by tracing.
extern "C" const char* __asan_default_options();                              // NOLINT
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT
#endif

namespace postern::roles {
namespace {

constexpr std::size_t kMostEarlyChannels = 256;  // that may come before their on_channel

bool is_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

const proc::Profile& row_of(std::string_view kind) {
  const proc::Profile* profile = proc::profile_of(kind);
  POSTERN_CHECK(profile != nullptr);
  return *profile;
}

std::string listing(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : "; ") + text;
  return out;
}

base::Level level_of(const std::string& text) {
  if (text == "debug") return base::Level::Debug;
  if (text == "warning") return base::Level::Warning;
  return text == "error" ? base::Level::Error : base::Level::Info;
}

}  // namespace

struct Role::Internals {
  struct EarlyChannel {
    std::string peer;
    std::uint32_t index = 0;
    Fds fds;
  };

  Role& role;
  const proc::Profile* profile;
  loop::Loop loop;
  std::unique_ptr<ipc::SocketChannel> control;
  bool started = false;
  bool serving = false;
  bool is_drained = false;
  std::string name;
  std::uint32_t index = 0;
  base::Json config;
  std::map<std::string, base::UniqueFd> fds;
  std::vector<EarlyChannel> early;
  std::map<std::string, std::function<void(std::uint32_t, Fds)>, std::less<>> channels;
  std::function<void(const base::Json&)> reload;
  std::function<void(base::UniqueFd, std::string_view, std::string_view)> accepted;
  std::function<void()> drain;
  std::function<void(bool)> leave;
  bool drain_wanted = false;
  bool handing_over = false;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, std::function<void(base::Result<base::UniqueFd>)>> connects;
  std::map<std::uint64_t, std::function<void(const base::Json&)>> questions;

  Internals(Role& owner, const proc::Profile& row) : role(owner), profile(&row) {
    control = std::make_unique<ipc::SocketChannel>(
        loop, base::UniqueFd(ipc::kControlFd),
        ipc::SocketChannelLimits{ipc::kControlFrame, ipc::kControlQueue},
        [this](std::uint16_t type, std::string_view payload, Fds received) {
          on_frame(static_cast<ipc::ToRole>(type), payload, std::move(received));
        },
        [this](const base::Error& why) { role.fail("the supervisor is gone: " + why.message); });
  }

  void on_frame(ipc::ToRole type, std::string_view payload, Fds received) {
    switch (type) {
      case ipc::ToRole::Start:
        return on_start(payload, std::move(received));
      case ipc::ToRole::Channel:
        return on_channel(payload, std::move(received));
      case ipc::ToRole::Reload:
        return on_reload(payload, std::move(received));
      case ipc::ToRole::Drain:
        handing_over = payload == ipc::kForAnother;
        return on_drain();
      case ipc::ToRole::Leave:
        if (leave) leave(payload == ipc::kForAnother);
        return;
      case ipc::ToRole::Connected:
      case ipc::ToRole::ConnectFailed:
        return on_connected(type, payload, std::move(received));
      case ipc::ToRole::Answer:
        return on_answer(payload);
      case ipc::ToRole::Accepted:
        return on_accepted(payload, std::move(received));
    }
    role.fail("the supervisor said something unknown");
  }

  base::Json parse(std::string_view payload) {
    base::Result<base::Json> json = base::parse_json(payload);
    if (!json.ok()) role.fail("the supervisor said something that is not JSON: " + json.error().message);
    return std::move(json).value();
  }

  // The part of the configuration and its descriptors, of Start and of Reload. False: it is not one.
  bool take_part(const base::Json& frame, Fds received) {
    const auto names = frame.find("fds");
    const auto part = frame.find("config");
    if (names == frame.end() || !names->is_array() || part == frame.end()) return false;
    if (names->size() != received.size()) return false;
    for (std::size_t i = 0; i < received.size(); ++i)
      fds[(*names)[i].get<std::string>()] = std::move(received[i]);
    config = *part;
    base::set_log_level(level_of(base::json_text_or(config, "log_level", "info")));
    return true;
  }

  void on_start(std::string_view payload, Fds received) {
    const base::Json start = parse(payload);
    const std::string* given_name = base::json_text(start, "name");
    if (given_name == nullptr || started || !take_part(start, std::move(received)))
      role.fail("the supervisor's Start is not one");
    name = *given_name;
    take_figures();
    index = static_cast<std::uint32_t>(base::json_number_or(start, "index", 0));
    started = true;
    base::set_log_name(name);
    loop.stop();
  }

  // Without them it serves all the same, and counts for nobody.
  void take_figures() {
    auto page = fds.extract(std::string(ipc::kFiguresFd));
    if (page.empty()) return;
    const base::Status attached = ipc::attach_figures(std::move(page.mapped()));
    if (!attached.ok()) base::log_warning(attached.error().message);
  }

  void on_channel(std::string_view payload, Fds received) {
    ipc::ChannelOffer offer;
    if (!decode(payload, offer)) role.fail("the supervisor's Channel is not one");
    const auto taker = channels.find(offer.peer);
    if (taker != channels.end()) return taker->second(offer.index, std::move(received));
    if (early.size() == kMostEarlyChannels) role.fail("too many channels for a role that takes none of them");
    early.push_back({std::string(offer.peer), offer.index, std::move(received)});
  }

  void on_reload(std::string_view payload, Fds received) {
    if (!take_part(parse(payload), std::move(received))) role.fail("the supervisor's Reload is not one");
    if (reload) reload(config);
  }

  void on_drain() {
    drain_wanted = true;
    if (!serving) return;
    if (drain) return drain();
    role.drained();
  }

  void on_connected(ipc::ToRole type, std::string_view payload, Fds received) {
    ipc::Numbered answer;
    if (!decode(payload, answer)) role.fail("the supervisor's answer to a connect request is not one");
    auto found = connects.extract(answer.id);
    if (found.empty()) role.fail("the supervisor answered a connect request that was not made");
    if (type == ipc::ToRole::Connected && received.size() == 1) return found.mapped()(std::move(received[0]));
    found.mapped()(base::fail(base::Code::Unavailable, base::Side::Component, std::string(answer.text)));
  }

  void on_accepted(std::string_view payload, Fds received) {
    ipc::AcceptedClient client;
    if (!decode(payload, client) || received.size() != 1 || !accepted)
      role.fail("the supervisor's Accepted is not one");
    accepted(std::move(received[0]), client.client, client.relay);
  }

  void on_answer(std::string_view payload) {
    ipc::Numbered answer;
    if (!decode(payload, answer)) role.fail("the supervisor's answer is not one");
    auto found = questions.extract(answer.id);
    if (found.empty()) role.fail("the supervisor answered a question that was not asked");
    found.mapped()(parse(answer.text));
  }

  void send(ipc::FromRole type, std::string_view payload, Fds attached = {}) {
    control->send(static_cast<std::uint16_t>(type), payload, std::move(attached));
  }

  // The listener leaves at once: the first call that the filter refuses waits for the one who gets it.
  void hand_over(base::UniqueFd listener) {
    if (!listener.valid()) return;
    Fds attached;
    attached.push_back(std::move(listener));
    send(ipc::FromRole::Confined, {}, std::move(attached));
    control->flush();
    if (control->queued() > 0) role.fail("the supervisor does not take the filter's listener");
  }

  // Builds the walls and tries them. Returns the proof, or ends the process under sandbox: required.
  base::Json confine() {
    const bool required = base::json_text_or(config, "sandbox", "required") != "best-effort";
    const pid_t supervisor = ::getppid();
    const std::string state = base::json_text_or(config, "state_directory", "");
    base::Result<proc::Walls> walls =
        proc::confine(*profile, state, [this] { loop.run_elsewhere([] {}, [] {}); });
    if (!walls.ok()) role.fail("cannot confine the process: " + walls.error().message);
    if (required && !walls->missing.empty()) {
      role.fail("sandbox: required, but " + listing(walls->missing) +
                ". To serve without it, set sandbox: best-effort in postern.yaml");
    }
    hand_over(std::move(walls->listener));
    const proc::Proof proof = proc::prove(*profile, state, supervisor);
    if (!proof.open.empty()) {
      const std::string found = "the confined process could still " + listing(proof.open);
      if (required) role.fail(found);
      base::log_warning(found);
    }
    for (const std::string& missing : walls->missing) base::log_warning(missing);
    return proc::attestation(*walls, proof);
  }
};

namespace {

// Buffers come and go with each large body. The C library gives memory back to the kernel, and takes it again, page by
// page, whenever more than 128 KiB are free at the end of the heap; that was a fifth of what a terminator spent on an
// answer of 64 KiB. What stays is bounded: so much per process.
void keep_freed_memory() {
  constexpr int kKept = 8 << 20;
  ::mallopt(M_TRIM_THRESHOLD, kKept);
  ::mallopt(M_TOP_PAD, 1 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 4 << 20);  // naming one setting stops the library from adapting the others
  // Small pieces are kept per thread already. Kept a second time, all of them are looked through whenever a large one
  // comes or goes, and each answer has large ones.
  ::mallopt(M_MXFAST, 0);
}

}  // namespace

Role::Role(std::string_view kind) : Role(row_of(kind)) {}

Role::Role(const proc::Profile& profile) {
  keep_freed_memory();
  base::set_log_name(profile.role);
  if (!is_socket(ipc::kControlFd)) {
    base::log_error("this program is a part of Postern: start it with postern serve");
    ::_exit(2);
  }
  // The C library reads the time zone's file when it first takes a time apart, even one in UTC (OpenSSL does, of
  // a certificate): then the walls stand, and reading a file is the end.
  ::tzset();
  ::signal(SIGPIPE, SIG_IGN);  // NOLINT: a write to a gone peer is told by its result
  base::Status hardened = proc::end_with_parent();
  if (hardened.ok()) hardened = proc::harden_process();
  if (!hardened.ok()) fail("cannot harden the process: " + hardened.error().message);
  const base::Status crypto = base::init_crypto();
  if (!crypto.ok()) fail(crypto.error().message);
  internals_ = std::make_unique<Internals>(*this, profile);
  internals_->loop.run();
  if (!internals_->started) fail("the supervisor said nothing");
}

Role::~Role() = default;

loop::Loop& Role::loop() { return internals_->loop; }
const base::Json& Role::config() const { return internals_->config; }
const std::string& Role::name() const { return internals_->name; }
std::uint32_t Role::index() const { return internals_->index; }

base::UniqueFd Role::take_fd(std::string_view name) {
  const auto found = internals_->fds.find(std::string(name));
  if (found == internals_->fds.end() || !found->second.valid()) {
    fail("the supervisor did not pass the descriptor " + std::string(name));
  }
  return std::move(found->second);
}

base::UniqueFd Role::take_fd_if_given(std::string_view name) {
  auto found = internals_->fds.extract(std::string(name));
  return found.empty() ? base::UniqueFd() : std::move(found.mapped());
}

void Role::on_channel(std::string_view peer, std::function<void(std::uint32_t, Fds)> take) {
  auto& taker = internals_->channels[std::string(peer)];
  taker = std::move(take);
  std::vector<Internals::EarlyChannel> waiting = std::exchange(internals_->early, {});
  for (Internals::EarlyChannel& channel : waiting) {
    if (channel.peer == peer) {
      taker(channel.index, std::move(channel.fds));
    } else {
      internals_->early.push_back(std::move(channel));
    }
  }
}

void Role::on_reload(std::function<void(const base::Json&)> reload) {
  internals_->reload = std::move(reload);
}
void Role::on_accepted(
    std::function<void(base::UniqueFd socket, std::string_view client, std::string_view relay)> take) {
  internals_->accepted = std::move(take);
}
void Role::on_drain(std::function<void()> drain) { internals_->drain = std::move(drain); }
bool Role::handing_over() const { return internals_->handing_over; }
void Role::on_leave(std::function<void(bool)> leave) { internals_->leave = std::move(leave); }

void Role::drained(std::uint32_t cut) {
  if (std::exchange(internals_->is_drained, true)) return;
  base::BinaryWriter out;
  out.u32(cut);
  internals_->send(ipc::FromRole::Drained, out.bytes());
  internals_->control->flush();
  internals_->loop.stop();
}

void Role::connect(std::uint32_t node, std::function<void(base::Result<base::UniqueFd>)> done) {
  const std::uint64_t id = ++internals_->last_id;
  internals_->connects.emplace(id, std::move(done));
  base::BinaryWriter out;
  encode(ipc::ConnectRequest{id, node}, out);
  internals_->send(ipc::FromRole::Connect, out.bytes());
}

void Role::ask(const base::Json& question, std::function<void(const base::Json&)> done) {
  const std::uint64_t id = ++internals_->last_id;
  internals_->questions.emplace(id, std::move(done));
  base::BinaryWriter out;
  const std::string text = base::dump_json(question);
  encode(ipc::Numbered{id, text}, out);
  internals_->send(ipc::FromRole::Ask, out.bytes());
}

void Role::ask_for_socket(const base::Json& question,
                          std::function<void(base::Result<base::UniqueFd>)> done) {
  const std::uint64_t id = ++internals_->last_id;
  internals_->connects.emplace(id, std::move(done));
  base::BinaryWriter out;
  const std::string text = base::dump_json(question);
  encode(ipc::Numbered{id, text}, out);
  internals_->send(ipc::FromRole::Ask, out.bytes());
}

void Role::report_breach(std::string_view why) {
  ask({{"ask", "breach"}, {"why", why.substr(0, ipc::kReasonLimit)}}, [](const base::Json&) {});
}

void Role::report_breach(std::string_view why, std::uint32_t terminator) {
  ask({{"ask", "breach"}, {"why", why.substr(0, ipc::kReasonLimit)}, {"terminator", terminator}},
      [](const base::Json&) {});
}

void Role::confine_by(const proc::Profile& profile) { internals_->profile = &profile; }

void Role::fail(std::string_view why) {
  base::log_error(why);
  if (internals_ != nullptr && internals_->control != nullptr) {
    internals_->send(ipc::FromRole::Failed, why.substr(0, ipc::kReasonLimit));
    internals_->control->flush();
  }
  ::_exit(1);
}

int Role::serve() {
  const base::Json proof = internals_->confine();
  internals_->serving = true;
  internals_->send(ipc::FromRole::Ready, base::dump_json(proof));
  internals_->control->flush();  // from here on a refused call is the end, whatever is served first
  if (internals_->drain_wanted) internals_->on_drain();
  internals_->loop.run();
  return internals_->is_drained ? 0 : 1;
}

}  // namespace postern::roles
