// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What happens by itself, by the shelf and the clock. What admins decide: update_decisions.cc.
#include "gateway/ledger/update_calendar.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "gateway/ipc/runner_protocol.h"

namespace postern::ledger {

using audit::EventType;
using base::Json;
using base::Micros;
using state::UpdatePhase;

namespace {

constexpr std::size_t kWhyBytes = 200;
constexpr std::string_view kRefusedOutcome = "refused";

std::optional<Micros> when(Micros at) { return at == 0 ? std::nullopt : std::optional(at); }

bool lists(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

int urgency(const std::string& severity) {
  for (const auto one :
       {update::Severity::Critical, update::Severity::Important, update::Severity::Moderate}) {
    if (update::to_text(one) == severity) return static_cast<int>(one);
  }
  return 0;
}

// What of the offer is in its announcement; the plan comes behind it.
state::VendorUpdate known_of(const VendorOffer& offer, Micros now) {
  state::VendorUpdate out;
  out.target = offer.target.name;
  out.product = offer.target.product;
  out.of = offer.target.of;
  out.version = offer.target.version;
  out.from = offer.target.from;
  out.severity = update::to_text(offer.target.severity);
  out.notes = offer.target.notes;
  out.bytes = offer.target.length;
  out.sha256 = offer.target.sha256;
  out.not_before = offer.target.not_before;
  out.postpone_hours = offer.target.postpone_hours;
  out.announced = now;
  return out;
}

}  // namespace

Detail& about(Detail& detail, const state::VendorUpdate& update) {
  return detail.text("target", update.target)
      .text(update.product ? "product" : "service", update.of)
      .text("version", update.version);
}

CalendarTerms parse_calendar_terms(const Json& part) {
  CalendarTerms out;
  const auto found = part.find("calendar");
  if (found == part.end() || !found->is_object()) return out;
  out.windows = parse_windows(found->value("windows", Json::array()));
  out.notice = std::max(CalendarTerms::kLeastNotice, base::json_number_or(*found, "notice_us", 0));
  return out;
}

UpdateCalendar::UpdateCalendar(const base::Clock& clock, Calls calls)
    : clock_(clock), calls_(std::move(calls)) {}

void UpdateCalendar::configure(CalendarTerms terms) { terms_ = std::move(terms); }

const VendorOffer* UpdateCalendar::offer_of(std::string_view target) const {
  if (shelf_ == nullptr) return nullptr;
  for (const VendorOffer& one : shelf_->offers()) {
    if (one.target.name == target) return &one;
  }
  return nullptr;
}

std::string UpdateCalendar::installed(const std::string& service) const {
  if (std::string read = calls_.version(service); !read.empty()) return read;
  const auto& told = calls_.updates().installed;
  const auto found = told.find(service);
  return found == told.end() ? std::string() : found->second;
}

// Whether it is an update of what is there. One that may replace anything is none any more once another, which was announced no
// earlier, was installed.
bool UpdateCalendar::fits(const Known& update) const {
  if (!is_run_here(update)) return true;
  const std::string version = installed(update.of);
  if (version == update.version && !version.empty()) return false;
  if (!update.from.empty()) return version.empty() || lists(update.from, version);
  const auto& all = calls_.updates().targets;
  return std::none_of(all.begin(), all.end(), [&update](const auto& one) {
    const Known& other = one.second;
    return other.target != update.target && other.of == update.of && other.product == update.product &&
           other.phase == UpdatePhase::Done && other.announced >= update.announced;
  });
}

Micros UpdateCalendar::earliest(const Known& update) const {
  return std::max(update.announced + terms_.notice, update.not_before);
}

// Of a service of the component, or of the gateway itself: nobody's artefact is run on the other.
bool UpdateCalendar::is_run_here(const Known& update) {
  return update.product == (update.of == ipc::kOwnService);
}

bool UpdateCalendar::may_be_planned(const Known& update) const {
  return is_run_here(update) && calls_.updatable(update.of);
}

UpdateCalendar::Plan UpdateCalendar::plan(const Known& update, Micros not_before_then) const {
  if (!may_be_planned(update)) return {};
  const auto opening = next_opening(terms_.windows, std::max(earliest(update), not_before_then));
  return opening ? Plan{opening->from, opening->until} : Plan{};
}

bool UpdateCalendar::put(EventType type, const Known& update, std::string detail, const std::string& outcome,
                         const std::string& actor) {
  return calls_.record(Draft{type, actor, {}, update.target, outcome, std::move(detail), false});
}

// --- by the shelf

void UpdateCalendar::announce(const VendorOffer& offer) {
  const Micros now = clock_.wall();
  const Known* known = calls_.updates().find(offer.target.name);
  if (known != nullptr && known->sha256 == offer.target.sha256) {
    const bool again =
        known->phase == UpdatePhase::Withdrawn && now >= known->withdrawn + kAnnounceAgain && fits(*known);
    if (!again) return;
  } else if (known != nullptr && known->phase == UpdatePhase::Running) {
    return;  // under its name another file, once it has ended
  }
  const Known made = known_of(offer, now);
  if (!fits(made)) return;
  // What an admin said of this file stands, also where it was withdrawn meanwhile.
  const bool back = known != nullptr && known->sha256 == made.sha256;
  const bool cancelled = back && known->was_cancelled;
  const bool chosen = back && !cancelled && known->chosen && may_be_planned(made) &&
                      known->start >= std::max(now, earliest(made));
  Plan planned;
  if (chosen)
    planned = {known->start, known->until};
  else if (!cancelled)
    planned = plan(made, now);
  Detail detail;
  about(detail, made).texts("from", made.from).text("severity", made.severity).number("bytes", made.bytes);
  detail.text("sha256", made.sha256).time("not_before", when(made.not_before));
  detail.number("postpone_hours", made.postpone_hours);
  detail.time("start", when(planned.start)).time("until", when(planned.until));
  if (planned.start != 0) detail.time("latest", chosen ? known->latest : latest_of(made, planned.start));
  if (!put(EventType::UpdateAnnounced, made, detail.text("notes", made.notes).done())) return;
  if (cancelled) {
    Detail again;
    about(again, made).text("why", "an admin had cancelled it before it was withdrawn");
    put(EventType::UpdateCancelled, made, again.done());
  }
  trying_[made.target] = {};
  trying_[made.target].announced = clock_.monotonic();
}

bool UpdateCalendar::withdraw(const Known& update) {
  if (update.phase != UpdatePhase::Planned && update.phase != UpdatePhase::Cancelled) return false;
  if (shelf_ == nullptr || is_beginning(update.target)) return false;
  const VendorOffer* offer = offer_of(update.target);
  // Its nodes are of two versions at the moment, and nothing can be said.
  if (const auto& run = calls_.rolling(); run && run->under_way() && run->service == update.of) return false;
  std::string why;
  if (!fits(update)) {
    const std::string version = installed(update.of);
    why = version == update.version ? "this version is installed already"
                                    : "version " + version + " is installed, which it does not replace";
  } else if (offer == nullptr && shelf_->gone(update.target)) {
    why = "it is not offered any more";
  } else if (offer != nullptr && offer->target.sha256 != update.sha256) {
    why = "the vendor offers another file under its name";
  }
  Detail detail;
  return !why.empty() &&
         put(EventType::UpdateWithdrawn, update, about(detail, update).text("why", why).done());
}

bool UpdateCalendar::suspend(const Known& update) {
  const VendorOffer* offer = offer_of(update.target);
  if (offer == nullptr || offer->suspended == update.suspended || update.phase == UpdatePhase::Withdrawn ||
      update.phase == UpdatePhase::Done)
    return false;
  Detail detail;
  about(detail, update);
  if (offer->suspended)
    return put(EventType::UpdateSuspended, update,
               detail.text("why", base::printable(offer->why, kWhyBytes)).done());
  if (update.phase == UpdatePhase::Planned) {
    const bool stands = update.start != 0 && clock_.wall() < update.start;
    const Plan planned = stands ? Plan{update.start, update.until} : plan(update, clock_.wall());
    detail.time("start", when(planned.start)).time("until", when(planned.until));
  }
  return put(EventType::UpdateSuspensionEnded, update, detail.done());
}

// --- by the clock

// The windows are others than when it was planned.
bool UpdateCalendar::plan_again(const Known& update) {
  if (update.phase != UpdatePhase::Planned || update.suspended || update.chosen ||
      is_beginning(update.target))
    return false;
  const Micros now = clock_.wall();
  std::string why = "there is a maintenance window now";
  if (update.start != 0) {
    if (now >= update.until && !terms_.windows.empty() && may_be_planned(update)) return false;  // missed
    const auto opening = next_opening(terms_.windows, update.start);
    if (opening && opening->from == update.start && opening->until == update.until && may_be_planned(update))
      return false;
    why = !may_be_planned(update)  ? "the configuration does not say any more how the service is updated"
          : terms_.windows.empty() ? "there is no maintenance window any more"
                                   : "the maintenance window is another one";
  }
  const Plan planned = plan(update, now);
  if (planned.start == update.start && planned.until == update.until) return false;
  Detail detail;
  about(detail, update).time("start", when(planned.start)).time("until", when(planned.until));
  if (update.latest == 0 && planned.start != 0) detail.time("latest", latest_of(update, planned.start));
  return put(EventType::UpdateScheduled, update, detail.text("why", why).done());
}

bool UpdateCalendar::miss(const Known& update) {
  const Micros now = clock_.wall();
  if (update.phase != UpdatePhase::Planned || update.suspended || update.start == 0 || now < update.until ||
      is_beginning(update.target))
    return false;
  const Plan planned = plan(update, now);
  Trying& trying = trying_[update.target];
  Detail detail;
  about(detail, update).text("why", trying.why.empty() ? "the gateway did not run" : trying.why);
  detail.time("start", update.start).time("next", when(planned.start)).time("until", when(planned.until));
  if (!put(EventType::UpdateMissed, update, detail.done())) return false;
  trying.why.clear();
  trying.again = trying.pause = 0;
  return true;
}

// The vendor hears of a target by its name; what ran it has an id that means nothing to others.
bool UpdateCalendar::tell(const Known& update) {
  if (!update.ran()) return false;
  Detail detail;
  about(detail, update).text("run", update.run);
  if (!update.begun_told) return put(EventType::UpdateBegun, update, detail.done());
  if (update.ended_told || update.phase == UpdatePhase::Running) return false;
  const std::string outcome = update.phase == UpdatePhase::Done         ? "done"
                              : update.phase == UpdatePhase::RolledBack ? "rolled_back"
                                                                        : "stopped";
  return put(EventType::UpdateEnded, update, detail.text("outcome", outcome).text("why", update.why).done(),
             outcome);
}

bool UpdateCalendar::give_up_asking(const Known& update) {
  if (update.asked == 0 || clock_.wall() < update.asked + kAskedFor || is_beginning(update.target))
    return false;
  return refuse_asked(update, {}, "its file did not come within a day");
}

// Its file is wanted from the announcement on, so that no window is lost with fetching it; and as long as what it ran may be rolled
// back.
void UpdateCalendar::fetch(const Known& update) {
  const auto& run = calls_.rolling();
  const bool runs = !update.run.empty() && run && run->id == update.run;
  const bool wanted = runs || update.asked != 0 || update.phase == UpdatePhase::Running ||
                      (update.phase == UpdatePhase::Planned && may_be_planned(update));
  Trying& trying = trying_[update.target];
  const VendorOffer* offer = offer_of(update.target);
  if (!wanted) {
    if (!trying.forgotten) shelf_->forget(update.target);
    trying.forgotten = true;
    trying.wanted = 0;  // wanted again, it is asked for at once
    return;
  }
  trying.forgotten = false;
  if (offer == nullptr || offer->target.sha256 != update.sha256) return;
  if (runs || (trying.wanted != 0 && clock_.monotonic() < trying.wanted + kWantAgain)) return;
  trying.wanted = clock_.monotonic();
  shelf_->want(update.target);
}

// --- starting

// Empty: it may begin now. by_itself: as the plan says, and not because an admin wants it now.
std::string UpdateCalendar::why_not(const Known& update, bool by_itself) {
  if (by_itself) {
    const Trying& trying = trying_[update.target];
    const bool early =
        clock_.wall() < earliest(update) ||
        (trying.announced != 0 &&
         clock_.monotonic() < trying.announced + terms_.notice * (base::kSecond / base::kWallSecond));
    if (early) return "it was announced less than " + base::format_duration(terms_.notice) + " before";
  }
  const VendorOffer* offer = offer_of(update.target);
  if (offer == nullptr) return "nobody knows what the vendor offers: Mission Control was not reached";
  if (offer->suspended) return "the vendor has suspended it";
  if (offer->target.sha256 != update.sha256) return "the vendor offers another file under its name";
  if (!offer->whole)
    return "its file is not here: " + std::to_string(offer->have) + " of " + std::to_string(update.bytes) +
           " bytes";
  if (const auto& run = calls_.rolling(); run && run->under_way())
    return "an update of " + run->service + " was under way";
  return shelf_->refuse(update.target).value_or("");
}

// Who is asked for first; of the others the one that was announced last, which is the newest, then the more urgent one.
void UpdateCalendar::start_one() {
  if (!beginning_.empty()) return;
  const Micros now = clock_.wall();
  const Known* first = nullptr;
  const auto before = [](const Known& a, const Known& b) {
    if ((a.asked != 0) != (b.asked != 0)) return a.asked != 0;
    if (a.announced != b.announced) return a.announced > b.announced;
    return urgency(a.severity) > urgency(b.severity);
  };
  for (const auto& [name, update] : calls_.updates().targets) {
    const bool asked = update.asked != 0;
    const bool due = update.phase == UpdatePhase::Planned && !update.suspended && update.start != 0 &&
                     update.start <= now && now < update.until;
    if (!asked && !due) continue;
    Trying& trying = trying_[name];
    if (!asked && clock_.monotonic() < trying.again) continue;
    std::string why = why_not(update, !asked);
    if (!why.empty()) {
      trying.why = std::move(why);
      const VendorOffer* offer = offer_of(name);
      const auto& run = calls_.rolling();
      if (asked && offer != nullptr && offer->whole && !(run && run->under_way()))
        refuse_asked(update, {}, trying.why);
    } else if (first == nullptr || before(update, *first)) {
      first = &update;
    }
  }
  if (first != nullptr) begin(*first);
}

RollingOrder UpdateCalendar::order_of(const Known& update) const {
  RollingOrder order;
  order.id = calls_.make_id();
  order.service = update.of;
  order.version = update.version;
  order.target = update.target;
  order.replaces = update.from;
  if (const VendorOffer* offer = offer_of(update.target); offer != nullptr && offer->whole) {
    order.artefact = offer->artefact;
    order.sha256 = offer->target.sha256;
  }
  if (update.asked != 0) order.actor = update.asked_by;
  return order;
}

void UpdateCalendar::begin(const Known& update) {
  const RollingOrder order = order_of(update);
  beginning_ = update.target;
  calls_.begin(order, [this, target = update.target, asked = update.asked != 0,
                       run = order.id](const Rolling::Begun& said) { begun(target, asked, run, said); });
}

// That it began stands in update.started, which names the target. In a window it is tried again; an admin is told at once.
void UpdateCalendar::begun(const std::string& target, bool asked, const std::string& run,
                           const Rolling::Begun& said) {
  beginning_.clear();
  if (!said.refused) return;
  Trying& trying = trying_[target];
  trying.why = *said.refused;
  trying.pause = trying.pause == 0 ? kTryAgain : trying.pause * 2;
  trying.again = clock_.monotonic() + trying.pause;
  const Known* update = calls_.updates().find(target);
  if (asked && update != nullptr) refuse_asked(*update, run, *said.refused);
}

bool UpdateCalendar::refuse_asked(const Known& update, const std::string& run, const std::string& why) {
  Detail detail;
  about(detail, update).text("run", run).text("outcome", kRefusedOutcome).text("why", why);
  return put(EventType::UpdateEnded, update, detail.done(), std::string(kRefusedOutcome));
}

void UpdateCalendar::note_status() {
  status_ = {{"files", Json::object()}};
  if (const auto opening = next_opening(terms_.windows, clock_.wall()))
    status_["next_window"] = {{"from", base::format_time(opening->from)},
                              {"until", base::format_time(opening->until)}};
  if (shelf_ == nullptr) return;
  for (const VendorOffer& one : shelf_->offers())
    status_["files"][one.target.name] = {{"have", one.have}, {"whole", one.whole}};
}

void UpdateCalendar::look() {
  if (clock_.monotonic() < next_look_) return;
  next_look_ = clock_.monotonic() + kLook;
  note_status();
  if (shelf_ == nullptr) return;
  for (const VendorOffer& offer : shelf_->offers()) announce(offer);
  // Each record changes what is known: names, and not the updates themselves, are gone through.
  std::vector<std::string> names;
  for (const auto& [name, update] : calls_.updates().targets) names.push_back(name);
  for (const std::string& name : names) {
    for (const auto turn : {&UpdateCalendar::tell, &UpdateCalendar::withdraw, &UpdateCalendar::suspend,
                            &UpdateCalendar::plan_again, &UpdateCalendar::give_up_asking}) {
      if (const Known* update = calls_.updates().find(name); update != nullptr) (this->*turn)(*update);
    }
    if (const Known* update = calls_.updates().find(name); update != nullptr) fetch(*update);
  }
  start_one();
  for (const std::string& name : names) {
    if (const Known* update = calls_.updates().find(name); update != nullptr) miss(*update);
  }
  std::erase_if(trying_, [this](const auto& one) { return calls_.updates().find(one.first) == nullptr; });
}

}  // namespace postern::ledger
