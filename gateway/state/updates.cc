// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/updates.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace postern::state {
namespace {

using base::Json;
using base::json_bool_or;
using base::json_number_or;
using base::json_text_or;
using base::Micros;

constexpr std::string_view kFamilyOfUpdates = "update.";

constexpr auto kUpdatesConcerned = std::to_array<std::string_view>({
    "update.announced",
    "update.begun",
    "update.cancelled",
    "update.done",
    "update.downloaded",
    "update.ended",
    "update.missed",
    "update.postponed",
    "update.rolled_back",
    "update.rolling_back",
    "update.run_now_asked",
    "update.scheduled",
    "update.started",
    "update.stopped",
    "update.suspended",
    "update.suspension_ended",
    "update.withdrawn",
});

Micros moment_of(const Json& detail, const char* key) {
  const std::string* text = base::json_text(detail, key);
  if (text == nullptr) return 0;
  const auto time = base::parse_time(*text);
  return time.ok() ? *time : 0;
}

void remember_moment(VendorUpdate& update, const UpdateNews& news, const std::string& why) {
  std::string what(news.type.substr(kFamilyOfUpdates.size()));
  if (news.type == "update.ended" && !news.outcome.empty()) what += ": " + std::string(news.outcome);
  if (update.history.size() == kUpdateMomentsKept) update.history.erase(update.history.begin());
  update.history.push_back({news.at, std::move(what), std::string(news.by), why});
}

// Where as many as are kept are there: one goes that was withdrawn (and that no admin had cancelled), else one that has ended, else the oldest.
void make_room_for_one(Updates& updates) {
  const auto rank = [](const VendorUpdate& one) {
    if (one.phase == UpdatePhase::Withdrawn && !one.was_cancelled) return 0;
    return one.ran() && one.phase != UpdatePhase::Running ? 1 : 2;
  };
  while (updates.targets.size() >= kUpdatesKept) {
    const auto first =
        std::min_element(updates.targets.begin(), updates.targets.end(), [&](const auto& a, const auto& b) {
          return std::pair(rank(a.second), a.second.announced) <
                 std::pair(rank(b.second), b.second.announced);
        });
    updates.targets.erase(first);
  }
}

void take_plan(VendorUpdate& update, const Json& detail) {
  update.start = moment_of(detail, "start");
  update.until = moment_of(detail, "until");
  if (const Micros latest = moment_of(detail, "latest"); latest != 0) update.latest = latest;
  update.chosen = false;
}

// The gateway plans, and what an admin chose stays chosen where the plan is that one.
void keep_chosen(VendorUpdate& update, const VendorUpdate& before) {
  update.chosen = before.chosen && before.start == update.start && before.until == update.until;
}

void announce_update(Updates& updates, const UpdateNews& news, const Json& detail) {
  VendorUpdate made, before;
  if (const auto known = updates.targets.find(news.subject); known != updates.targets.end()) {
    before = std::move(known->second);
    made.history = std::move(before.history);
    updates.targets.erase(known);
  }
  made.target = news.subject;
  const std::string product = json_text_or(detail, "product", "");
  made.product = !product.empty();
  made.of = made.product ? product : json_text_or(detail, "service", "");
  made.version = json_text_or(detail, "version", "");
  made.from = base::json_texts(detail, "from");
  made.severity = json_text_or(detail, "severity", "low");
  made.notes = json_text_or(detail, "notes", "");
  made.sha256 = json_text_or(detail, "sha256", "");
  made.bytes = json_number_or(detail, "bytes", 0);
  made.postpone_hours = json_number_or(detail, "postpone_hours", 0);
  made.not_before = moment_of(detail, "not_before");
  made.announced = news.at;
  take_plan(made, detail);
  if (before.phase == UpdatePhase::Withdrawn && before.sha256 == made.sha256) {
    keep_chosen(made, before);
    if (before.was_cancelled) made.phase = UpdatePhase::Cancelled;
  }
  remember_moment(made, news, {});
  make_room_for_one(updates);
  updates.targets.emplace(news.subject, std::move(made));
}

void fold_outcome(VendorUpdate& update, const UpdateNews& news, const std::string& why) {
  update.ended_told = true;
  if (news.outcome != "refused") return;
  update.asked = 0;
  update.asked_by.clear();
  update.why = why;
}

void fold_missed(VendorUpdate& update, const Json& detail, const std::string& why) {
  update.start = moment_of(detail, "next");
  update.until = moment_of(detail, "until");
  update.chosen = false;
  update.why = why;
}

void fold_update(VendorUpdate& update, const UpdateNews& news, const Json& detail) {
  const std::string_view type = news.type.substr(kFamilyOfUpdates.size());
  const std::string why = json_text_or(detail, "why", "");
  // Of what is under way or over, why it came to that says more than the suspension.
  const bool waits = update.phase == UpdatePhase::Planned || update.phase == UpdatePhase::Cancelled;
  remember_moment(update, news, why);
  if (type == "scheduled") {
    take_plan(update, detail);
    if (update.phase == UpdatePhase::Cancelled) update.phase = UpdatePhase::Planned;
  } else if (type == "postponed") {
    update.start = moment_of(detail, "start");
    update.until = moment_of(detail, "until");
    update.chosen = true;
  } else if (type == "run_now_asked") {
    update.asked = news.at;
    update.asked_by = news.by;
    update.ended_told = false;
    update.why.clear();
  } else if (type == "cancelled") {
    if (update.phase == UpdatePhase::Planned) update.phase = UpdatePhase::Cancelled;
    update.asked = 0;
  } else if (type == "downloaded") {
    update.downloaded = true;
  } else if (type == "suspended") {
    update.suspended = true;
    update.asked = 0;
    if (waits) update.why = why;
  } else if (type == "suspension_ended") {
    update.suspended = false;
    if (waits) update.why.clear();
    if (update.phase == UpdatePhase::Planned) {
      const VendorUpdate before = update;
      take_plan(update, detail);
      keep_chosen(update, before);
    }
  } else if (type == "withdrawn") {
    if (update.phase == UpdatePhase::Running) return;
    update.was_cancelled = update.phase == UpdatePhase::Cancelled;
    update.phase = UpdatePhase::Withdrawn;
    update.withdrawn = news.at;
    update.asked = 0;
    update.why = why;
  } else if (type == "missed") {
    fold_missed(update, detail, why);
  } else if (type == "begun") {
    update.begun_told = true;
  } else if (type == "ended") {
    fold_outcome(update, news, why);
  }
}

void fold_run(VendorUpdate& update, const UpdateNews& news, const Json& detail) {
  update.ended_told = false;
  update.why = json_text_or(detail, "why", "");
  if (news.type == "update.started") {
    update.run = news.subject;
    update.begun_told = false;
    update.asked = 0;
    update.began = news.at;
    update.ended = 0;
    update.phase = UpdatePhase::Running;
    return;
  }
  update.phase = UpdatePhase::Running;  // rolled back, also one that had ended
  if (news.type == "update.rolling_back") return;
  update.ended = news.at;
  if (news.type == "update.done") update.phase = UpdatePhase::Done;
  if (news.type == "update.rolled_back") update.phase = UpdatePhase::RolledBack;
  if (news.type == "update.stopped") update.phase = UpdatePhase::Stopped;
}

bool is_of_a_run(std::string_view type) {
  return type == "update.started" || type == "update.rolling_back" || type == "update.done" ||
         type == "update.rolled_back" || type == "update.stopped";
}

// Which version a service has, as its updates tell, also those that an admin brought.
void fold_installed(Updates& updates, const UpdateNews& news, const Json& detail) {
  const std::string service = json_text_or(detail, "service", "");
  if (service.empty()) return;
  const auto put = [&](const std::string& key, const std::string& version) {
    if (version.empty() ||
        (updates.installed.size() >= kInstalledServices && !updates.installed.contains(key)))
      return;
    updates.installed[key] = version;
  };
  if (news.type == "update.started") put(service, json_text_or(detail, "before", ""));
  if (news.type == "update.done") put(service, json_text_or(detail, "version", ""));
  // Which of them the nodes have is not known any more, until the next one says.
  if (news.type == "update.rolling_back" || news.type == "update.stopped") updates.installed.erase(service);
}

Json moments_json(const std::vector<UpdateMoment>& history, bool for_people) {
  Json out = Json::array();
  for (const UpdateMoment& one : history) {
    Json made{{"what", one.what}, {"by", one.by}};
    if (for_people)
      made["at"] = base::format_time(one.at);
    else
      made["at"] = one.at;
    if (!one.why.empty()) made["why"] = one.why;
    out.push_back(std::move(made));
  }
  return out;
}

Json update_to_json(const VendorUpdate& one) {
  return {{"target", one.target},
          {"product", one.product},
          {"of", one.of},
          {"version", one.version},
          {"severity", one.severity},
          {"notes", one.notes},
          {"sha256", one.sha256},
          {"from", one.from},
          {"bytes", one.bytes},
          {"postpone_hours", one.postpone_hours},
          {"not_before", one.not_before},
          {"phase", static_cast<int>(one.phase)},
          {"announced", one.announced},
          {"withdrawn", one.withdrawn},
          {"start", one.start},
          {"until", one.until},
          {"latest", one.latest},
          {"chosen", one.chosen},
          {"was_cancelled", one.was_cancelled},
          {"asked", one.asked},
          {"asked_by", one.asked_by},
          {"suspended", one.suspended},
          {"downloaded", one.downloaded},
          {"run", one.run},
          {"begun_told", one.begun_told},
          {"ended_told", one.ended_told},
          {"began", one.began},
          {"ended", one.ended},
          {"why", one.why},
          {"history", moments_json(one.history, false)}};
}

std::optional<VendorUpdate> update_from_json(const Json& json) {
  const std::int64_t phase = json.is_object() ? json_number_or(json, "phase", -1) : -1;
  if (phase < 0 || phase > static_cast<std::int64_t>(UpdatePhase::Withdrawn)) return std::nullopt;
  VendorUpdate out;
  out.phase = static_cast<UpdatePhase>(phase);
  out.target = json_text_or(json, "target", "");
  out.product = json_bool_or(json, "product", false);
  out.of = json_text_or(json, "of", "");
  out.version = json_text_or(json, "version", "");
  out.severity = json_text_or(json, "severity", "");
  out.notes = json_text_or(json, "notes", "");
  out.sha256 = json_text_or(json, "sha256", "");
  out.from = base::json_texts(json, "from");
  out.bytes = json_number_or(json, "bytes", 0);
  out.postpone_hours = json_number_or(json, "postpone_hours", 0);
  out.not_before = json_number_or(json, "not_before", 0);
  out.announced = json_number_or(json, "announced", 0);
  out.withdrawn = json_number_or(json, "withdrawn", 0);
  out.start = json_number_or(json, "start", 0);
  out.until = json_number_or(json, "until", 0);
  out.latest = json_number_or(json, "latest", 0);
  out.chosen = json_bool_or(json, "chosen", false);
  out.was_cancelled = json_bool_or(json, "was_cancelled", false);
  out.asked = json_number_or(json, "asked", 0);
  out.asked_by = json_text_or(json, "asked_by", "");
  out.suspended = json_bool_or(json, "suspended", false);
  out.downloaded = json_bool_or(json, "downloaded", false);
  out.run = json_text_or(json, "run", "");
  out.begun_told = json_bool_or(json, "begun_told", false);
  out.ended_told = json_bool_or(json, "ended_told", false);
  out.began = json_number_or(json, "began", 0);
  out.ended = json_number_or(json, "ended", 0);
  out.why = json_text_or(json, "why", "");
  const Json history = json.value("history", Json::array());
  for (const Json& one : history) {
    if (!one.is_object()) continue;
    out.history.push_back({json_number_or(one, "at", 0), json_text_or(one, "what", ""),
                           json_text_or(one, "by", ""), json_text_or(one, "why", "")});
  }
  return out.target.empty() ? std::nullopt : std::optional(std::move(out));
}

}  // namespace

const VendorUpdate* Updates::find(std::string_view target) const {
  const auto found = targets.find(target);
  return found == targets.end() ? nullptr : &found->second;
}

std::string_view state_text(const VendorUpdate& update) {
  switch (update.phase) {
    case UpdatePhase::Running:
      return "running";
    case UpdatePhase::Withdrawn:
      return "withdrawn";
    case UpdatePhase::Done:
      return "done";
    default:
      break;
  }
  if (update.asked != 0) return "waiting";
  if (update.phase == UpdatePhase::RolledBack) return "rolled_back";
  if (update.phase == UpdatePhase::Stopped) return "stopped";
  if (update.suspended) return "suspended";
  if (update.phase == UpdatePhase::Cancelled) return "cancelled";
  return update.start == 0 ? "announced" : "scheduled";
}

bool concerns_updates(std::string_view event_type) {
  return std::binary_search(kUpdatesConcerned.begin(), kUpdatesConcerned.end(), event_type);
}

void fold_updates(Updates& updates, const UpdateNews& news, const Json& detail) {
  if (!concerns_updates(news.type) || news.subject.empty()) return;
  if (news.type == "update.announced") return announce_update(updates, news, detail);
  if (!is_of_a_run(news.type)) {
    const auto known = updates.targets.find(news.subject);
    if (known != updates.targets.end()) fold_update(known->second, news, detail);
    return;
  }
  fold_installed(updates, news, detail);
  if (news.type == "update.started") {
    const auto known = updates.targets.find(json_text_or(detail, "target", ""));
    if (known != updates.targets.end()) fold_run(known->second, news, detail);
    return;
  }
  for (auto& [name, update] : updates.targets) {
    if (update.run == news.subject) fold_run(update, news, detail);
  }
}

Json to_json(const Updates& updates) {
  Json targets = Json::array();
  for (const auto& [name, one] : updates.targets) targets.push_back(update_to_json(one));
  return {{"targets", std::move(targets)}, {"installed", updates.installed}};
}

Updates updates_from_json(const Json& json) {
  Updates out;
  if (!json.is_object()) return out;
  const Json targets = json.value("targets", Json::array()),
             installed = json.value("installed", Json::object());
  for (const Json& one : targets) {
    if (auto update = update_from_json(one)) out.targets[update->target] = std::move(*update);
  }
  for (const auto& [service, version] : installed.items()) {
    if (version.is_string()) out.installed[service] = version.get<std::string>();
  }
  return out;
}

Json view(const VendorUpdate& update, bool whole) {
  Json out{{"target", update.target},       {"version", update.version},
           {"severity", update.severity},   {"bytes", update.bytes},
           {"sha256", update.sha256},       {"state", state_text(update)},
           {"suspended", update.suspended}, {"announced", base::format_time(update.announced)}};
  out[update.product ? "product" : "service"] = update.of;
  const auto moment = [&out](const char* key, Micros at) {
    if (at != 0) out[key] = base::format_time(at);
  };
  if (!update.from.empty()) out["from"] = update.from;
  moment("not_before", update.not_before);
  const bool planned = update.phase == UpdatePhase::Planned;
  if (planned) moment("start", update.start);
  if (planned) moment("until", update.until);
  moment("latest", update.latest);
  if (planned && update.chosen) out["chosen"] = true;
  moment("asked", update.asked);
  if (!update.run.empty()) out["run"] = update.run;
  moment("began", update.began);
  moment("ended", update.ended);
  if (!update.why.empty()) out["why"] = update.why;
  if (!whole) return out;
  out["notes"] = update.notes;
  out["history"] = moments_json(update.history, true);
  return out;
}

}  // namespace postern::state
