// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What admins decide about the vendor's updates.
#include "base/bytes.h"
#include "gateway/ledger/deciding.h"
#include "gateway/ledger/update_calendar.h"

namespace postern::ledger {

using audit::EventType;
using base::Json;
using base::Micros;
using state::UpdatePhase;

namespace {

constexpr std::string_view kNextWindow = "next-window";

Decision decided(EventType type, const state::VendorUpdate& update, const Json& order, Detail& detail) {
  Decision out;
  detail.text("client", base::json_text_or(order, "from", ""));
  out.events.push_back(
      Draft{type, base::json_text_or(order, "actor", ""), {}, update.target, {}, detail.done(), false});
  out.reply = {{"target", update.target}, {"changed", true}};
  return out;
}

}  // namespace

bool is_update_command(std::string_view command) { return command.starts_with("update."); }

// What nothing can be decided about any more.
std::optional<Decision> UpdateCalendar::refuse_target(const Known* update) const {
  if (update == nullptr) return not_found("no update of that name was announced: see postern update list");
  if (is_beginning(update->target))
    return conflict("it is beginning at this moment: once it runs, postern update stop stops it");
  if (update->phase == UpdatePhase::Running)
    return conflict("it is under way: postern update stop stops it, postern update roll-back rolls it back");
  if (update->phase == UpdatePhase::Done) return conflict("it is done");
  if (update->phase == UpdatePhase::Withdrawn) return conflict("it was withdrawn: " + update->why);
  return std::nullopt;
}

Decision UpdateCalendar::decide(const Json& order) {
  const Known* update = calls_.updates().find(base::json_text_or(order, "target", ""));
  if (auto refused = refuse_target(update)) return *std::move(refused);
  const std::string command = base::json_text_or(order, "command", "");
  if (command == "update.postpone") return decide_postpone(*update, order);
  if (command == "update.run_now") return decide_run_now(*update, order);
  if (command == "update.cancel") return decide_cancel(*update, order);
  return decide_schedule(*update, order);
}

Decision UpdateCalendar::decide_postpone(const Known& update, const Json& order) const {
  if (update.phase != UpdatePhase::Planned || update.start == 0)
    return conflict("nothing is planned for it that could be put off");
  const Micros now = clock_.wall();
  const std::string to = base::json_text_or(order, "to", "");
  Plan wanted;
  if (to == kNextWindow) {
    wanted = plan(update, std::max(update.start + 1, now));
    if (wanted.start == 0) return conflict("there is no maintenance window after that");
  } else {
    const auto time = base::parse_until(to, now);
    if (!time.ok())
      return invalid(
          "to must be next-window, a time such as 2026-12-01T02:00:00Z, or how long from now, such as 36h");
    const auto opening = opening_at(terms_.windows, *time);
    wanted = {*time, opening ? opening->until : *time + kOwnWindow};
  }
  if (wanted.start <= update.start)
    return conflict("it is planned for " + base::format_time(update.start) +
                    ", and is put off to a later time only");
  if (wanted.start > update.latest)
    return conflict("the vendor lets it be put off until " + base::format_time(update.latest) +
                    " and no longer; it can be cancelled");
  Detail detail;
  about(detail, update).time("start", wanted.start).time("until", wanted.until);
  return decided(EventType::UpdatePostponed, update, order, detail);
}

std::optional<std::string> UpdateCalendar::refuse_running(const Known& update) const {
  if (!is_run_here(update)) return "it is an update of " + update.of + ", which is not run from here";
  if (!calls_.updatable(update.of))
    return "the configuration does not say how " + update.of +
           " is updated: it needs a section update with steps";
  if (update.suspended) return "the vendor has suspended it" + (update.why.empty() ? "" : ": " + update.why);
  const VendorOffer* offer = offer_of(update.target);
  if (offer == nullptr) return "the vendor does not offer it now, as far as is known";
  if (offer->suspended) return "the vendor has suspended it";
  if (offer->target.sha256 != update.sha256) return "the vendor offers another file under its name";
  if (const auto& run = calls_.rolling(); run && run->under_way())
    return "an update of " + run->service + " is under way: wait until it has ended";
  return std::nullopt;
}

Decision UpdateCalendar::decide_run_now(const Known& update, const Json& order) const {
  if (update.asked != 0) return unchanged({{"target", update.target}});
  if (const auto why = refuse_running(update)) return conflict(*why);
  const bool whole = offer_of(update.target)->whole;
  if (whole) {
    if (const auto why = shelf_->refuse(update.target)) return conflict(*why);
  }
  Detail detail;
  about(detail, update);
  Decision out = decided(EventType::UpdateRunNowAsked, update, order, detail);
  out.reply["whole"] = whole;
  return out;
}

Decision UpdateCalendar::decide_cancel(const Known& update, const Json& order) const {
  if (update.asked == 0 && update.phase != UpdatePhase::Planned)
    return unchanged({{"target", update.target}});
  Detail detail;
  about(detail, update);
  return decided(EventType::UpdateCancelled, update, order, detail);
}

Decision UpdateCalendar::decide_schedule(const Known& update, const Json& order) const {
  if (update.phase == UpdatePhase::Planned) return unchanged({{"target", update.target}});
  if (update.phase != UpdatePhase::Cancelled)
    return conflict("it ran before, and does not start by itself again: run it with postern update run-now");
  const Plan planned = plan(update, clock_.wall());
  Detail detail;
  about(detail, update);
  if (planned.start != 0) detail.time("start", planned.start).time("until", planned.until);
  if (planned.start != 0 && update.latest == 0) detail.time("latest", latest_of(update, planned.start));
  return decided(EventType::UpdateScheduled, update, order, detail);
}

void UpdateCalendar::look_ahead(const Json& order, Rolling::OnBegun answer) {
  const Known* update = calls_.updates().find(base::json_text_or(order, "target", ""));
  std::optional<std::string> why;
  if (auto refused = refuse_target(update)) why = refused->refused->message;
  if (!why) why = refuse_running(*update);
  if (!why && offer_of(update->target)->whole) why = shelf_->refuse(update->target);
  if (why) return answer({why, Json()});
  RollingOrder wanted = order_of(*update);
  wanted.dry = true;
  wanted.actor = base::json_text_or(order, "actor", "");
  wanted.from = base::json_text_or(order, "from", "");
  calls_.begin(wanted, std::move(answer));
}

}  // namespace postern::ledger
