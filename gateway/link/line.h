// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The line to Mission Control, as a policy over LineConnection: when it is tried, when it counts as up and as lost, what is
// done with what comes over it (line/protocol.h), and what the supervisor is told.
//
//   connecting  a connection is on its way
//   up          Mission Control's hello was read
//   waiting     it failed, or was lost; tried again at next: after 1 s, doubling to 5 minutes, a half of it left to chance, and
//               anew from 1 s when it came further than before (line_pace.h). Mission Control that answers "not now" (503, 429)
//               is asked again over the same connection
//   refused     Mission Control does not want this installation, and says so by a code: tried again after 5 minutes; after 75 s
//               where another life of it is there
//
// One connection at a time; beside it, for a moment, that of an enrolment or of a check. A check on a line that is not up
// takes its place, so that Mission Control never sees two of one life.
//
// Mission Control is not believed more than it has to be: every document is judged, orders have a pace, and the first thing
// that is not of the protocol ends the connection with a sentence.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "gateway/link/line_checker.h"
#include "gateway/link/line_connection.h"
#include "gateway/link/line_enroller.h"
#include "gateway/link/line_pace.h"
#include "gateway/link/tunnel.h"

namespace postern::link {

inline constexpr std::string_view kLinePlace = "mission-control";  // by which the ledger asks for it
inline constexpr std::string_view kTunnelPlace = "tunnel";  // by which it says "open" or "closed" (tunnel.h)

// By which it asks for the vendor's updates (line/updates.h): which there are, and pieces of files. No place of the configuration is
// called so.
inline constexpr std::string_view kUpdateOffersPlace = "updates/offers", kUpdateFilePlace = "updates/file";

class Line final : private LineConnection::User {
 public:
  // Tells the supervisor; taken gets its answer.
  using Taken = std::function<void(const base::Json& answer)>;
  using Tell = std::function<void(base::Json said, Taken taken)>;
  // An errand's answer: its status and a document of line/protocol.h, or 0 and a sentence.
  using Delivered = std::function<void(std::uint16_t status, std::string_view body)>;

  // Asks the supervisor for a connection to a terminator.
  using Terminators = std::function<void(const line::TunnelHead& head, Tunnel::Connected done)>;

  Line(loop::Loop& loop, LineConnection::Connect connect, Tell tell, const LineTimes& times = {},
       Terminators terminators = {});
  ~Line() override;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // nullptr: there is none. What is the same goes on; of what is another, the errand under way is answered with 0.
  void configure(std::shared_ptr<LineSettings> settings);
  // Reports, as line::format writes them. One that is under way is given up without an answer: its asker was restarted.
  void errand(std::string_view reports, Delivered delivered);
  // A checkpoint, for Mission Control as a witness (line/witness.h): the answer is of tlog-witness's kind. As errand().
  void witness(std::string_view request, Delivered delivered);
  // A question about updates, at one of the paths of line/updates.h. One at a time and beside the others, so that a long file
  // delays no report. The answer is as it came: who asked judges it. One that is longer than it may be is kTooLongAnswer, and costs
  // neither the line nor more memory than that.
  void update(std::string_view path, std::string_view document, Delivered delivered);
  void drop_errand();  // all kinds
  bool up() const { return hello_; }
  void allow_tunnel(bool open) { tunnel_.allow(open); }
  // Told when Mission Control says that it has something to ask (line/asks.h); nothing of it comes this way.
  void on_asks(std::function<void()> told) { asks_ = std::move(told); }

 private:
  struct Errand {  // that is under way
    Delivered done;
    std::uint32_t request = 0;
  };
  void begin();
  void again();
  void ask_orders();
  void orders_over(const base::Result<LineAnswer>& answer);
  void put_off(const LineAnswer& answer);
  void good();
  void drop();
  void lost(const std::string& why, base::Micros at_least = 0, bool denied = false);
  void refused(const LineAnswer& answer, std::string_view of);
  void pause(const std::string& state, const std::string& why, const std::string& code, base::Micros wait);

  void on_step(LineConnection::Step step, const std::string& said) override;
  void on_over(const LineConnection::Over& over) override;
  void ordered(std::string_view text);
  void greeted(const line::Order& hello);
  void pulsed(base::Micros time);
  void conflict(const line::Order& order);
  void say_up();

  void reported(const base::Result<LineAnswer>& answer);
  void witnessed(const base::Result<LineAnswer>& answer);
  void updated(const base::Result<LineAnswer>& answer);
  void post(Errand& errand, std::string_view path, std::string_view document,
            void (Line::*answered)(const base::Result<LineAnswer>&), std::size_t spared = 0);
  void drop_errand(Errand& errand);
  static void deliver(Errand& errand, std::uint16_t status, std::string_view body);
  void deliver_none(const std::string& why);

  void look_at_renewal();
  void renew();
  void renewing(const std::string& request);
  void renewed(const base::Result<LineAnswer>& answer);
  void not_renewed(const std::string& why);

  void look_at_wishes();
  template <typename Wish>
  void give_up(std::unique_ptr<Wish>& wish);
  void enrolled(std::int64_t asked, const LineEnroller::Outcome& outcome);
  void checked(std::int64_t number, base::Json steps, bool ok);
  void tell(const char* what, base::Json said, Taken taken = {});

  loop::Loop& loop_;
  LineConnection::Connect connect_;
  Tell tell_;
  LineTimes times_;
  std::shared_ptr<LineSettings> settings_;
  std::unique_ptr<LineConnection> connection_;
  std::unique_ptr<LineEnroller> enroller_;
  std::unique_ptr<LineChecker> checker_;
  bool checker_instead_ = false;  // of the line
  std::int64_t enrol_seen_ = 0, check_seen_ = 0;

  bool hello_ = false;
  std::string version_;    // Mission Control's
  base::Micros skew_ = 0;  // its time minus ours
  base::Pace pace_;
  base::Nanos conflict_told_ = 0, skew_told_ = 0;
  std::function<void()> asks_;
  LinePauses pauses_;
  int reached_ = 0;                         // by this connection: its step, and one more with the hello
  std::string why_ = "none is configured";  // it is not up

  Errand errand_, witness_, update_;

  double renewal_chance_ = 0;
  int renewal_failures_ = 0;
  base::Nanos renewed_at_ = 0;  // 0: not in this life
  bool renewing_ = false;

  Tunnel tunnel_;
  loop::Timer retry_, silence_, settled_, renewal_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::link
