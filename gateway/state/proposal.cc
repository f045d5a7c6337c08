// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/proposal.h"

#include <algorithm>
#include <array>

namespace postern::state {
namespace {

using base::Json;
using base::json_bool_or;
using base::json_number_or;
using base::json_text_or;
using base::Micros;

constexpr std::array<std::string_view, 12> kProposalStates{"pending", "approved", "applying",    "applied",
                                                           "undoing", "undone",   "rolled_back", "failed",
                                                           "unknown", "refused",  "withdrawn",   "expired"};
constexpr std::array<std::string_view, 15> kProposalEvents{
    "proposal.applied",     "proposal.approved",    "proposal.expired",     "proposal.failed",
    "proposal.received",    "proposal.refused",     "proposal.rolled_back", "proposal.started",
    "proposal.undo_asked",  "proposal.undo_failed", "proposal.undone",      "proposal.unknown",
    "proposal.watch_ended", "proposal.withdrawn",   "proposal.compared"};
constexpr std::string_view kMark = "${answer.";
constexpr std::size_t kLongestAnswer = 128;

Micros proposal_time(const Json& detail, const char* key) {
  const std::string* text = base::json_text(detail, key);
  if (text == nullptr) return 0;
  const auto time = base::parse_time(*text);
  return time.ok() ? *time : 0;
}

ProposedCall call_of(const Json& json) {
  return {json_text_or(json, "method", ""), json_text_or(json, "target", ""),
          json_text_or(json, "content_type", ""), json_text_or(json, "body", "")};
}

bool is_mark_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits);
}

bool find_marks(std::string_view text, std::vector<std::string>& out) {
  for (std::size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return false;
    const std::string_view name = text.substr(at + kMark.size(), end - at - kMark.size());
    if (!is_mark_name(name)) return false;
    out.emplace_back(name);
  }
  return true;
}

void replace_marks(std::string& text, const std::map<std::string, std::string>& answers) {
  for (const auto& [name, value] : answers) {
    const std::string mark = std::string(kMark) + name + "}";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
}

void take_in(Proposals& proposals, std::string_view id, const Json& detail, Micros at,
             const std::string& by) {
  Proposal made;
  made.id = id;
  made.by = by;
  made.reason = json_text_or(detail, "reason", "");
  made.ticket = json_text_or(detail, "ticket", "");
  made.capability = json_text_or(detail, "capability", "");
  made.operation = json_text_or(detail, "operation", "");
  made.call = call_of(detail);
  if (const auto undo = detail.find("undo"); undo != detail.end() && undo->is_object())
    made.undo = call_of(*undo);
  made.watch = json_number_or(detail, "watch_us", 0);
  made.waits = json_text_or(detail, "waits", "");
  made.read = json_text_or(detail, "read", "");
  made.approvals_needed = std::max<std::int64_t>(1, json_number_or(detail, "approvals_needed", 1));
  made.created = at;
  made.expires = proposal_time(detail, "expires");
  proposals.emplace(made.id, std::move(made));
}

void prune_over(Proposals& proposals) {
  std::size_t over = 0;
  for (auto it = proposals.rbegin(); it != proposals.rend(); ++it) over += it->second.over != 0 ? 1 : 0;
  for (auto it = proposals.begin(); over > kOverProposalsKept && it != proposals.end();) {
    if (it->second.over == 0) {
      ++it;
      continue;
    }
    it = proposals.erase(it);
    --over;
  }
}

void take_started(Proposal& one, const Json& detail, Micros at, const std::string& by) {
  const bool undo = json_text_or(detail, "what", "") == "undo";
  one.state = undo ? ProposalState::Undoing : ProposalState::Applying;
  one.started = at;
  one.over = 0;
  if (undo) {
    one.by_admin = by.starts_with("admin:");
    one.why = json_text_or(detail, "why", "");
    one.undo_asked = false;
    return;
  }
  if (const auto health = detail.find("health"); health != detail.end()) one.health = health_before(*health);
}

void take_end(Proposal& one, ProposalState state, const Json& detail, Micros at) {
  one.state = state;
  one.why = json_text_or(detail, "why", one.why);
  one.watch_until = 0;
  one.undo_asked = false;
  one.over = at;
}

void take_applied(Proposal& one, const Json& detail, Micros at) {
  one.state = ProposalState::Applied;
  one.status = json_number_or(detail, "status", 0);
  one.applied = at;
  one.watch_until = proposal_time(detail, "watch_until");
  one.undo_until = proposal_time(detail, "undo_until");
  if (one.watch_until == 0) one.over = at;
  const auto answers = detail.find("answers");
  if (answers == detail.end() || !answers->is_object()) return;
  for (const auto& [name, value] : answers->items()) {
    if (value.is_string() && may_stand_for_mark(value.get_ref<const std::string&>()))
      one.answers[name] = value.get<std::string>();
  }
}

void decide_fold(Proposal& one, std::string_view type, const Json& detail, Micros at, const std::string& by) {
  if (one.state != ProposalState::Pending && type != "proposal.refused") return;
  one.decided = at;
  one.decided_by = by;
  one.note = json_text_or(detail, "note", "");
  if (type == "proposal.approved") {
    one.approvals.push_back(by);
    if (static_cast<std::int64_t>(one.approvals.size()) < one.approvals_needed) return;
    one.state = ProposalState::Approved;
    one.approved = true;
    one.before = {};
    return;
  }
  one.over = at;
  one.before = {};
  one.state = type == "proposal.refused"     ? ProposalState::Refused
              : type == "proposal.withdrawn" ? ProposalState::Withdrawn
                                             : ProposalState::Expired;
}

void fold_one(Proposal& one, std::string_view type, const Json& detail, Micros at, const std::string& by) {
  if (type == "proposal.started") return take_started(one, detail, at, by);
  if (type == "proposal.compared") {
    if (one.waits_for_admin()) one.before = comparison_of(detail, at);
    return;
  }
  if (type == "proposal.applied") return take_applied(one, detail, at);
  if (type == "proposal.failed") return take_end(one, ProposalState::Failed, detail, at);
  if (type == "proposal.undone") return take_end(one, ProposalState::Undone, detail, at);
  if (type == "proposal.rolled_back") return take_end(one, ProposalState::RolledBack, detail, at);
  if (type == "proposal.unknown") {
    one.undo_until = at + kProposalUndo;
    return take_end(one, ProposalState::Unknown, detail, at);
  }
  if (type == "proposal.undo_failed")
    return take_end(one, one.applied != 0 ? ProposalState::Applied : ProposalState::Unknown, detail, at);
  if (type == "proposal.undo_asked") {
    one.undo_asked = true;
    one.decided_by = by;
    return;
  }
  if (type == "proposal.watch_ended") {
    one.watch_until = 0;
    one.over = at;
    return;
  }
  decide_fold(one, type, detail, at, by);
}

void put_words(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

void put_when(Json& json, const char* key, Micros time) {
  if (time != 0) json[key] = base::format_time(time);
}

std::vector<std::string> some_texts(const Json& json, const char* key) {
  return json.is_object() ? base::json_texts(json, key) : std::vector<std::string>();
}

Json proposal_to_json(const Proposal& one) {
  return {{"id", one.id},
          {"by", one.by},
          {"reason", one.reason},
          {"ticket", one.ticket},
          {"capability", one.capability},
          {"operation", one.operation},
          {"call", to_json(one.call)},
          {"undo", one.undo ? to_json(*one.undo) : Json()},
          {"watch", one.watch},
          {"waits", one.waits},
          {"read", one.read},
          {"before", one.before.at != 0 ? to_json(one.before) : Json()},
          {"created", one.created},
          {"expires", one.expires},
          {"state", static_cast<int>(one.state)},
          {"decided_by", one.decided_by},
          {"note", one.note},
          {"decided", one.decided},
          {"approvals", one.approvals},
          {"approvals_needed", one.approvals_needed},
          {"approved", one.approved},
          {"health", to_json(one.health)},
          {"started", one.started},
          {"status", one.status},
          {"answers", one.answers},
          {"applied", one.applied},
          {"watch_until", one.watch_until},
          {"undo_until", one.undo_until},
          {"by_admin", one.by_admin},
          {"undo_asked", one.undo_asked},
          {"why", one.why},
          {"over", one.over}};
}

std::optional<Proposal> proposal_from_json(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const std::int64_t state = json_number_or(json, "state", -1);
  const auto call = json.find("call"), undo = json.find("undo"), answers = json.find("answers");
  if (state < 0 || state >= static_cast<std::int64_t>(kProposalStates.size()) || call == json.end() ||
      !call->is_object())
    return std::nullopt;
  Proposal out;
  out.id = json_text_or(json, "id", "");
  out.by = json_text_or(json, "by", "");
  out.reason = json_text_or(json, "reason", "");
  out.ticket = json_text_or(json, "ticket", "");
  out.capability = json_text_or(json, "capability", "");
  out.operation = json_text_or(json, "operation", "");
  out.call = call_of(*call);
  if (undo != json.end() && undo->is_object()) out.undo = call_of(*undo);
  out.watch = json_number_or(json, "watch", 0);
  out.waits = json_text_or(json, "waits", "");
  out.read = json_text_or(json, "read", "");
  out.before = comparison_from_json(json.value("before", Json()));
  out.created = json_number_or(json, "created", 0);
  out.expires = json_number_or(json, "expires", 0);
  out.state = static_cast<ProposalState>(state);
  out.decided_by = json_text_or(json, "decided_by", "");
  out.note = json_text_or(json, "note", "");
  out.decided = json_number_or(json, "decided", 0);
  out.approvals = base::json_texts(json, "approvals");
  out.approvals_needed = json_number_or(json, "approvals_needed", 1);
  out.approved = json_bool_or(json, "approved", false);
  if (const auto health = json.find("health"); health != json.end()) out.health = health_before(*health);
  out.started = json_number_or(json, "started", 0);
  out.status = json_number_or(json, "status", 0);
  if (answers != json.end() && answers->is_object()) {
    for (const auto& [name, value] : answers->items())
      if (value.is_string()) out.answers[name] = value.get<std::string>();
  }
  out.applied = json_number_or(json, "applied", 0);
  out.watch_until = json_number_or(json, "watch_until", 0);
  out.undo_until = json_number_or(json, "undo_until", 0);
  out.by_admin = json_bool_or(json, "by_admin", false);
  out.undo_asked = json_bool_or(json, "undo_asked", false);
  out.why = json_text_or(json, "why", "");
  out.over = json_number_or(json, "over", 0);
  return out;
}

}  // namespace

std::string_view to_text(ProposalState state) { return kProposalStates.at(static_cast<std::size_t>(state)); }

bool Proposal::may_be_undone(Micros now) const {
  return undo && !undo_asked && now < undo_until &&
         (state == ProposalState::Applied || state == ProposalState::Unknown) && with_answers(*undo, answers);
}

std::optional<std::vector<std::string>> marks_of(const ProposedCall& call) {
  std::vector<std::string> out;
  if (!find_marks(call.target, out) || !find_marks(call.body, out)) return std::nullopt;
  return out;
}

bool may_stand_for_mark(std::string_view value) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
  };
  return !value.empty() && value.size() <= kLongestAnswer && value != "." && value != ".." &&
         std::all_of(value.begin(), value.end(), plain);
}

std::optional<ProposedCall> with_answers(ProposedCall call,
                                         const std::map<std::string, std::string>& answers) {
  const auto marks = marks_of(call);
  if (!marks) return std::nullopt;
  const bool all = std::all_of(marks->begin(), marks->end(), [&answers](const std::string& name) {
    const auto found = answers.find(name);
    return found != answers.end() && may_stand_for_mark(found->second);
  });
  if (!all) return std::nullopt;
  replace_marks(call.target, answers);
  replace_marks(call.body, answers);
  return call;
}

Json to_json(const HealthBefore& health) {
  return {{"up", health.up}, {"warnings", health.warnings}, {"low", health.low}};
}

HealthBefore health_before(const Json& json) {
  return {some_texts(json, "up"), some_texts(json, "warnings"),
          json.is_object() && json_bool_or(json, "low", false)};
}

bool concerns_proposals(std::string_view event_type) {
  return !event_type.empty() &&
         std::find(kProposalEvents.begin(), kProposalEvents.end(), event_type) != kProposalEvents.end();
}

void fold_proposal(Proposals& proposals, std::string_view type, std::string_view id, const Json& detail,
                   Micros at, const std::string& by) {
  if (id.empty()) return;
  if (type == "proposal.received") return take_in(proposals, id, detail, at, by);
  const auto known = proposals.find(id);
  if (known == proposals.end()) return;
  fold_one(known->second, type, detail, at, by);
  if (known->second.over != 0) prune_over(proposals);
}

Json to_json(const ProposedCall& call) {
  Json out{{"method", call.method}, {"target", call.target}};
  put_words(out, "content_type", call.content_type);
  put_words(out, "body", call.body);
  return out;
}

Json to_json(const Proposals& proposals) {
  Json out = Json::array();
  for (const auto& [id, one] : proposals) out.push_back(proposal_to_json(one));
  return out;
}

Proposals proposals_from_json(const Json& json) {
  Proposals out;
  if (!json.is_array()) return out;
  for (const Json& item : json) {
    auto one = proposal_from_json(item);
    if (!one) continue;
    std::string id = one->id;
    out.emplace(std::move(id), *std::move(one));
  }
  return out;
}

Json view(const Proposal& one, Micros now) {
  Json out{{"id", one.id},
           {"state", to_text(one.state)},
           {"by", one.by},
           {"reason", one.reason},
           {"capability", one.capability},
           {"operation", one.operation},
           {"call", to_json(one.call)},
           {"created", base::format_time(one.created)},
           {"can_be_undone", one.may_be_undone(now)}};
  put_words(out, "ticket", one.ticket);
  if (one.undo) out["undo"] = to_json(with_answers(*one.undo, one.answers).value_or(*one.undo));
  if (one.watch > 0) out["watch"] = base::format_duration(one.watch);
  if (one.state == ProposalState::Pending) {
    put_words(out, "waits", one.waits);
    put_words(out, "read", one.read);
    if (one.before.at != 0) out["before"] = view(one.before);
    put_when(out, "expires", one.expires);
  }
  if (one.approvals_needed > 1) {
    out["approvals"] = one.approvals;
    out["approvals_needed"] = one.approvals_needed;
  }
  put_when(out, "decided", one.decided);
  put_words(out, "decided_by", one.decided_by);
  put_words(out, "note", one.note);
  put_when(out, "applied", one.applied);
  if (one.status != 0) out["status"] = one.status;
  put_when(out, "watched_until", one.watch_until);
  if (one.may_be_undone(now)) put_when(out, "undo_until", one.undo_until);
  put_words(out, "why", one.why);
  return out;
}

}  // namespace postern::state
