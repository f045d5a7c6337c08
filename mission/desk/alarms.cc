// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/alarms.h"

#include <map>
#include <tuple>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"

namespace postern::mission {
namespace {

using base::Ok;
using base::Status;

constexpr base::Micros kHealthCounts =
    600 * base::kWallSecond;  // five reports: what is older says nothing of now
constexpr base::Micros kUsageWeek = 7LL * 86400 * base::kWallSecond;
constexpr std::size_t kMostWarnings = 64;  // of one installation
constexpr std::size_t kResourceName = 64;

using Place = std::tuple<std::string, std::string, std::string>;
Place place_of(const Finding& one) { return {one.installation, one.rule, one.subject}; }
Place place_of(const Alert& one) { return {one.installation, one.rule, one.subject}; }

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

void Alarms::look() {
  const base::Micros now = parts_.clock.wall();
  const auto found = find(now);
  const Status done = found.ok() ? settle(*found, now) : Status(found.error());
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

Status Alarms::settle(const std::vector<Finding>& found, base::Micros now) {
  const auto open = parts_.store.open_alerts();
  if (!open.ok()) return open.error();
  std::map<Place, const Finding*> left;
  for (const Finding& one : found) left[place_of(one)] = &one;
  Status done = Ok{};
  for (const Alert& alert : *open) {
    if (!done.ok()) return done;
    const auto finding = left.find(place_of(alert));
    done = finding == left.end() ? over(alert, now) : still(alert, *finding->second, now);
    if (finding != left.end()) left.erase(finding);
  }
  for (const auto& [place, finding] : left) {
    if (!done.ok()) return done;
    Alert alert;
    alert.id = parts_.new_id();
    alert.installation = finding->installation;
    alert.rule = finding->rule;
    alert.subject = finding->subject;
    alert.severe = finding->severe;
    alert.what = finding->what;
    alert.since = finding->since == 0 ? now : finding->since;
    done = parts_.store.add_alert(alert);
    if (done.ok() && finding->hold == 0) done = still(alert, *finding, now);
  }
  return done;
}

Status Alarms::still(const Alert& alert, const Finding& finding, base::Micros now) {
  Status done = Ok{};
  if (alert.gone != 0) done = parts_.store.set_alert_gone(alert, 0);
  if (done.ok() && (alert.what != finding.what || alert.severe != finding.severe))
    done = parts_.store.set_alert_words(alert, finding.severe, finding.what);
  if (!done.ok() || alert.fired != 0 || now - alert.since < finding.hold) return done;
  const auto fired = parts_.store.fire_alert(alert, now);
  if (!fired.ok()) return fired.error();
  if (*fired)
    parts_.note(alert.installation, "alert.fired",
                {{"alert", alert.id},
                 {"rule", alert.rule},
                 {"subject", alert.subject},
                 {"severity", finding.severe ? "severe" : "warning"},
                 {"what", finding.what}});
  return Ok{};
}

Status Alarms::over(const Alert& alert, base::Micros now) {
  if (alert.fired == 0) return parts_.store.drop_alert(alert);
  if (alert.gone == 0) return parts_.store.set_alert_gone(alert, now);
  if (now - alert.gone < kKeep) return Ok{};
  const auto resolved = parts_.store.resolve_alert(alert, now);
  if (!resolved.ok()) return resolved.error();
  if (*resolved)
    parts_.note(alert.installation, "alert.resolved",
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
