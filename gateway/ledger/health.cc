// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/health.h"

#include <algorithm>
#include <cmath>

#include "audit/tiler.h"
#include "base/bytes.h"
#include "line/health.h"

namespace postern::ledger {
namespace {

using base::Json;

constexpr std::size_t kHealthFile = 4U << 20U;  // bytes
constexpr const char* kHealthName = "health.json";
constexpr int kHealthDepth = 8;
constexpr base::Micros kWholeDay = 86'400 * base::kWallSecond;
constexpr std::size_t kMostNumbers = 256;  // of a node: of all its documents
constexpr std::size_t kCpuSamples = 5000;
constexpr double kMostNumber = 9007199254740992;  // 2^53
constexpr std::size_t kHealthWord = 400;          // bytes

double number_or(const Json& object, const char* key, double fallback) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : fallback;
}

Band band_of(const Json& part, const char* key, const Band& otherwise) {
  const auto found = part.find(key);
  if (found == part.end() || !found->is_object()) return otherwise;
  return {number_or(*found, "raise", otherwise.raise), number_or(*found, "clear", otherwise.clear),
          otherwise.unit};
}

double rounded(double value, double steps) { return std::round(value * steps) / steps; }

void put_percent(Json& out, const char* key, const std::optional<double>& value) {
  if (value) out[key] = rounded(*value, 1000);
}

std::string time_of_seconds(double seconds) {
  return base::format_time(static_cast<base::Micros>(std::min(seconds, 253402300799.0)) * base::kWallSecond);
}

Json with_goal(const std::optional<double>& percent, double goal) {
  Json out{{"goal", goal}};
  put_percent(out, "percent", percent);
  return out;
}

}  // namespace

HealthTerms parse_health_terms(const Json& part) {
  HealthTerms out;
  const auto found = part.find("monitoring");
  if (found == part.end() || !found->is_object()) return out;
  const Json& json = *found;
  out.every = std::max<base::Micros>(base::kWallSecond, base::json_number_or(json, "every_us", out.every));
  for (const Json& node : json.value("nodes", Json::array()))
    out.nodes.emplace_back(base::json_text_or(node, "service", ""), base::json_text_or(node, "node", ""));
  out.usage = base::json_texts(json, "usage");
  out.disk = band_of(json, "disk", out.disk);
  out.memory = band_of(json, "memory", out.memory);
  out.cpu = band_of(json, "cpu", out.cpu);
  out.storage = band_of(json, "storage", out.storage);
  out.certificate = band_of(json, "certificate", out.certificate);
  const Json cpu = json.value("cpu", Json::object()), clock = json.value("clock", Json::object());
  out.cpu_over = base::json_number_or(cpu, "over_us", out.cpu_over);
  out.clock.raise = number_or(clock, "raise_us", out.clock.raise * base::kWallSecond) / base::kWallSecond;
  out.clock.clear = number_or(clock, "clear_us", out.clock.clear * base::kWallSecond) / base::kWallSecond;
  return out;
}

std::optional<NodeFigures> parse_node_figures(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  NodeFigures out{base::json_text_or(json, "service", ""),
                  base::json_text_or(json, "node", ""),
                  base::json_text_or(json, "state", ""),
                  base::printable(base::json_text_or(json, "why", ""), kHealthWord),
                  base::printable(base::json_text_or(json, "version", ""), 64),
                  {}};
  if (out.state != "up" && out.state != "down" && out.state != "unknown") return std::nullopt;
  const auto numbers = json.find("numbers");
  if (numbers == json.end() || numbers->is_null()) return out;
  if (!numbers->is_object() || numbers->size() > kMostNumbers) return std::nullopt;
  for (const auto& [name, value] : numbers->items()) {
    if (!value.is_number()) return std::nullopt;
    const double number = value.get<double>();
    if (!(number >= 0 && number <= kMostNumber)) return std::nullopt;
    out.numbers[name] = number;
  }
  return out;
}

Health::Health(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files,
               const std::string& directory, std::string version, Warnings::Record record)
    : clock_(clock),
      files_(files),
      file_(loop, files, directory, kHealthName),
      version_(std::move(version)),
      warnings_(std::move(record)) {
  read(directory);
}

void Health::read(const std::string& directory) {
  const auto content = audit::read_whole(files_, directory + "/" + kHealthName, kHealthFile);
  if (!content.ok()) return;
  const auto json = base::parse_json(*content, kHealthDepth);
  if (!json.ok() || !json->is_object()) return;
  warnings_.from_json(json->value("warnings", Json::array()));
  for (const Json& item : json->value("nodes", Json::array())) {
    if (!item.is_object()) continue;
    Node& node = nodes_[{base::json_text_or(item, "service", ""), base::json_text_or(item, "node", "")}];
    node.window = Window::from_json(item.value("window", Json::array()));
    if (item.contains("processed")) node.processed.set(number_or(item, "processed", 0));
    if (item.contains("failed")) node.failed.set(number_or(item, "failed", 0));
  }
}

std::set<std::string> Health::versions(const std::string& service) const {
  std::set<std::string> out;
  for (const auto& [name, node] : nodes_) {
    if (name.first == service && !node.figures.version.empty()) out.insert(node.figures.version);
  }
  return out;
}

std::string Health::text() const {
  Json nodes = Json::array();
  for (const auto& [name, node] : nodes_) {
    Json one{{"service", name.first}, {"node", name.second}, {"window", node.window.to_json()}};
    if (node.processed.last()) one["processed"] = *node.processed.last();
    if (node.failed.last()) one["failed"] = *node.failed.last();
    nodes.push_back(std::move(one));
  }
  return base::dump_json(Json{{"v", 1}, {"warnings", warnings_.to_json()}, {"nodes", std::move(nodes)}}) +
         "\n";
}

void Health::configure(HealthTerms terms) {
  terms_ = std::move(terms);
  const auto known = [this](const HealthTerms::NodeName& name) {
    return std::find(terms_.nodes.begin(), terms_.nodes.end(), name) != terms_.nodes.end();
  };
  std::erase_if(nodes_, [&](const auto& entry) { return !known(entry.first); });
  for (const HealthTerms::NodeName& name : terms_.nodes) nodes_.try_emplace(name);
  note(warnings_.drop(
      [&](const Watched& one) {
        return !one.node.empty() && !known({one.service, one.node});
      },
      clock_.wall()));
}

void Health::note(bool changed) {
  if (!changed) return;
  ++news_;
  file_.changed();
}

bool Health::stale(base::Micros seen) const {
  return seen == 0 || clock_.wall() > seen + kStale * terms_.every + 10 * base::kWallSecond;
}

bool Health::take_node(const NodeFigures& figures) {
  const HealthTerms::NodeName name{figures.service, figures.node};
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return false;
  Node& node = found->second;
  const base::Micros now = clock_.wall();
  Counted counted;
  if (!stale(node.seen) && now > node.seen && figures.state != "unknown")
    (figures.state == "up" ? counted.up : counted.down) = now - node.seen;
  if (const auto at = figures.numbers.find("processed"); at != figures.numbers.end())
    counted.processed = node.processed.take(at->second);
  if (const auto at = figures.numbers.find("failed"); at != figures.numbers.end())
    counted.failed = node.failed.take(at->second);
  node.window.add(now, counted);
  if (const auto at = figures.numbers.find("cpu"); at != figures.numbers.end()) {
    if (!node.cpu.empty() && node.cpu.back().second > at->second) node.cpu.clear();
    node.cpu.emplace_back(now, at->second);
    while (node.cpu.size() > 2 && node.cpu.front().first + terms_.cpu_over < now) node.cpu.pop_front();
  }
  note(node.figures.state != figures.state);
  node.figures = figures;
  node.seen = now;
  const auto position = std::find(terms_.nodes.begin(), terms_.nodes.end(), name);
  judge_node({name.first, name.second, static_cast<int>(position - terms_.nodes.begin()) + 1, {}, {}},
             figures);
  return true;
}

void Health::judge_node(const Watched& node, const NodeFigures& figures) {
  const base::Micros now = clock_.wall();
  const auto number = [&figures](const char* name) {
    const auto at = figures.numbers.find(name);
    return at == figures.numbers.end() ? std::optional<double>() : at->second;
  };
  Watched what = node;
  const auto percent = [&](const char* used, const char* limit, const Band& band) {
    what.resource = used;
    if (number(used) && number(limit).value_or(0) > 0)
      note(warnings_.judge(what, 100 * *number(used) / *number(limit), band, now));
  };
  percent("memory", "memory_limit", terms_.memory);
  percent("storage", "storage_limit", terms_.storage);
  what.resource = "certificate";
  if (const auto until = number("certificate"))
    note(warnings_.judge(what,
                         std::floor((*until * base::kWallSecond - static_cast<double>(now)) / kWholeDay),
                         terms_.certificate, now));
}

bool Health::take_host(const Json& figures) {
  const Json host = figures.value("host", Json()), gateway = figures.value("gateway", Json());
  if (!host.is_object() || !gateway.is_object()) return false;
  host_ = host;
  gateway_ = gateway;
  host_seen_ = clock_.wall();
  take_cpu(host);
  judge_disks(host);
  const double total = number_or(host, "memory_total", 0);
  if (total > 0)
    note(warnings_.judge({{}, {}, 0, "memory", {}},
                         100 * (total - number_or(host, "memory_available", total)) / total, terms_.memory,
                         host_seen_));
  if (host.contains("clock_skew_us"))
    note(warnings_.judge({{}, {}, 0, "clock", {}},
                         std::abs(number_or(host, "clock_skew_us", 0)) / base::kWallSecond, terms_.clock,
                         host_seen_));
  return true;
}

void Health::judge_disks(const Json& host) {
  std::vector<std::string> watched;
  for (const Json& disk : host.value("disks", Json::array())) {
    if (!disk.is_object()) continue;
    watched.push_back(base::json_text_or(disk, "name", ""));
    note(warnings_.judge({{}, {}, 0, watched.back(), base::json_text_or(disk, "folder", "")},
                         number_or(disk, "percent", 0), terms_.disk, host_seen_));
  }
  note(warnings_.drop(
      [&watched](const Watched& one) {
        return one.node.empty() && one.resource.starts_with("disk") &&
               std::find(watched.begin(), watched.end(), one.resource) == watched.end();
      },
      host_seen_));
}

// Of the whole time, and not of its busiest second.
void Health::take_cpu(const Json& host) {
  const CpuSample now{clock_.monotonic(), number_or(host, "cpu_busy", 0), number_or(host, "cpu_total", 0)};
  if (!cpu_.empty() && (now.total < cpu_.back().total || now.busy < cpu_.back().busy)) cpu_.clear();
  cpu_.push_back(now);
  const base::Nanos over = terms_.cpu_over * 1000;
  while (cpu_.size() > kCpuSamples || (cpu_.size() > 2 && cpu_[1].at + over <= now.at)) cpu_.pop_front();
  const CpuSample& first = cpu_.front();
  cpu_percent_.reset();
  if (now.total <= first.total) return;
  cpu_percent_ = 100 * (now.busy - first.busy) / (now.total - first.total);
  if (first.at + over <= now.at)
    note(warnings_.judge({{}, {}, 0, "cpu", {}}, *cpu_percent_, terms_.cpu, clock_.wall()));
}

void Health::look() {
  if (clock_.monotonic() >= save_) {
    save_ = clock_.monotonic() + kSaveEvery;
    file_.changed();
  }
  file_.save([this] { return text(); });
}

Json Health::gateway_json() const {
  Json out{{"version", version_}, {"state", "up"}};
  if (stale(host_seen_)) return out;
  out["cores"] = base::json_number_or(host_, "cores", 0);
  out["load"] = rounded(number_or(host_, "load", 0), 100);
  if (cpu_percent_) out["cpu"] = rounded(*cpu_percent_, 10);
  const std::int64_t total = base::json_number_or(host_, "memory_total", 0);
  out["memory"] = {{"total", total},
                   {"used", total - base::json_number_or(host_, "memory_available", total)}};
  out["storage"] = Json::array();
  for (const Json& disk : host_.value("disks", Json::array()))
    out["storage"].push_back({{"name", base::json_text_or(disk, "name", "")},
                              {"size", base::json_number_or(disk, "size", 0)},
                              {"used", base::json_number_or(disk, "used", 0)}});
  if (host_.contains("clock_skew_us"))
    out["clock_skew_ms"] = base::json_number_or(host_, "clock_skew_us", 0) / 1000;
  if (const auto started = base::json_number_or(gateway_, "started", 0); started > 0)
    out["start_time"] = base::format_time(started);
  if (const auto until = base::json_number_or(gateway_, "certificate", 0); until > 0)
    out["certificate"] = base::format_time(until);
  return out;
}

Json Health::node_json(const Node& node, const HealthTerms::NodeName& name, int number) const {
  Json out{{"service", name.first},
           {"node", number},
           {"state", stale(node.seen) ? "unknown" : node.figures.state}};
  const Counted day = node.window.sum(clock_.wall());
  put_percent(out, "availability", day.availability());
  put_percent(out, "processing", day.processing());
  if (stale(node.seen)) return out;
  if (!node.figures.version.empty()) out["version"] = node.figures.version;
  for (const char* key : {"memory", "memory_limit", "storage", "storage_limit"}) {
    if (const auto at = node.figures.numbers.find(key); at != node.figures.numbers.end())
      out[key] = std::llround(at->second);
  }
  for (const char* key : {"start_time", "certificate"}) {
    if (const auto at = node.figures.numbers.find(key); at != node.figures.numbers.end())
      out[key] = time_of_seconds(at->second);
  }
  if (node.cpu.size() >= 2 && node.cpu.back().first > node.cpu.front().first) {
    const auto took = static_cast<double>(node.cpu.back().first - node.cpu.front().first) / base::kWallSecond;
    out["cpu"] = rounded((node.cpu.back().second - node.cpu.front().second) / took, 1000);
  }
  return out;
}

Json Health::body() const {
  Json nodes = Json::array();
  Counted day;
  int number = 0;
  for (const HealthTerms::NodeName& name : terms_.nodes) {
    const Node& node = nodes_.at(name);
    nodes.push_back(node_json(node, name, ++number));
    day.add(node.window.sum(clock_.wall()));
  }
  Json availability = with_goal(day.availability(), line::kAvailabilityGoal);
  availability["seconds"] = (day.up + day.down) / base::kWallSecond;
  Json processing = with_goal(day.processing(), line::kProcessingGoal);
  processing["processed"] = whole_number(day.processed);
  processing["failed"] = whole_number(day.failed);
  return {{"gateway", gateway_json()},
          {"nodes", std::move(nodes)},
          {"availability", std::move(availability)},
          {"processing", std::move(processing)},
          {"warnings", warnings_.list(true)}};
}

std::vector<std::string> Health::warnings_now() const {
  std::vector<std::string> out;
  for (const Json& one : warnings_.list(false)) {
    const std::string resource = base::json_text_or(one, "resource", "");
    if (resource == "certificate" || resource == "clock") continue;
    const std::string node = base::json_text_or(one, "node", "");
    out.push_back(
        (node.empty() ? "the gateway's host" : base::json_text_or(one, "service", "") + " " + node) + ": " +
        resource);
  }
  return out;
}

bool Health::processes_too_little() const {
  Counted day;
  for (const auto& [name, node] : nodes_) day.add(node.window.sum(clock_.wall()));
  const auto percent = day.processing();
  return percent && *percent < line::kProcessingGoal;
}

state::HealthBefore Health::before() const {
  state::HealthBefore out{{}, warnings_now(), processes_too_little()};
  for (const auto& [name, node] : nodes_) {
    if (!stale(node.seen) && node.figures.state == "up") out.up.push_back(name.first + " " + name.second);
  }
  return out;
}

std::string Health::worse_than(const state::HealthBefore& before) const {
  const auto had = [](const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  for (const auto& [name, node] : nodes_) {
    const std::string called = name.first + " " + name.second;
    if (!stale(node.seen) && node.figures.state == "down" && had(before.up, called))
      return "the node " + called + " is down" + (node.figures.why.empty() ? "" : ": " + node.figures.why);
  }
  for (const std::string& warning : warnings_now()) {
    if (!had(before.warnings, warning)) return "there is a new warning about " + warning;
  }
  if (!before.low && processes_too_little())
    return "of what the component processed in 24 hours less than the goal did not fail";
  return {};
}

Json Health::status() const {
  Json nodes = Json::array();
  for (const HealthTerms::NodeName& name : terms_.nodes) {
    const Node& node = nodes_.at(name);
    Json one{{"service", name.first},
             {"node", name.second},
             {"state", stale(node.seen) ? "unknown" : node.figures.state}};
    if (!node.figures.why.empty()) one["why"] = node.figures.why;
    nodes.push_back(std::move(one));
  }
  return {{"warnings", warnings_.list(false)}, {"nodes", std::move(nodes)}};
}

}  // namespace postern::ledger
