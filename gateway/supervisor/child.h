// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One role as the supervisor sees it: its process, its control channel, and the back-off between its lives. A
// role that says something it may not is killed, and comes back like one that crashed; so does one that does
// not become ready in time, and one that makes a system call which its profile does not list.
//
// The listener of a role's filter (gateway/proc/seccomp.h) is held here. Until Ready each refused call is
// answered and counted: those are the role's self-test. From then on it is the end of the role.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/unique_fd.h"
#include "gateway/ipc/control_protocol.h"
#include "gateway/ipc/figures.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/loop/loop.h"
#include "gateway/proc/spawn.h"

namespace postern::supervisor {

inline constexpr base::Nanos kFirstBackOff = 100 * base::kMillisecond;
inline constexpr base::Nanos kLongestBackOff = 10 * base::kSecond;
inline constexpr base::Nanos kSettled =
    30 * base::kSecond;  // a life this long and the next death counts as the first

// From its start to Ready. A role has little to do until then, and what hangs there would hang for ever; only
// the ledger reads the whole journal first, about a second per million events.
inline constexpr base::Nanos kStartPatience = 60 * base::kSecond;
inline constexpr base::Nanos kLedgerStartPatience = 3600 * base::kSecond;

// How long to wait before the next life. deaths: without a settled life between them, this one included.
base::Nanos back_off(int deaths);

// Whether an end counts among those deaths. SIGKILL that we did not send comes from an administrator or from a
// machine short of memory: it says nothing about the role, which comes back after kFirstBackOff however often.
bool counts_as_death(const proc::Ending& ending, bool killed_by_us);

enum class ChildState { Stopped, Starting, Running, BackingOff };
std::string_view to_text(ChildState state);  // "stopped", "starting", "running", "backing_off"

class Child {
 public:
  using Fds = std::vector<base::UniqueFd>;
  // What a life begins with: made anew each time, because configuration and descriptors may have changed.
  struct Beginning {
    base::Json config;
    std::vector<std::string> names;  // of the descriptors
    Fds fds;
  };
  struct Listener {
    std::function<Beginning(Child&)> before_start;                     // may offer() channels
    std::function<void(Child&)> on_started;                            // the process is there
    std::function<void(Child&)> on_ready;                              // its proof() is known
    std::function<void(Child&, const std::string& call)> on_violated;  // it is being killed
    std::function<void(Child&, const ipc::ConnectRequest&)> on_connect;
    std::function<void(Child&, std::uint64_t id, const base::Json& question)> on_ask;
    std::function<void(Child&, pid_t pid, const std::string& reason)> on_ended;
  };

  struct Identity {
    std::string kind;         // "enforcer"
    std::uint32_t index = 0;  // its number among its kind
  };
  // patience: from its start to Ready. The listener outlives the child.
  Child(loop::Loop& loop, std::string program, Identity identity, base::Nanos patience,
        const Listener& listener);
  ~Child();  // kills the process if there is one
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void start();
  // A channel to a peer: sent now to a process that lives, otherwise kept for the next one; the newest for a
  // peer wins.
  void offer(std::string_view peer, std::uint32_t peer_index, Fds fds);
  // names, fds: descriptors that go with the new part, as with Start.
  void reload(const base::Json& config, const std::vector<std::string>& names = {}, Fds fds = {});
  void give_up();  // it is not started again once it ends
  // Asks it to finish, and gives it up. Kill it when that takes too long. for_another: another supervisor goes on in our place.
  void drain(bool for_another = false);
  // A terminator's: a hand-over comes, or does not come after all.
  void leave(bool leaving);
  void kill();

  // To this life only: one that asked and died gets no answer.
  void connected(std::uint64_t life, std::uint64_t id, base::UniqueFd socket);
  void connect_failed(std::uint64_t life, std::uint64_t id, std::string_view why);
  // Descriptors that this life was sent and has not taken.
  std::size_t waiting() const { return control_ == nullptr ? 0 : control_->queued_descriptors(); }
  // A terminator's, which lives: a connection that came through the tunnel.
  void accepted(std::string_view client, std::string_view relay, base::UniqueFd socket);
  void answer(std::uint64_t life, std::uint64_t id, const base::Json& json);

  // It is of no use or broke the protocol: it is killed, and comes back after its back-off. why is logged, and
  // becomes the reason of its end.
  void fail(std::string_view why);

  // After SIGCHLD: notices whether this process is the one that ended.
  void look();

  const std::string& kind() const { return kind_; }
  const std::string& name() const { return name_; }  // "enforcer.1"; "keeper" where there is but one
  std::uint32_t index() const { return index_; }
  ChildState state() const { return state_; }
  bool alive() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  std::uint64_t life() const { return lives_; }
  // Of this life's confinement: what Ready said (control_protocol.h), and "witnessed": how many calls were
  // seen to be refused meanwhile. Null before Ready.
  const base::Json& proof() const { return proof_; }
  std::uint32_t cut() const { return cut_; }  // exchanges that its last drain cut
  // name; cpu_us and resident_bytes of its process, figures and timings as it counted them in this life: in the
  // order of ipc/figures.h, a timing as its buckets and then its microseconds. Empty while it does not live.
  base::Json figures() const;
  // name, pid, state, started, restarts, confinement (proof()); reason: why its last life ended, until it is
  // ready again
  base::Json status() const;

 private:
  void begin();
  void send(ipc::ToRole type, std::string_view payload, Fds fds = {});
  void send_start(Beginning beginning);
  void share_figures(Beginning& beginning);
  void on_frame(ipc::FromRole type, std::string_view payload);
  void on_confined(Fds fds);
  void on_drained(std::string_view payload);
  void on_ready(std::string_view payload);
  void on_refused_calls();
  void ended(const proc::Ending& ending);
  void on_failed(std::string_view why);

  loop::Loop& loop_;
  std::string program_, kind_, name_;
  std::uint32_t index_;
  base::Nanos patience_;
  const Listener& listener_;
  ChildState state_ = ChildState::Stopped;
  pid_t pid_ = -1;
  std::uint64_t lives_ = 0;
  int deaths_ = 0;
  bool stopping_ = false;  // not to be started again
  bool killed_ = false;    // this life, by us
  base::Nanos began_ = 0;
  base::Micros started_ = 0;
  std::string last_words_;  // of this life: why it ends
  std::string reason_;      // why the last life ended without being asked to
  std::map<std::pair<std::string, std::uint32_t>, Fds> offers_;
  std::unique_ptr<ipc::SocketChannel> control_;
  std::unique_ptr<ipc::FiguresPage> figures_;
  base::UniqueFd filter_;  // its listener
  std::unique_ptr<loop::Poller> watch_;
  int witnessed_ = 0;
  std::uint32_t cut_ = 0;
  base::Json proof_;
  loop::Timer again_;
  loop::Timer late_;
};

}  // namespace postern::supervisor
