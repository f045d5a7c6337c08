// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/measures.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/bytes.h"

namespace postern::mission {
namespace {

using base::Json;
using line::HealthStatus;

constexpr std::size_t kMostNodes = 1'000;  // of one report that are looked at
constexpr std::size_t kMostWatched = 64;   // warnings of one report
constexpr std::size_t kMostCounters = 16;  // of the component
constexpr std::size_t kServiceName = 63;   // bytes
constexpr std::int64_t kMostCount = std::int64_t{1} << 53;
constexpr base::Micros kHourOfUsage = 3600 * base::kWallSecond;
constexpr base::Micros kSoon = 7LL * 86400 * base::kWallSecond;

const Json& member(const Json& object, const char* name) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

std::optional<double> number_in(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_number()) return std::nullopt;
  const double out = value.get<double>();
  return std::isfinite(out) ? std::optional(out) : std::nullopt;
}

class Judgement {
 public:
  Judgement(const Json& body, base::Micros now) : body_(body), now_(now) {}

  line::Verdict of(const HealthMinimum& minimum) {
    out_.nodes = minimum.nodes;
    out_.cores = minimum.cores;
    out_.memory = minimum.memory;
    nodes();
    certificate(member(body_, "gateway"), "the gateway's certificate");
    goals();
    watched();
    least(minimum);
    return std::move(out_);
  }

 private:
  void say(HealthStatus status, std::string reason) {
    out_.status = std::max(out_.status, status);
    if (out_.reasons.size() < line::kMostReasons) out_.reasons.push_back(std::move(reason));
  }

  void nodes() {
    const Json& all = member(body_, "nodes");
    if (!all.is_array()) return;
    std::map<std::string, std::pair<int, int>> services;  // up, down
    for (std::size_t i = 0; i < std::min(all.size(), kMostNodes); ++i) {
      const std::string service = base::printable(
          base::json_text_or(all[i].is_object() ? all[i] : Json::object(), "service", ""), kServiceName);
      const std::string state = all[i].is_object() ? base::json_text_or(all[i], "state", "") : "";
      auto& [up, down] = services[service];
      up += state == "up" ? 1 : 0;
      down += state == "down" ? 1 : 0;
      certificate(all[i], "the certificate of a node of " + service);
    }
    for (const auto& [service, counts] : services) {
      const auto& [up, down] = counts;
      if (down == 0) continue;
      if (up == 0) {
        say(HealthStatus::Critical, "no node of " + service + " is up");
      } else {
        say(HealthStatus::Warning, std::to_string(down) + " of the nodes of " + service + " are down");
      }
    }
  }

  void certificate(const Json& of, const std::string& whose) {
    const Json& text = member(of, "certificate");
    if (!text.is_string()) return;
    const auto until = base::parse_time(text.get_ref<const std::string&>());
    if (!until.ok()) return;
    if (*until <= now_)
      say(HealthStatus::Critical, whose + " is over");
    else if (*until <= now_ + kSoon)
      say(HealthStatus::Warning, whose + " is over on " + base::format_time(*until).substr(0, 10));
  }

  void goals() {
    const auto below = [this](const char* name, double goal, const char* what) {
      const auto percent = number_in(member(body_, name), "percent");
      if (percent && *percent < goal)
        say(HealthStatus::Warning, std::string(what) + " was below its goal in the last 24 hours");
    };
    below("availability", line::kAvailabilityGoal, "availability");
    below("processing", line::kProcessingGoal, "processing");
  }

  void watched() {
    const Json& all = member(body_, "warnings");
    if (!all.is_array()) return;
    for (std::size_t i = 0; i < std::min(all.size(), kMostWatched); ++i) {
      const Json& resource = member(all[i], "resource");
      if (resource.is_string())
        say(HealthStatus::Warning,
            "its " + base::printable(resource.get_ref<const std::string&>(), 32) + " is at its threshold");
    }
  }

  void least(const HealthMinimum& minimum) {
    const Json& gateway = member(body_, "gateway");
    const Json& all = member(body_, "nodes");
    const auto cores = number_in(gateway, "cores"), memory = number_in(member(gateway, "memory"), "total");
    if (all.is_array() && all.size() < static_cast<std::size_t>(minimum.nodes))
      say(HealthStatus::Warning, "it has fewer nodes than it must have");
    if (cores && *cores < minimum.cores) say(HealthStatus::Warning, "it has fewer cores than it must have");
    if (memory && *memory < static_cast<double>(minimum.memory))
      say(HealthStatus::Warning, "it has less memory than it must have");
  }

  const Json& body_;
  base::Micros now_;
  line::Verdict out_;
};

void put(Json& out, const char* name, std::optional<double> value) {
  if (value && std::abs(*value) <= static_cast<double>(kMostCount))
    out[name] = std::round(*value * 1000) / 1000;
}

std::optional<double> percent_of(std::optional<double> used, std::optional<double> size) {
  if (!used || !size || *size <= 0) return std::nullopt;
  return 100 * *used / *size;
}

void count_in(const Json& object, const char* name, const std::string& as, UsageHour& out) {
  const Json& value = member(object, name);
  if (!value.is_number_integer()) return;
  out.counts[as] = std::clamp<std::int64_t>(value.get<std::int64_t>(), 0, kMostCount);
}

bool is_counter(const std::string& name) {
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

HealthMinimum read_minimum(const Json& part) {
  const Json& health = member(part, "health");
  if (!health.is_object()) return {};
  return {static_cast<int>(base::json_number_or(health, "nodes", 0)),
          static_cast<int>(base::json_number_or(health, "cores", 0)),
          base::json_number_or(health, "memory", 0)};
}

line::Verdict judge_health(const Json& body, const HealthMinimum& minimum, base::Micros now) {
  return Judgement(body, now).of(minimum);
}

HealthRow health_row(const Json& body, const line::Verdict& verdict, base::Micros now) {
  HealthRow out{now, {{"status", static_cast<int>(verdict.status)}}};
  const Json& gateway = member(body, "gateway");
  put(out.numbers, "cpu", number_in(gateway, "cpu"));
  const Json& memory = member(gateway, "memory");
  put(out.numbers, "memory", percent_of(number_in(memory, "used"), number_in(memory, "total")));
  std::optional<double> fullest;
  if (const Json& storage = member(gateway, "storage"); storage.is_array()) {
    for (std::size_t i = 0; i < std::min(storage.size(), kMostNodes); ++i) {
      const auto percent = percent_of(number_in(storage[i], "used"), number_in(storage[i], "size"));
      if (percent && *percent > fullest.value_or(-1)) fullest = percent;
    }
  }
  put(out.numbers, "storage", fullest);
  put(out.numbers, "availability", number_in(member(body, "availability"), "percent"));
  put(out.numbers, "processing", number_in(member(body, "processing"), "percent"));
  if (const Json& nodes = member(body, "nodes"); nodes.is_array()) {
    out.numbers["nodes"] = nodes.size();
    out.numbers["up"] = std::count_if(nodes.begin(), nodes.end(),
                                      [](const Json& node) { return member(node, "state") == Json("up"); });
  }
  return out;
}

std::optional<UsageHour> usage_hour(const std::string& installation, const line::Report& report,
                                    base::Micros now) {
  if (report.schema != 1 || report.time % kHourOfUsage != 0 || report.time > now ||
      report.time < now - kUsageKept)
    return std::nullopt;
  UsageHour out;
  out.installation = installation;
  out.hour = report.time;
  out.complete = base::json_bool_or(report.body, "complete", true);
  for (const char* name : {"sessions", "engineers", "capabilities"}) count_in(report.body, name, name, out);
  for (const char* name : {"read", "write", "refused"})
    count_in(member(report.body, "exchanges"), name, std::string("exchanges_") + name, out);
  for (const char* name : {"in", "out"})
    count_in(member(report.body, "bytes"), name, std::string("bytes_") + name, out);
  const Json& component = member(report.body, "component");
  std::size_t counters = 0;
  for (const auto& [name, value] : component.items()) {
    if (counters++ == kMostCounters) break;
    if (component.is_object() && is_counter(name))
      count_in(component, name.c_str(), "component." + name, out);
  }
  return out;
}

}  // namespace postern::mission
