// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the customer does with the vendor's updates: announces them as soon as they are offered and judged, a day ahead at least,
// plans each into a maintenance window, lets admins put it off, cancel it or run it now, and starts it (rolling.h). docs/UPDATES.md
// tells the story; state/updates.h is all that is remembered.
//
// What the vendor, or whoever took its Mission Control over, can bring about here is what it signed, once the customer's own window is
// open and kNotice after it was announced; and that nothing happens. It cannot bring anything forward, and an admin's word stands
// until an admin takes it back.
//
// Does no I/O. What it decides becomes true by its event; what is started is durable before a node is touched, by rolling.h.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/ledger/decide_command.h"
#include "gateway/ledger/maintenance.h"
#include "gateway/ledger/rolling.h"
#include "gateway/ledger/vendor_offers.h"
#include "gateway/state/updates.h"

namespace postern::ledger {

bool is_update_command(std::string_view command);  // "update.*"

struct CalendarTerms {
  std::vector<MaintenanceWindow> windows;  // none: nothing starts by itself
  base::Micros notice = kLeastNotice;      // from the announcement to the first start
  static constexpr base::Micros kLeastNotice = 24LL * 3600 * base::kWallSecond;
};
// {"windows": (maintenance.h), "notice_us"} under "calendar" of the ledger's part.
CalendarTerms parse_calendar_terms(const base::Json& part);

// What each event about an update says of it first.
Detail& about(Detail& detail, const state::VendorUpdate& update);

class UpdateCalendar {
 public:
  struct Calls {
    std::function<bool(Draft draft)> record;  // appends and folds it; false: the log cannot be written
    std::function<const state::Updates&()> updates;
    std::function<const std::optional<state::Rolling>&()> rolling;
    std::function<bool(const std::string& service)> updatable;  // the configuration says how
    // The version of all its nodes, as far as monitoring reads it; empty: it is not known, or they differ.
    std::function<std::string(const std::string& service)> version;
    std::function<void(const RollingOrder& order, Rolling::OnBegun begun)> begin;
    std::function<std::string()> make_id;
  };

  UpdateCalendar(const base::Clock& clock, Calls calls);
  void configure(CalendarTerms terms);
  // It outlives this. Without one nothing is offered, and nothing that was is withdrawn.
  void set_shelf(VendorShelf* shelf) { shelf_ = shelf; }

  // Of an admin. order: {"command", "target", "actor", "from"}, and of postpone "to": "next-window", a time, or a duration from now.
  //   update.postpone   to a later start, up to the latest that the vendor allows
  //   update.run_now    as soon as its file is whole; needs no window and no notice
  //   update.cancel     it does not start by itself; may still be run
  //   update.schedule   takes that back
  Decision decide(const base::Json& order);
  // "update.dry_run": answers what would be done (Rolling::Begun), or a refusal.
  void look_ahead(const base::Json& order, Rolling::OnBegun answer);

  void look();

  // {"next_window"*: {"from","until"}, "files": {target: {"have","whole"}}}
  const base::Json& status() const { return status_; }

  static constexpr base::Nanos kLook = base::kSecond;
  static constexpr base::Nanos kTryAgain = 5 * 60 * base::kSecond;  // within a window; then twice as long
  static constexpr base::Nanos kWantAgain = 5 * 60 * base::kSecond;
  static constexpr base::Micros kAnnounceAgain = 3600 * base::kWallSecond;  // after it was withdrawn
  static constexpr base::Micros kOwnWindow = 3600 * base::kWallSecond;      // of a start outside any window
  static constexpr base::Micros kAskedFor = 24LL * 3600 * base::kWallSecond;

 private:
  using Known = state::VendorUpdate;
  struct Plan {
    base::Micros start = 0, until = 0;
  };
  // What is only of this life: how often it was tried in the window that is open, and why it did not begin.
  struct Trying {
    base::Nanos again = 0, pause = 0;
    base::Nanos announced = 0;  // monotonic; 0: in a former life
    base::Nanos wanted = 0;
    bool forgotten = false;
    std::string why;
  };

  const VendorOffer* offer_of(std::string_view target) const;
  bool fits(const Known& update) const;
  std::string installed(const std::string& service) const;
  bool is_beginning(std::string_view target) const { return beginning_ == target; }
  base::Micros earliest(const Known& update) const;
  static bool is_run_here(const Known& update);
  bool may_be_planned(const Known& update) const;
  Plan plan(const Known& update, base::Micros not_before_then) const;
  static base::Micros latest_of(const Known& update, base::Micros first_start) {
    return first_start + update.postpone_hours * 3600 * base::kWallSecond;
  }
  bool put(audit::EventType type, const Known& update, std::string detail, const std::string& outcome = {},
           const std::string& actor = "gateway");

  // One turn of each, for one update; true: something was recorded, and what is known of it is another.
  void announce(const VendorOffer& offer);
  bool withdraw(const Known& update);
  bool suspend(const Known& update);
  bool plan_again(const Known& update);
  bool miss(const Known& update);
  bool tell(const Known& update);
  bool give_up_asking(const Known& update);
  void fetch(const Known& update);
  void note_status();
  void start_one();
  std::string why_not(const Known& update, bool by_itself);
  void begin(const Known& update);
  bool refuse_asked(const Known& update, const std::string& run, const std::string& why);
  void begun(const std::string& target, bool asked, const std::string& run, const Rolling::Begun& said);

  // update_decisions.cc
  std::optional<Decision> refuse_target(const Known* update) const;
  Decision decide_postpone(const Known& update, const base::Json& order) const;
  Decision decide_run_now(const Known& update, const base::Json& order) const;
  Decision decide_cancel(const Known& update, const base::Json& order) const;
  Decision decide_schedule(const Known& update, const base::Json& order) const;
  std::optional<std::string> refuse_running(const Known& update) const;
  RollingOrder order_of(const Known& update) const;

  const base::Clock& clock_;
  Calls calls_;
  CalendarTerms terms_;
  VendorShelf* shelf_ = nullptr;
  std::map<std::string, Trying, std::less<>> trying_;
  base::Json status_ = base::Json::object();  // as of the last look
  base::Nanos next_look_ = 0;
  std::string beginning_;  // the target of which Rolling is asked; empty: of none
};

}  // namespace postern::ledger
