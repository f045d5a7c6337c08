// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/role_metrics.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "gateway/ipc/figures.h"

namespace postern::console {
namespace {

using ipc::Figure;
using ipc::Timing;

enum class Kind { Gauge, Counter };

// Rows of one family stand together.
struct FigureRow {
  Figure figure;
  Kind kind;
  std::string_view family;
  std::string_view label, value;  // beside the role; empty: none
  std::string_view roles;         // which kinds count it; several: one after the other
  std::string_view help;          // of the family: at its first row
};

constexpr std::string_view kChannels = "terminator enforcer console intake";

constexpr std::array kFigureRows = std::to_array<FigureRow>({
    {Figure::Connections, Kind::Gauge, "postern_connections", "", "", "terminator",
     "Connections of clients that are open."},
    {Figure::ConnectionsAccepted, Kind::Counter, "postern_connections_accepted", "", "", "terminator",
     "Connections of clients that were let in."},
    {Figure::ConnectionsRefused, Kind::Counter, "postern_connections_refused", "", "", "terminator",
     "Connections that came above a limit: closed, or in the place of one at rest."},
    {Figure::HandshakesFull, Kind::Counter, "postern_tls_handshakes", "result", "full", "terminator",
     "TLS handshakes with clients, by how they ended."},
    {Figure::HandshakesResumed, Kind::Counter, "postern_tls_handshakes", "result", "resumed", "terminator",
     ""},
    {Figure::HandshakesFailed, Kind::Counter, "postern_tls_handshakes", "result", "failed", "terminator", ""},
    {Figure::RequestsHttp1, Kind::Counter, "postern_requests", "version", "1.1", "terminator",
     "Requests that were begun, by the version of HTTP."},
    {Figure::RequestsHttp2, Kind::Counter, "postern_requests", "version", "2", "terminator", ""},
    {Figure::BytesReceived, Kind::Counter, "postern_network_bytes", "direction", "received", "terminator",
     "Bytes on the connections of clients, as encrypted."},
    {Figure::BytesSent, Kind::Counter, "postern_network_bytes", "direction", "sent", "terminator", ""},
    {Figure::ExchangesUnderWay, Kind::Gauge, "postern_exchanges_under_way", "", "", "enforcer",
     "Exchanges that have begun and not ended."},
    {Figure::ComponentConnections, Kind::Gauge, "postern_component_connections", "", "", "enforcer",
     "Connections to the component that are open."},
    {Figure::ComponentConnects, Kind::Counter, "postern_component_connections_opened", "", "", "enforcer",
     "Connections to the component that were opened."},
    {Figure::RecordsWaiting, Kind::Gauge, "postern_log_waiting_bytes", "", "", "enforcer",
     "Events that were recorded and are not durable yet."},
    {Figure::Appends, Kind::Counter, "postern_log_appends", "", "", "ledger",
     "Events that the ledger took from the enforcers."},
    {Figure::Commands, Kind::Counter, "postern_log_commands", "", "", "ledger",
     "Commands that the ledger decided."},
    {Figure::KeeperRequests, Kind::Counter, "postern_keeper_requests", "", "", "keeper",
     "What the keeper was asked: signatures most of all."},
    {Figure::IntakeEvents, Kind::Counter, "postern_intake_events", "result", "taken", "intake",
     "Events that nodes of the component sent to the intake, by what became of them."},
    {Figure::IntakeKnown, Kind::Counter, "postern_intake_events", "result", "known", "intake", ""},
    {Figure::IntakeInvalid, Kind::Counter, "postern_intake_batches_refused", "why", "invalid", "intake",
     "Batches that the intake refused."},
    {Figure::IntakeLimited, Kind::Counter, "postern_intake_batches_refused", "why", "limit", "intake", ""},
    {Figure::IntakeRefused, Kind::Counter, "postern_intake_batches_refused", "why", "token", "intake", ""},
    {Figure::FramesReceived, Kind::Counter, "postern_channel_frames", "", "", kChannels,
     "Frames that came over the channel of exchanges."},
    {Figure::WakeUps, Kind::Counter, "postern_channel_wakeups", "", "", kChannels,
     "How often the other side of the channel of exchanges had to be woken."},
    {Figure::ChannelWaiting, Kind::Gauge, "postern_channel_waiting_bytes", "", "", kChannels,
     "Bytes that did not fit into the channel of exchanges yet."},
});
static_assert(kFigureRows.size() == ipc::kFigures);

struct TimingRow {
  Timing timing;
  std::string_view family, label, value, roles, help;
};
constexpr std::array kTimingRows = std::to_array<TimingRow>({
    {Timing::BeforeForwarding, "postern_phase_duration_seconds", "phase", "before_forwarding", "enforcer",
     "Phases of an exchange: until it is forwarded, until the component answers, until the client has it."},
    {Timing::Component, "postern_phase_duration_seconds", "phase", "component", "enforcer", ""},
    {Timing::Transfer, "postern_phase_duration_seconds", "phase", "transfer", "enforcer", ""},
    {Timing::LogSync, "postern_log_sync_duration_seconds", "", "", "ledger",
     "How long it took to make events durable."},
});
static_assert(kTimingRows.size() == ipc::kTimings);

std::string_view kind_of(std::string_view role) { return role.substr(0, role.find('.')); }

bool counts_it(std::string_view roles, std::string_view role) {
  const std::string_view kind = kind_of(role);
  for (std::size_t at = 0; at < roles.size();) {
    const std::string_view one = roles.substr(at, roles.find(' ', at) - at);
    if (one == kind) return true;
    at += one.size() + 1;
  }
  return false;
}

// The number at that place of an array of the role's.
std::optional<std::uint64_t> number_at(const base::Json& list, std::size_t index) {
  if (!list.is_array() || index >= list.size() || !list[index].is_number_unsigned()) return std::nullopt;
  return list[index].get<std::uint64_t>();
}

const base::Json& member_of(const base::Json& role, const char* name) {
  static const base::Json kNone;
  const auto found = role.is_object() ? role.find(name) : role.end();
  return role.is_object() && found != role.end() ? *found : kNone;
}

void write_figure(MetricsText& out, const FigureRow& row, const base::Json& roles) {
  for (const base::Json& role : roles) {
    const std::string name = base::json_text_or(role, "name", "");
    const auto value = number_at(member_of(role, "figures"), static_cast<std::size_t>(row.figure));
    if (!value || !counts_it(row.roles, name)) continue;
    if (row.label.empty())
      out.sample({{"role", name}}, *value);
    else
      out.sample({{"role", name}, {row.label, row.value}}, *value);
  }
}

void write_timing(MetricsText& out, const TimingRow& row, const base::Json& roles) {
  for (const base::Json& role : roles) {
    const std::string name = base::json_text_or(role, "name", "");
    const base::Json& timings = member_of(role, "timings");
    const auto index = static_cast<std::size_t>(row.timing);
    if (!counts_it(row.roles, name) || !timings.is_array() || index >= timings.size()) continue;
    std::vector<std::uint64_t> counts;
    for (std::size_t i = 0; i <= ipc::kTimingBounds.size(); ++i)
      counts.push_back(number_at(timings[index], i).value_or(0));
    const auto sum =
        static_cast<base::Micros>(number_at(timings[index], ipc::kTimingBounds.size() + 1).value_or(0));
    if (row.label.empty())
      out.buckets({{"role", name}}, ipc::kTimingBounds, counts, sum);
    else
      out.buckets({{"role", name}, {row.label, row.value}}, ipc::kTimingBounds, counts, sum);
  }
}

void write_cost(MetricsText& out, const base::Json& roles) {
  out.counter("postern_process_cpu_seconds", "Processor time of a role's process, user and system.");
  for (const base::Json& role : roles) {
    if (member_of(role, "cpu_us").is_number())
      out.sample({{"role", base::json_text_or(role, "name", "")}},
                 MetricsText::seconds(base::json_number_or(role, "cpu_us", 0)));
  }
  out.gauge("postern_process_resident_bytes",
            "Memory of a role's process; what processes share is counted in each.");
  for (const base::Json& role : roles) {
    if (member_of(role, "resident_bytes").is_number())
      out.sample({{"role", base::json_text_or(role, "name", "")}},
                 static_cast<std::uint64_t>(base::json_number_or(role, "resident_bytes", 0)));
  }
}

}  // namespace

void write_roles(MetricsText& out, const base::Json& roles) {
  static const base::Json kNone = base::Json::array();
  const base::Json& all = roles.is_array() ? roles : kNone;
  write_cost(out, all);
  for (const FigureRow& row : kFigureRows) {
    if (!row.help.empty())
      row.kind == Kind::Gauge ? out.gauge(row.family, row.help) : out.counter(row.family, row.help);
    write_figure(out, row, all);
  }
  for (const TimingRow& row : kTimingRows) {
    if (!row.help.empty()) out.histogram(row.family, row.help);
    write_timing(out, row, all);
  }
}

}  // namespace postern::console
