// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/): one entry per exchange, in the order in which
// they began.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "audit/event.h"
#include "audit/export.h"
#include "base/json.h"

namespace postern::audit {
namespace {

using base::Json;
using base::OrderedJson;
using base::Status;

constexpr std::string_view kHttpVersion = "HTTP/1.1";

OrderedJson empty_list() { return OrderedJson::array(); }

// Names and values as they stand in the target, not decoded.
OrderedJson query_of(std::string_view target) {
  OrderedJson list = empty_list();
  const auto mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string_view value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
    if (!pair.empty()) list.push_back({{"name", pair.substr(0, equals)}, {"value", value}});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return list;
}

OrderedJson request_of(const Json& detail, std::string_view origin) {
  const std::string target = base::json_text_or(detail, "target", "");
  const bool path = !target.empty() && target.front() == '/';
  OrderedJson request{{"method", base::json_text_or(detail, "method", "")},
                      {"url", std::string(origin) + (path ? target : "/")},
                      {"httpVersion", kHttpVersion},
                      {"cookies", empty_list()},
                      {"headers", empty_list()},
                      {"queryString", query_of(target)},
                      {"headersSize", -1},
                      {"bodySize", base::json_number_or(detail, "request_bytes", -1)}};
  if (!path) request["_target"] = target;  // refused because it was no path: what was sent
  return request;
}

OrderedJson response_of(std::int64_t status, std::int64_t bytes) {
  return {{"status", status},
          {"statusText", ""},
          {"httpVersion", kHttpVersion},
          {"cookies", empty_list()},
          {"headers", empty_list()},
          {"content", {{"size", std::max<std::int64_t>(bytes, 0)}, {"mimeType", ""}}},
          {"redirectURL", ""},
          {"headersSize", -1},
          {"bodySize", bytes}};
}

double millis(std::int64_t micros) { return static_cast<double>(micros) / 1000; }

// send is not measured apart; wait is until the component's answer began, receive the rest.
void set_timings(OrderedJson& entry, std::int64_t duration_us, std::int64_t component_us) {
  const std::int64_t wait = std::clamp<std::int64_t>(component_us, 0, duration_us);
  entry["time"] = millis(duration_us);
  entry["timings"] = {{"send", 0}, {"wait", millis(wait)}, {"receive", millis(duration_us - wait)}};
}

// Fields of ours that are present, with HAR's underscore.
void copy_ours(OrderedJson& entry, const Json& detail, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = detail.find(name);
    if (found != detail.end()) entry[std::string("_") + name] = OrderedJson(*found);
  }
}

OrderedJson entry_of(const EventFields& event, const Json& detail, std::string_view origin) {
  OrderedJson entry{{"startedDateTime", base::format_time(event.time)},
                    {"time", 0},
                    {"request", request_of(detail, origin)},
                    {"response", response_of(base::json_number_or(detail, "status", 0), -1)},
                    {"cache", OrderedJson::object()},
                    {"timings", OrderedJson::object()},
                    {"_event", event.id}};
  set_timings(entry, 0, 0);
  copy_ours(entry, detail, {"capability", "operation", "node", "code", "why"});
  return entry;
}

// What the completion adds.
void complete_entry(OrderedJson& entry, const Json& detail) {
  entry["request"]["bodySize"] = base::json_number_or(detail, "request_bytes", -1);
  entry["response"] = response_of(base::json_number_or(detail, "status", 0),
                                  base::json_number_or(detail, "response_bytes", -1));
  set_timings(entry, std::max<std::int64_t>(base::json_number_or(detail, "duration_us", 0), 0),
              base::json_number_or(detail, "component_us", 0));
  copy_ours(
      entry, detail,
      {"outcome", "code", "cut_reason", "cut_us", "bytes_after_cut", "retried", "redacted", "redactions"});
}

}  // namespace

struct HarWriter::State {
  struct Held {
    OrderedJson entry;
    std::string open;  // id of the forwarded event whose completion is awaited; empty: none
  };
  HarOptions options;
  std::map<std::uint64_t, Held> held;                    // by the order in which they began
  std::unordered_map<std::string, std::uint64_t> opens;  // id of a forwarded event -> its number in held
  std::uint64_t begun = 0;
  bool first = true;

  void hold(OrderedJson entry, std::string_view open) {
    if (!open.empty()) opens[std::string(open)] = begun;
    held.emplace(begun++, Held{std::move(entry), std::string(open)});
  }

  void complete(const Json& detail) {
    const auto found = opens.extract(base::json_text_or(detail, "forwarded", ""));
    if (found.empty()) return;  // it began before the first line, or was written already
    Held& waiting = held.at(found.mapped());
    complete_entry(waiting.entry, detail);
    waiting.open.clear();
  }

  void write(std::string& out, std::map<std::uint64_t, Held>::iterator which) {
    out += first ? "\n" : ",\n";
    first = false;
    out += base::dump_json(which->second.entry);
    opens.erase(which->second.open);
    held.erase(which);
  }

  void write_ready(std::string& out) {
    while (!held.empty() && held.begin()->second.open.empty()) write(out, held.begin());
    while (held.size() > kHarHeld) {
      const auto done =
          std::find_if(held.begin(), held.end(), [](const auto& one) { return one.second.open.empty(); });
      write(out, done == held.end() ? held.begin() : done);
    }
  }
};

HarWriter::HarWriter(HarOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
}
HarWriter::~HarWriter() = default;

void HarWriter::begin(std::string& out) {
  const OrderedJson creator{{"name", "Postern"}, {"version", state_->options.version}};
  out += R"({"log":{"version":"1.2","creator":)" + base::dump_json(creator) + R"(,"entries":[)";
}

Status HarWriter::add(std::string& out, std::string_view line) {
  const auto event = read_event_head(line);
  if (!event.ok()) return event.error();
  const bool forwarded = event->type == EventType::ExchangeForwarded;
  const bool completed = event->type == EventType::ExchangeCompleted;
  if (!forwarded && !completed && event->type != EventType::ExchangeRefused) return base::Ok{};
  const auto detail = base::parse_json(event->detail, kDetailDepthLimit);
  if (!detail.ok()) return detail.error();
  if (completed) {
    state_->complete(*detail);
  } else {
    state_->hold(entry_of(*event, *detail, state_->options.origin), forwarded ? event->id : "");
  }
  state_->write_ready(out);
  return base::Ok{};
}

void HarWriter::end(std::string& out) {
  while (!state_->held.empty()) state_->write(out, state_->held.begin());
  out += "\n]}}\n";
}

}  // namespace postern::audit
