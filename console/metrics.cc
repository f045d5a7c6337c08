// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/metrics.h"

#include "audit/event.h"
#include "base/limit.h"
#include "base/refusal.h"
#include "console/metrics_text.h"
#include "console/role_metrics.h"
#include "console/version.h"

namespace postern::console {
namespace {

std::uint64_t one_if(bool condition) { return condition ? 1 : 0; }

const base::Json& items_of(const base::Json& json, const char* name) {
  static const base::Json kNone = base::Json::array();
  const auto found = json.find(name);
  return found != json.end() && found->is_array() ? *found : kNone;
}

void write_processes(MetricsText& out, const base::Json& status) {
  out.gauge("postern_build_info", "The version that runs; always 1.");
  out.sample({{"version", kVersion}}, std::uint64_t{1});
  if (const auto started = base::parse_time(base::json_text_or(status, "started", "")); started.ok()) {
    out.gauge("postern_start_time_seconds", "When the gateway was started, since the epoch.");
    out.sample({}, MetricsText::seconds(*started));
  }
  const base::Json& roles = items_of(status, "roles");
  out.gauge("postern_role_up", "Whether the process of a role serves.");
  for (const base::Json& role : roles)
    out.sample({{"role", base::json_text_or(role, "name", "")}},
               one_if(role.value("state", "") == "running"));
  out.counter("postern_role_restarts", "How often a role ended on its own and was started again.");
  for (const base::Json& role : roles)
    out.sample({{"role", base::json_text_or(role, "name", "")}},
               static_cast<std::uint64_t>(base::json_number_or(role, "restarts", 0)));
  out.gauge("postern_node_up", "Whether a node of the component answers its health check.");
  const base::Json component = status.value("component", base::Json::object());
  for (const base::Json& node : items_of(component, "nodes")) {
    const std::string state = base::json_text_or(node, "state", "");
    if (state == "not_checked") continue;
    out.sample(
        {{"service", base::json_text_or(node, "service", "")}, {"node", base::json_text_or(node, "url", "")}},
        one_if(state == "up"));
  }
  out.gauge("postern_certificate_not_after_seconds", "When a certificate ends, since the epoch.");
  for (const base::Json& one : items_of(status, "certificates")) {
    const auto end = base::parse_time(base::json_text_or(one, "not_after", ""));
    if (!end.ok()) continue;
    out.sample({{"what", base::json_text_or(one, "what", "")},
                {"name", base::json_text_or(one, "name", "")},
                {"sha256", base::json_text_or(one, "sha256", "").substr(0, 16)}},
               MetricsText::seconds(*end));
  }
}

void write_limits(MetricsText& out, const base::Json& status) {
  const auto limits = status.find("limits");
  if (limits == status.end() || !limits->is_object()) return;
  out.gauge("postern_limit", "What the configuration allows, each worker for itself: a number, or bytes.");
  for (const auto& [name, value] : limits->items()) {
    if (value.is_number_integer()) out.sample({{"limit", name}}, value.get<std::uint64_t>());
  }
}

void write_access(MetricsText& out, const MetricsParts& parts) {
  using enum state::RemoteAccess;
  const state::RemoteAccess now_is = parts.state.remote_access(parts.now);
  out.gauge("postern_remote_access", "The switch: 1 at the mode that holds.");
  for (const state::RemoteAccess mode : {Off, Approved, ReadOnly, All})
    out.sample({{"mode", state::to_text(mode)}}, one_if(mode == now_is));
  std::uint64_t settings[3] = {};
  for (const auto& [name, toggle] : parts.state.capabilities())
    ++settings[static_cast<std::size_t>(parts.state.capability(name, parts.now))];
  out.gauge("postern_capabilities", "Capabilities that an admin has set, by what holds of them now.");
  for (const state::Setting setting : {state::Setting::Off, state::Setting::Ask, state::Setting::On})
    out.sample({{"setting", state::to_text(setting)}}, settings[static_cast<std::size_t>(setting)]);
  out.gauge("postern_sessions", "Engineers' visits that are open.");
  out.sample({}, std::uint64_t{parts.state.sessions().size()});
  std::uint64_t pending = 0, active = 0;
  for (const auto& [id, request] : parts.state.requests())
    pending += one_if(request.state == state::RequestState::Pending);
  for (const auto& [id, grant] : parts.state.grants()) active += one_if(grant.active(parts.now));
  out.gauge("postern_requests_pending", "Requests that wait for an admin.");
  out.sample({}, pending);
  out.gauge("postern_grants", "Access that was given and counts now.");
  out.sample({}, active);
  out.gauge("postern_holds", "Calls that wait until an admin lets them pass.");
  out.sample({}, std::uint64_t{parts.state.holds().size()});
  const base::Json policy = parts.status.value("policy", base::Json::object());
  out.gauge("postern_policy_operations", "Operations that the policy in force lists.");
  out.sample({}, static_cast<std::uint64_t>(base::json_number_or(policy, "operations", 0)));
  out.gauge("postern_policy_waits",
            "1 while what the policy in force opens waits for an admin to accept it.");
  out.sample({}, one_if(base::json_bool_or(policy, "waits", false)));
}

void write_log(MetricsText& out, const MetricsParts& parts) {
  const base::Json log = parts.status.value("log", base::Json::object());
  const base::Json checkpoint = log.value("checkpoint", base::Json::object());
  const auto count = [](const base::Json& of, const char* name) {
    return static_cast<std::uint64_t>(base::json_number_or(of, name, 0));
  };
  out.gauge("postern_log_writable", "1 while events can be recorded; without that nothing is let in.");
  out.sample({}, one_if(base::json_bool_or(log, "writable", false)));
  out.gauge("postern_log_events",
            "How far the log is: events that are written, durable, found by questions, signed.");
  out.sample({{"state", "written"}}, count(log, "size"));
  out.sample({{"state", "durable"}}, count(log, "durable"));
  out.sample({{"state", "indexed"}}, parts.indexed);
  out.sample({{"state", "signed"}}, count(checkpoint, "size"));
  if (const auto at = base::parse_time(base::json_text_or(checkpoint, "time", "")); at.ok()) {
    out.gauge("postern_log_checkpoint_time_seconds", "When the log was signed last, since the epoch.");
    out.sample({}, MetricsText::seconds(*at));
  }
}

// What has not happened yet stands there as 0: from a counter that begins with its first event nobody could tell that it rose.
void write_events(MetricsText& out, const LogFigures& figures) {
  auto events = figures.events;
  for (const audit::EventText& type : audit::all_events())
    events.try_emplace({std::string(type.name), std::string(audit::name_of(type.severity))}, 0);
  out.counter("postern_events", "Events that the log took.");
  for (const auto& [what, count] : events)
    out.sample({{"type", what.first}, {"severity", what.second}}, count);
}

void write_refusals(MetricsText& out, const LogFigures& figures) {
  auto refused = figures.refused;
  for (const base::RefusalText& one : base::all_refusals().subspan(1))  // not that of None
    refused.try_emplace(std::string(one.code), 0);
  out.counter("postern_exchanges_refused", "Requests that were refused, by code (docs/REFUSALS.md).");
  for (const auto& [code, count] : refused) out.sample({{"code", code}}, count);
  auto limited = figures.limited;
  for (const std::string_view limit : base::all_limits()) limited.try_emplace(std::string(limit), 0);
  out.counter("postern_limit_reached",
              "Requests and connections that a limit refused, and that have no event of their own.");
  for (const auto& [limit, count] : limited) out.sample({{"limit", limit}}, count);
}

void write_counters(MetricsText& out, const LogFigures& figures) {
  write_events(out, figures);
  out.counter("postern_events_skipped", "Events that came too fast to be counted here. The log has them.");
  out.sample({}, figures.skipped);
  out.counter("postern_exchanges", "Exchanges with the component that came to their end.");
  for (const auto& [outcome, count] : figures.ended) out.sample({{"outcome", outcome}}, count);
  write_refusals(out, figures);
  out.counter("postern_responses", "Responses to engineers, by class of their status.");
  for (const auto& [status, count] : figures.answered) out.sample({{"status", status}}, count);
  out.histogram("postern_exchange_duration_seconds", "From a request's head to the end of its response.");
  out.buckets({}, figures.exchange.kBounds, figures.exchange.counts, figures.exchange.sum);
  out.histogram("postern_component_duration_seconds",
                "From sending a request to the component to the first byte of its answer.");
  out.buckets({}, figures.component.kBounds, figures.component.counts, figures.component.sum);
  out.counter("postern_request_bytes", "Bytes of request bodies.");
  out.sample({}, static_cast<std::uint64_t>(figures.request_bytes));
  out.counter("postern_response_bytes", "Bytes of response bodies.");
  out.sample({}, static_cast<std::uint64_t>(figures.response_bytes));
}

}  // namespace

MetricsFormat metrics_format(std::string_view accept) {
  return accept.find("application/openmetrics-text") == std::string_view::npos ? MetricsFormat::Plain
                                                                               : MetricsFormat::OpenMetrics;
}

std::string write_metrics(const MetricsParts& parts, MetricsFormat format) {
  MetricsText out(format == MetricsFormat::OpenMetrics);
  write_processes(out, parts.status);
  write_roles(out, parts.roles);
  write_limits(out, parts.status);
  write_access(out, parts);
  write_log(out, parts);
  write_counters(out, parts.figures);
  return out.finish();
}

}  // namespace postern::console
