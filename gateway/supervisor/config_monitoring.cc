// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/config_monitoring.h"

#include <algorithm>
#include <set>

#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::kWallSecond;
using base::YamlNode;

constexpr base::Micros kLongestMeasure = 5 * kMinute;  // what is older says nothing of now
constexpr std::size_t kSourcePath = 2048;              // bytes

// As it goes into a request line: with its query, if it has one.
bool is_source_path(std::string_view text) {
  return text.starts_with('/') && text.size() <= kSourcePath &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

class MonitoringReader {
 public:
  MonitoringReader(ConfigReader& read, Config& config)
      : read_(read), config_(config), out_(config.monitoring) {}

  void all(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "monitoring", "monitoring");
    if (node == nullptr) return;
    read_.duration(*node, "every", kWallSecond, kLongestMeasure, out_.every);
    read_.duration(*node, "timeout", kWallSecond / 10, kMinute, out_.timeout);
    disks(*node);
    if (const YamlNode* list = read_.list(*node, "services", "monitoring.services"); list != nullptr) {
      for (const YamlNode& item : list->items) service(item);
    }
    usage(*node);
    warnings(*node);
  }

 private:
  void disks(const YamlNode& parent) {
    const YamlNode* list = read_.list(parent, "disks", "monitoring.disks");
    if (list == nullptr) return;
    if (list->items.size() > kDiskLimit)
      read_.fault(list->mark, "disks must hold " + std::to_string(kDiskLimit) +
                                  " folders at most; that of the state directory is watched anyway");
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "a disk")) continue;
      if (!item.scalar.starts_with('/'))
        read_.fault(item.mark,
                    "a disk is named by an absolute path of a folder on it, such as /srv/data, not " +
                        in_quotes(item.scalar));
      out_.disks.push_back(item.scalar);
    }
  }

  void service(const YamlNode& node) {
    if (!read_.is_map(node, "monitoring.services[]")) return;
    if (node.find("service") == nullptr)
      return read_.fault(node.mark, "it needs service: the name of one of component.services");
    const YamlNode* name = read_.text(node, "service");
    if (name == nullptr) return;
    Monitoring::Service out{name->scalar, {}};
    const auto same = [&](const auto& one) { return one.name == out.name; };
    if (std::none_of(config_.services.begin(), config_.services.end(), same))
      read_.fault(name->mark, "component.services has no service " + in_quotes(out.name));
    if (std::any_of(out_.services.begin(), out_.services.end(), same))
      read_.fault(name->mark, "the service " + in_quotes(out.name) + " stands here twice: keep one");
    if (const YamlNode* metrics = read_.map(node, "metrics", "monitoring.services[].metrics");
        metrics != nullptr)
      source(*metrics, false, out);
    documents(node, out);
    if (out.sources.empty()) read_.fault(node.mark, "it needs metrics or json: what its nodes are asked for");
    out_.services.push_back(std::move(out));
  }

  void documents(const YamlNode& node, Monitoring::Service& out) {
    const YamlNode* list = read_.list(node, "json", "monitoring.services[].json");
    if (list == nullptr) return;
    if (list->items.size() > kDocumentLimit)
      read_.fault(list->mark, "json must hold " + std::to_string(kDocumentLimit) + " documents at most");
    for (const YamlNode& item : list->items) {
      if (read_.is_map(item, "monitoring.services[].json[]")) source(item, true, out);
    }
  }

  void source(const YamlNode& node, bool json, Monitoring::Service& out) {
    Monitoring::Source source{json ? "" : "/metrics", json, {}};
    if (json && node.find("path") == nullptr)
      read_.fault(node.mark, "it needs path: what is asked with GET, such as /api/v1/status");
    if (const YamlNode* path = read_.text(node, "path"); path != nullptr) {
      source.path = path->scalar;
      if (!is_source_path(source.path))
        read_.fault(path->mark,
                    "path must begin with '/' and be of visible ASCII characters, such as "
                    "/metrics, not " +
                        in_quotes(source.path));
    }
    values(node, source);
    out.sources.push_back(std::move(source));
  }

  void values(const YamlNode& parent, Monitoring::Source& source) {
    const YamlNode* node = parent.find("values");
    if (node == nullptr || !node->is_map() || node->entries.empty())
      return read_.fault(node == nullptr ? parent.mark : node->mark,
                         "values must be a map from a name to where its number stands, such as processed: " +
                             std::string(source.json ? "$.data.requests" : "http_requests_total"));
    for (const YamlNode::Entry& entry : node->entries) {
      if (!measure::is_value_name(entry.key))
        read_.fault(entry.mark, "a value's name has lower-case letters, digits and _, 32 at most, not " +
                                    in_quotes(entry.key));
      names_.insert(entry.key);
      if (!entry.value.is_list()) {
        value(entry.key, entry.value, source);
      } else {
        for (const YamlNode& item : entry.value.items) value(entry.key, item, source);
      }
    }
    if (source.values.size() > measure::kMostValues)
      read_.fault(node->mark, "values must name " + std::to_string(measure::kMostValues) + " places at most");
  }

  void value(const std::string& name, const YamlNode& node, Monitoring::Source& source) {
    if (!read_.is_text(node, name)) return;
    measure::Wanted wanted{name, node.scalar};
    const base::Status status = source.json ? measure::check_document(wanted) : measure::check_metric(wanted);
    if (!status.ok()) read_.fault(node.mark, name + ": " + status.error().message);
    source.values.push_back(std::move(wanted));
  }

  void usage(const YamlNode& parent) {
    const YamlNode* list = read_.list(parent, "usage", "monitoring.usage");
    if (list == nullptr) return;
    if (list->items.size() > kUsageLimit)
      read_.fault(list->mark, "usage must name " + std::to_string(kUsageLimit) + " values at most");
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "a value")) continue;
      if (!measure::is_counter(item.scalar))
        read_.fault(item.mark, in_quotes(item.scalar) +
                                   " does not count anything: usage tells processed, failed, "
                                   "and counters under names of your own");
      else if (!names_.contains(item.scalar))
        read_.fault(item.mark, "no service has a value " + in_quotes(item.scalar) + " in its values");
      out_.usage.push_back(item.scalar);
    }
  }

  void warnings(const YamlNode& parent) {
    const YamlNode* node = read_.map(parent, "warnings", "monitoring.warnings");
    if (node == nullptr) return;
    above(*node, "disk", out_.disk);
    above(*node, "memory", out_.memory);
    above(*node, "storage", out_.storage);
    if (const YamlNode* cpu = above(*node, "cpu", out_.cpu); cpu != nullptr)
      read_.duration(*cpu, "over", kWallSecond, kHour, out_.cpu_over);
    clock(*node);
    certificate(*node);
  }

  const YamlNode* above(const YamlNode& parent, std::string_view key, Threshold& out) {
    const YamlNode* node = read_.map(parent, key, "monitoring.warnings." + std::string(key));
    if (node == nullptr) return nullptr;
    read_.number(*node, "above", 1, 100, out.raise, " (percent)");
    out.clear = std::min(out.clear, out.raise);
    read_.number(*node, "clear", 1, 100, out.clear, " (percent)");
    if (out.clear > out.raise)
      read_.fault(node->mark, "clear must not be more than above: the warning would come and go at once");
    return node;
  }

  void clock(const YamlNode& parent) {
    const YamlNode* node = read_.map(parent, "clock", "monitoring.warnings.clock");
    if (node == nullptr) return;
    read_.duration(*node, "above", kWallSecond, 24 * kHour, out_.clock_raise);
    out_.clock_clear = std::min(out_.clock_clear, out_.clock_raise);
    read_.duration(*node, "clear", kWallSecond, 24 * kHour, out_.clock_clear);
    if (out_.clock_clear > out_.clock_raise)
      read_.fault(node->mark, "clear must not be more than above: the warning would come and go at once");
  }

  void certificate(const YamlNode& parent) {
    const YamlNode* node = read_.map(parent, "certificate", "monitoring.warnings.certificate");
    if (node == nullptr) return;
    read_.number(*node, "below", 1, 3650, out_.certificate.raise, " (days)");
    out_.certificate.clear = std::max(out_.certificate.clear, out_.certificate.raise);
    read_.number(*node, "clear", 1, 3650, out_.certificate.clear, " (days)");
    if (out_.certificate.clear < out_.certificate.raise)
      read_.fault(node->mark, "clear must not be less than below: the warning would come and go at once");
  }

  ConfigReader& read_;
  Config& config_;
  Monitoring& out_;
  std::set<std::string> names_;  // of all values
};

}  // namespace

void read_monitoring(ConfigReader& read, const YamlNode& root, Config& config) {
  MonitoringReader(read, config).all(root);
}

}  // namespace postern::supervisor
