// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The silhouette that all roles share: take configuration and descriptors -> build objects -> confine ->
// prove the confinement -> serve. A role's main reads as a list of its parts:
//
//   int main() {
//     Role role("enforcer");                        // hardens the process, waits for Start on descriptor 3
//     ... build the objects, register on_channel ...
//     return role.serve();                          // confines, reports Ready, runs the loop; 0 after a
//     clean drain
//   }
//
// What it may do from serve() on stands in gateway/proc/profile.cc. Under sandbox: required (the part of the
// configuration says so) a role does not serve where the kernel lacks a wall, or where the proof finds one open.
//
// Whatever goes wrong before serve() is logged, told to the supervisor, and ends the process with status 1:
// the supervisor starts it again with back-off. The end of the control channel ends the process at once: a role does not outlive its
// supervisor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/loop/loop.h"
#include "gateway/proc/profile.h"

namespace postern::roles {

class Role {
 public:
  using Fds = std::vector<base::UniqueFd>;

  // kind: "terminator", "enforcer", "keeper", "ledger", "console", "intake", "link"; Mission Control's "desk", "relay". Exits with 2
  // and a sentence if not started by the supervisor.
  explicit Role(std::string_view kind);
  // The same with a row that is not in the table, for tests.
  explicit Role(const proc::Profile& profile);
  ~Role();
  Role(const Role&) = delete;
  Role& operator=(const Role&) = delete;

  loop::Loop& loop();
  const base::Json& config() const;  // the part of the configuration that Start carried
  const std::string& name() const;   // "enforcer.1"
  std::uint32_t index() const;
  base::UniqueFd take_fd(std::string_view name);  // a descriptor that Start or Reload carried, by its name;
                                                  // ends the process if missing

  base::UniqueFd take_fd_if_given(std::string_view name);  // invalid if missing

  // Calls for every channel with this peer, those that came before Start included (at once), and each time
  // the peer is restarted.
  void on_channel(std::string_view peer, std::function<void(std::uint32_t index, Fds fds)> take);
  void on_reload(std::function<void(const base::Json& config)> reload);
  // A connection that the supervisor handed over (control_protocol.h, Accepted).
  void on_accepted(
      std::function<void(base::UniqueFd socket, std::string_view client, std::string_view relay)> take);
  // The callback stops taking new work and calls drained() when nothing is under way; without one, drained()
  // is called for it.
  void on_drain(std::function<void()> drain);
  bool handing_over() const;            // once Drain came: another supervisor goes on in our place
  void drained(std::uint32_t cut = 0);  // cut: how many exchanges did not end by themselves
  // A hand-over comes, or (false) does not come after all.
  void on_leave(std::function<void(bool leaving)> leave);

  // Asks the supervisor for a connection to a component node; done gets the connected socket or a sentence
  // why not.
  void connect(std::uint32_t node, std::function<void(base::Result<base::UniqueFd>)> done);
  // Asks the supervisor a question ({"ask":"status"}, {"ask":"reload"}); done gets its answer.
  void ask(const base::Json& question, std::function<void(const base::Json& answer)> done);

  // The same, answered with a socket, or a sentence why not.
  void ask_for_socket(const base::Json& question, std::function<void(base::Result<base::UniqueFd>)> done);

  // The terminator whose exchanges this role answers broke the exchange protocol: the supervisor kills it, and
  // another one comes with a new channel.
  void report_breach(std::string_view why);
  // Of several terminators, the one with that number.
  void report_breach(std::string_view why, std::uint32_t terminator);

  // Before serve(), which confines: by this row instead of the kind's own.
  void confine_by(const proc::Profile& profile);

  [[noreturn]] void fail(std::string_view why);
  int serve();

 private:
  struct Internals;
  std::unique_ptr<Internals> internals_;
};

}  // namespace postern::roles
