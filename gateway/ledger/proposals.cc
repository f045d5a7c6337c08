// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/proposals.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using state::Proposal;
using state::ProposalState;

constexpr std::size_t kLongestWhyNot = 512;  // bytes

// Without the body: an enforcer judges how long it is, and whether there is one.
Json question_of(const line::AskedCall& call) {
  return {{"method", call.method},
          {"target", call.target},
          {"content_type", call.content_type},
          {"body_bytes", call.body.size()}};
}

std::string why_of(const Json& answer, const char* otherwise) {
  const std::string why = base::printable(base::json_text_or(answer, "why", ""), kLongestWhyNot);
  return why.empty() ? otherwise : why;
}

Detail& name_it(Detail& detail, const Proposal& one) {
  return detail.text("proposal", one.id).text("capability", one.capability);
}

void put_status(Detail& detail, const Json& answer) {
  const std::int64_t status = base::json_number_or(answer, "status", 0);
  if (status != 0) detail.number("status", status);
}

// Only what the undoing call names, and only what may stand there.
Json answers_of(const Proposal& one, const Json& answer) {
  Json out = Json::object();
  const auto given = answer.find("answers");
  const auto marks = one.undo ? state::marks_of(*one.undo) : std::nullopt;
  if (!marks || given == answer.end() || !given->is_object()) return Json();
  for (const std::string& name : *marks) {
    const std::string value = base::json_text_or(*given, name.c_str(), "");
    if (state::may_stand_for_mark(value)) out[name] = value;
  }
  return out.empty() ? Json() : out;
}

}  // namespace

bool ProposalRunner::is_judging(const std::string& id) const {
  return std::any_of(judging_.begin(), judging_.end(),
                     [&id](const auto& entry) { return entry.second.id == id; });
}

std::uint64_t ProposalRunner::comparing(const std::string& id) const {
  const auto asked = std::find_if(comparing_.begin(), comparing_.end(),
                                  [&id](const auto& entry) { return entry.second == id; });
  return asked == comparing_.end() ? 0 : asked->first;
}

bool ProposalRunner::judge(const line::Ask& ask) {
  if (judging_.size() >= kMostJudged || is_judging(ask.id)) return false;
  Json task{{"do", "judge"}, {"call", question_of(ask.call)}};
  if (ask.undo) task["undo"] = question_of(*ask.undo);
  const std::uint64_t id = calls_.ask_enforcer(task);
  if (id != 0) judging_[id] = ask;
  return id != 0;
}

bool ProposalRunner::put(EventType type, const Proposal& one, std::string_view outcome, std::string detail,
                         const std::string& actor) {
  const auto durable_at =
      calls_.record(Draft{type, actor, {}, one.id, std::string(outcome), std::move(detail), false});
  if (durable_at && work_) work_->durable_at = *durable_at;
  return durable_at.has_value();
}

void ProposalRunner::begin(const Proposal& one, bool undo, const std::string& actor, const std::string& why) {
  const auto call = undo && one.undo ? state::with_answers(*one.undo, one.answers) : one.call;
  if (!call) return;  // is not offered
  work_ = Work{one.id, undo, 0, 0};
  Detail detail;
  name_it(detail, one)
      .text("what", undo ? "undo" : "call")
      .text("method", call->method)
      .text("target", call->target);
  detail.text("why", why);
  if (!undo) detail.document("health", state::to_json(calls_.health()));
  if (!put(EventType::ProposalStarted, one, "started", detail.done(), actor)) work_.reset();
}

void ProposalRunner::send() {
  if (work_->task != 0 || calls_.durable() < work_->durable_at) return;
  work_->task = calls_.ask_enforcer({{"do", "propose"}, {"proposal", work_->id}, {"undo", work_->undo}});
  if (work_->task == 0) ended({{"outcome", "failed"}, {"why", "no enforcer was there: nothing was sent"}});
}

void ProposalRunner::enforcer_answered(std::uint64_t task, const Json& answer) {
  if (auto judged = judging_.extract(task); !judged.empty()) {
    if (base::json_text_or(answer, "code", "") != "not_now")  // else it comes again
      calls_.judged(judged.mapped(), judgement_of(answer));
    return;
  }
  // What it read came before, by itself, and is in the state; if not, something hindered it.
  if (!comparing_.extract(task).empty()) compare_at_ = clock_.monotonic() + kCompareAgain;
  if (work_ && work_->task == task && task != 0) ended(answer);
}

void ProposalRunner::enforcer_gone(std::uint64_t task) {
  judging_.erase(task);
  if (auto lost = comparing_.extract(task); !lost.empty()) compare_lost(lost.mapped());
  if (!work_ || work_->task != task || task == 0) return;
  ended({{"outcome", "unknown"},
         {"why", "the enforcer that sent the call ended before it said what came of it"}});
}

void ProposalRunner::ended(const Json& answer) {
  const Work work = *work_;
  work_.reset();
  const auto known = calls_.state().proposals().find(work.id);
  if (known == calls_.state().proposals().end()) return;
  const Proposal one = known->second;
  const std::string outcome = base::json_text_or(answer, "outcome", "");
  if (outcome == "applied") return work.undo ? undone(one, answer) : applied(one, answer);
  not_done(one, work.undo, outcome != "failed", answer);
}

void ProposalRunner::applied(const Proposal& one, const Json& answer) {
  const Json answers = answers_of(one, answer);
  Proposal then = one;
  if (answers.is_object()) {
    for (const auto& [name, value] : answers.items()) then.answers[name] = value.get<std::string>();
  }
  const bool undoable = one.undo && state::with_answers(*one.undo, then.answers);
  const base::Micros now = clock_.wall();
  Detail detail;
  name_it(detail, one);
  put_status(detail, answer);
  detail.document("answers", answers).text("forwarded", base::json_text_or(answer, "forwarded", ""));
  if (undoable && one.watch > 0) detail.time("watch_until", now + one.watch);
  if (undoable) detail.time("undo_until", now + state::kProposalUndo);
  put(EventType::ProposalApplied, one, "applied", detail.done());
}

void ProposalRunner::undone(const Proposal& one, const Json& answer) {
  Detail detail;
  name_it(detail, one);
  put_status(detail, answer);
  if (!one.by_admin) detail.text("why", one.why);
  detail.text("forwarded", base::json_text_or(answer, "forwarded", ""));
  put(one.by_admin ? EventType::ProposalUndone : EventType::ProposalRolledBack, one,
      one.by_admin ? "undone" : "rolled_back", detail.done());
}

void ProposalRunner::not_done(const Proposal& one, bool undo, bool unknown, const Json& answer) {
  Detail detail;
  name_it(detail, one);
  std::string why = why_of(answer, "the gateway does not say why");
  EventType type = unknown ? EventType::ProposalUnknown : EventType::ProposalFailed;
  if (undo) {
    type = EventType::ProposalUndoFailed;
    if (unknown) why = "whether the component took the call that undoes it is not known: " + why;
    if (!one.by_admin && !one.why.empty()) why += "; it was undone because " + one.why;
  }
  if (!unknown) {
    put_status(detail, answer);
    detail.text("code", base::printable(base::json_text_or(answer, "code", ""), 64));
  }
  detail.text("why", why).text("forwarded", base::json_text_or(answer, "forwarded", ""));
  put(type, one, undo ? "undo_failed" : unknown ? "unknown" : "failed", detail.done());
}

// A former ledger began it.
void ProposalRunner::left_behind(const Proposal& one) {
  not_done(one, one.state == ProposalState::Undoing, true,
           {{"why", "the ledger ended while the call was under way"}});
}

void ProposalRunner::compare_lost(const std::string& id) {
  compare_at_ = clock_.monotonic() + kCompareAgain;
  if (++lost_[id] < kCompareTries) return;
  const auto known = calls_.state().proposals().find(id);
  if (known == calls_.state().proposals().end() || !known->second.is_to_be_compared()) return;
  calls_.record(draft_proposal_compared(
      Proposal(known->second), {{"why", "the enforcer ended each time that it was to read the document"}}));
}

void ProposalRunner::compare() {
  if (clock_.monotonic() < compare_at_ || !calls_.writable()) return;
  const auto& all = calls_.state().proposals();
  std::erase_if(lost_, [&all](const auto& lost) { return !all.contains(lost.first); });
  for (const auto& [id, one] : all) {
    if (comparing_.size() >= kMostCompared) return;
    if (comparing(id) != 0 || !one.is_to_be_compared()) continue;
    const std::uint64_t task = calls_.ask_enforcer({{"do", "compare"}, {"proposal", id}});
    if (task == 0) return;
    comparing_[task] = id;
  }
}

void ProposalRunner::look() {
  compare();
  if (work_) return send();
  for (const auto& [id, one] : calls_.state().proposals()) {
    if (one.under_way()) return left_behind(Proposal(one));
  }
  next();
}

void ProposalRunner::next() {
  const auto& all = calls_.state().proposals();
  const base::Micros now = clock_.wall();
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    const Proposal one = it->second;
    if (one.undo_asked) return begin(one, true, one.decided_by, "an administrator wants it");
    if (one.state != ProposalState::Applied || one.watch_until == 0) continue;
    if (const std::string worse = calls_.worse(one.health); !worse.empty())
      return begin(one, true, "gateway", worse);
    if (now < one.watch_until) continue;
    Detail detail;
    put(EventType::ProposalWatchEnded, one, "watch_ended", name_it(detail, one).done());
    return;
  }
  for (const auto& [id, one] : all) {
    if (one.is_due() && (one.approved || one.expires > now))
      return begin(Proposal(one), false, "gateway", {});
  }
}

}  // namespace postern::ledger
