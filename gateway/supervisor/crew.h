// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// All roles of a gateway (or of Mission Control: Shape), in their order, and the channels between them.
//
//   start   keeper, ledger, console  ->  enforcers, intake  ->  terminators, links     each step once the one before is ready
//           (the console with the first: it says what is wrong when the ledger or the keeper cannot start)
//   stop    terminators, console  ->  enforcers, intake, links  ->  ledger  ->  keeper
//           (the console with the terminators: it alone knows that a page's event stream never ends by itself; the links after
//           them: connections that came through the tunnel end in order, too)
//
// Terminators: of the support listener one per enforcer, of the admin listener, and of the intake where there is one. Links: the one
// that reaches outside, and link.admin, to the admins' identity provider. The runner is none of the crew (runner.h).
//
// A role that ends on its own is started again alone, with back-off. Its socket channels (to the ledger, to
// the keeper) are made when it starts, so that its peers see the end of the old ones at once. Its ring of
// exchanges is made when it ends: the new ring is what tells its peer that the exchanges in the old one are
// over, and what arrives meanwhile waits in the new one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/unique_fd.h"
#include "gateway/ipc/shared_page.h"
#include "gateway/loop/loop.h"
#include "gateway/supervisor/child.h"

namespace postern::supervisor {

// Of the terminator of the admin listener, and of the link to the admins' identity provider: no process serves both faces.
inline constexpr std::uint32_t kAdminIndex = 1000;

// Of the terminator of the intake's listener.
inline constexpr std::uint32_t kIntakeIndex = 2000;

// How long a role of each step of a stop may take once it was asked, but for the first: that one's is
// configured.
inline constexpr base::Nanos kStopPatience = 10 * base::kSecond;

// Who there is, who starts and stops with whom, and who speaks to whom.
struct Shape {
  struct Member {
    const char* kind;
    std::uint32_t index = 0;
    std::size_t start = 0, stop = 0;  // the step
  };
  struct Pair {  // a ring of exchanges
    std::uint32_t terminator = 0;
    const char* answerer = "";
    std::uint32_t index = 0;  // of the answerer
    bool stops = false;       // the terminator reads the stop word
    const char* kind = "terminator";
  };
  struct Channel {  // a socket from each of one kind to the one of the other
    const char* asker;
    const char* server;
    int type;  // SOCK_SEQPACKET
  };
  std::vector<Member> members;
  std::vector<Pair> pairs;
  std::vector<Channel> channels;
};

struct GatewaySize {
  int workers = 1;          // pairs of terminator and enforcer
  bool link = false;        // something outside is to be reached
  bool admin_link = false;  // admins sign in by an identity provider
  bool intake = false;      // nodes of the component may send events
};
Shape gateway_shape(GatewaySize size);

class Crew {
 public:
  // What the crew asks its owner, and tells it.
  struct Duties {
    std::function<Child::Beginning(const Child&)> beginning;
    std::function<void(base::UniqueFd)>
        on_ledger;  // our own channel to a ledger that was just started, where there is one
    std::function<void(Child&)> on_started;
    std::function<void(Child&)> on_ready;
    std::function<void(Child&, const std::string& call)> on_violated;
    std::function<void()> on_all_ready;  // once: every role has been ready
    std::function<void(Child&, const ipc::ConnectRequest&)> on_connect;
    std::function<void(Child&, std::uint64_t id, const base::Json& question)> on_ask;
    std::function<void(Child&, pid_t pid, const std::string& reason)>
        on_ended;  // reason is empty if it was asked to
  };

  // directory: where the roles' programs are. shape: has one keeper.
  Crew(loop::Loop& loop, const std::string& directory, const Shape& shape, Duties duties);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  void start();
  // Before start(), which then starts the others: the keeper alone, so that it is known whether walls and keys are in order.
  void start_keeper();
  // for_another: another supervisor goes on in our place (docs/HAND_OVER.md). start() afterwards takes that back.
  enum class Stop { Asked, ForAnother };
  void stop(Stop why, base::Nanos drain, std::function<void()> done);
  std::uint32_t cut() const;  // exchanges that the last stop cut
  void stop_now();            // after stop(): without waiting any longer

  void each(const std::function<void(Child&)>& visit);
  // New keys for a keeper that lives: those in beginning, and then new channels to all who ask it. Who asks over
  // a new channel is answered with the new keys. A keeper that does not live gets them when it starts.
  void renew_keys(Child::Beginning beginning);
  Child& keeper() { return *keeper_; }
  // Whose exchanges this one answers; nullptr if it answers none.
  Child* terminator_of(const Child& answerer);
  // Of several, the one with that number.
  Child* terminator_of(const Child& answerer, std::uint32_t index);
  base::Json status() const;   // [{name, pid, state, started, restarts}]
  base::Json figures() const;  // of each that lives (Child::figures)

 private:
  struct Ring {
    Child* terminator;
    Child* answerer;
    bool stops = false;
    bool made = false;
  };

  Child* add(const Shape::Member& member);
  Child* find(std::string_view kind, std::uint32_t index) const;
  bool asks(const Child& asker, const Child& server) const;
  Child::Beginning before_start(Child& child);
  void on_ready(Child& child);
  void on_ended(Child& child, pid_t pid, const std::string& reason);
  void advance();
  void stop_step();
  void after_stop_step();
  void link_sockets(Child& child);
  void link(Child& asker, Child& server, int socket_type);
  void make_ring(Ring& ring);
  void prepare();
  void make_stop_word();
  void share_stop_word(const Child& child, Child::Beginning& beginning) const;

  loop::Loop& loop_;
  std::string directory_;
  Duties duties_;
  Child::Listener listener_;
  std::vector<std::unique_ptr<Child>> children_;  // in the order of starting
  std::vector<std::vector<Child*>> starts_, stops_;
  Child* keeper_ = nullptr;
  Child* ledger_ = nullptr;
  std::vector<Ring> rings_;
  std::vector<Shape::Channel> channels_;
  std::optional<ipc::SharedPage> stop_word_;
  std::vector<base::UniqueFd> stop_bells_;  // by the index of the terminator
  std::size_t started_steps_ = 0;
  bool all_ready_ = false;
  bool stopping_ = false;
  bool prepared_ = false;  // channels that are there before anybody starts
  bool for_another_ = false;
  std::size_t stop_step_ = 0;
  base::Nanos drain_ = 0;
  std::function<void()> stopped_;
  loop::Signal ended_;
  loop::Timer patience_;
};

}  // namespace postern::supervisor
