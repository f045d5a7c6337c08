// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/alarms.h"

#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"
#include "mission/desk/alert_limit.h"

namespace postern::mission {
namespace {

using base::Ok;
using base::Status;

constexpr base::Micros kHealthCounts =
    600 * base::kWallSecond;  // five reports: what is older says nothing of now
constexpr base::Micros kUsageWeek = 7LL * 86400 * base::kWallSecond;
constexpr std::size_t kMostWarnings = 64;  // of one installation
constexpr std::size_t kResourceName = 64;

// Of alerts that came and went: as many as may be open at once, and then one in five minutes.
constexpr KeyedPace::Settings kAlertNotes{{64, 300 * base::kSecond}, 2 * kMostInstallations};

template <typename One>
std::tuple<std::string, std::string, std::string> place_of(const One& one) {
  return {one.installation, one.rule, one.subject};
}

Finding health_finding(const Healths::Newest& one, int status) {
  return {.installation = one.installation,
          .rule = "health",
          .severe = status >= 2,
          .what = status >= 2 ? "its health is critical" : "its health is a warning",
          .hold = Alarms::kHealthHold};
}

void add_warnings(const Alerts::Warned& one, std::vector<Finding>& out) {
  const auto warnings = one.health.find("warnings");
  if (warnings == one.health.end() || !warnings->is_array()) return;
  for (std::size_t i = 0; i < std::min(warnings->size(), kMostWarnings); ++i) {
    const base::Json& warning = (*warnings)[i];
    if (!warning.is_object()) continue;
    std::string subject;
    for (const char* part : {"service", "node", "resource"}) {
      const std::string text = base::printable(base::json_text_or(warning, part, ""), kResourceName);
      if (!text.empty()) subject += (subject.empty() ? "" : " ") + text;
    }
    if (subject.empty()) continue;
    const auto value = warning.find("value");
    const std::string says = value != warning.end() && value->is_number()
                                 ? " (" + base::dump_json(*value) + " " +
                                       base::printable(base::json_text_or(warning, "unit", ""), 16) + ")"
                                 : std::string();
    out.push_back({.installation = one.installation,
                   .rule = "resource",
                   .subject = subject,
                   .what = subject + " is at its threshold" + says});
  }
}

template <typename Some>
Status add_all(base::Result<Some> found, std::vector<Finding>& out) {
  if (!found.ok()) return found.error();
  for (auto& one : *found) out.push_back(std::move(one));
  return Ok{};
}

}  // namespace

AlertSettings read_alert_settings(const base::Json& part) {
  AlertSettings out;
  const auto own = part.find("alerts");
  if (own == part.end() || !own->is_object()) return out;
  out.late = base::json_number_or(*own, "late_us", out.late);
  out.certificate = base::json_number_or(*own, "certificate_us", out.certificate);
  out.usage = base::json_number_or(*own, "usage_us", out.usage);
  return out;
}

Alarms::Alarms(Parts& parts, AlertSettings settings)
    : parts_(parts), settings_(settings), notes_(parts, kAlertNotes) {}

void Alarms::look() {
  const base::Micros now = parts_.clock.wall();
  auto found = find(now);
  const Status done = found.ok() ? settle(*std::move(found), now) : Status(found.error());
  if (!done.ok() && done.error().code != base::Code::Closed)
    base::log_error("alerts could not be looked for: " + done.error().message);
  parts_.commits.then([](bool) {});
}

base::Result<std::vector<Finding>> Alarms::find(base::Micros now) {
  std::vector<Finding> out;
  Status done = add_all(parts_.store.late_installations(now - settings_.late), out);
  if (done.ok()) done = add_all(parts_.store.ending_certificates(now + settings_.certificate), out);
  if (done.ok()) done = add_all(parts_.store.silent_usage(now - kUsageWeek, now - settings_.usage), out);
  if (done.ok()) done = add_all(parts_.store.serious_events(now - kEventKeeps), out);
  if (!done.ok()) return std::move(done).error();
  const auto healths = parts_.store.newest_healths(now - kHealthCounts);
  if (!healths.ok()) return healths.error();
  for (const Healths::Newest& one : *healths) {
    const auto status = static_cast<int>(one.row.numbers.value("status", 0.0));
    if (status > 0) out.push_back(health_finding(one, status));
  }
  const auto reports = parts_.store.health_reports(now - kHealthCounts);
  if (!reports.ok()) return reports.error();
  for (const Alerts::Warned& one : *reports) add_warnings(one, out);
  return out;
}

// Each place once, in the order of the places, beginning behind the one at which the last look stopped: however much is to be
// written about some, the others' turn comes.
Status Alarms::settle(std::vector<Finding> found, base::Micros now) {
  const auto open = parts_.store.open_alerts();
  if (!open.ok()) return open.error();
  found = within_limit(std::move(found), *open);
  std::map<Place, Work> works;
  for (const Finding& one : found) works[place_of(one)].finding = &one;
  for (const Alert& alert : *open) works[place_of(alert)].alert = &alert;
  changes_ = 0;
  const auto first = works.upper_bound(std::exchange(stopped_at_, {}));
  const auto some = [&](auto from, auto to) -> Status {
    for (auto it = from; it != to; ++it) {
      if (Status done = settle_one(it->second, now); !done.ok()) return done;
      if (changes_ < kMostChanges) continue;
      stopped_at_ = it->first;
      return Ok{};
    }
    return Ok{};
  };
  Status done = some(first, works.end());
  if (done.ok() && changes_ < kMostChanges) done = some(works.begin(), first);
  return done;
}

Status Alarms::settle_one(const Work& work, base::Micros now) {
  if (work.finding == nullptr) return over(*work.alert, now);
  const Finding& finding = *work.finding;
  if (work.alert != nullptr) return still(*work.alert, finding, now);
  Alert alert;
  alert.id = parts_.new_id();
  alert.installation = finding.installation;
  alert.rule = finding.rule;
  alert.subject = finding.subject;
  alert.severe = finding.severe;
  alert.what = finding.what;
  alert.since = finding.since == 0 ? now : finding.since;
  ++changes_;
  const Status done = parts_.store.add_alert(alert);
  return done.ok() && finding.hold == 0 ? still(alert, finding, now) : done;
}

Status Alarms::still(const Alert& alert, const Finding& finding, base::Micros now) {
  Status done = Ok{};
  const bool came_back = alert.gone != 0;
  const bool other_words = alert.what != finding.what || alert.severe != finding.severe;
  changes_ += static_cast<std::size_t>(came_back) + static_cast<std::size_t>(other_words);
  if (came_back) done = parts_.store.set_alert_gone(alert, 0);
  if (done.ok() && other_words) done = parts_.store.set_alert_words(alert, finding.severe, finding.what);
  if (!done.ok() || alert.fired != 0 || now - alert.since < finding.hold) return done;
  ++changes_;
  const auto fired = parts_.store.fire_alert(alert, now);
  if (!fired.ok()) return fired.error();
  if (*fired)
    notes_.note(alert.installation, "alert.fired",
                {{"alert", alert.id},
                 {"rule", alert.rule},
                 {"subject", alert.subject},
                 {"severity", finding.severe ? "severe" : "warning"},
                 {"what", finding.what}});
  return Ok{};
}

Status Alarms::over(const Alert& alert, base::Micros now) {
  if (alert.fired != 0 && alert.gone != 0 && now - alert.gone < kKeep) return Ok{};
  ++changes_;
  if (alert.fired == 0) return parts_.store.drop_alert(alert);
  if (alert.gone == 0) return parts_.store.set_alert_gone(alert, now);
  const auto resolved = parts_.store.resolve_alert(alert, now);
  if (!resolved.ok()) return resolved.error();
  if (*resolved)
    notes_.note(alert.installation, "alert.resolved",
                {{"alert", alert.id}, {"rule", alert.rule}, {"subject", alert.subject}});
  return Ok{};
}

base::Json json_of_alert(const Alert& alert) {
  base::Json out{{"number", alert.number},
                 {"id", alert.id},
                 {"installation", alert.installation},
                 {"rule", alert.rule},
                 {"subject", alert.subject},
                 {"severity", alert.severe ? "severe" : "warning"},
                 {"what", alert.what},
                 {"state", alert.resolved != 0       ? "resolved"
                           : alert.acknowledged != 0 ? "acknowledged"
                                                     : "firing"},
                 {"since", base::format_time(alert.since)},
                 {"fired", base::format_time(alert.fired)}};
  if (alert.resolved != 0) out["resolved"] = base::format_time(alert.resolved);
  if (alert.acknowledged != 0) {
    out["acknowledged"] = base::format_time(alert.acknowledged);
    out["by"] = alert.by;
  }
  return out;
}

}  // namespace postern::mission
