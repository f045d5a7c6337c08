// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How the component's nodes, the gateway and its host are: what an enforcer (readings.h) and the supervisor (host_figures.h)
// measured last, what of it is a warning (host.*, node.*), and what came of the last 24 hours. Makes the bodies of reports of
// health (line/health.h); whether they are sent is line_reports.h's.
//
// What must survive a restart stands in health.json in the state directory: the last day, the warnings, and where counters stood. It
// is written when a warning begins or ends, and once a minute: so much of the last day may be missing after a loss of power.
// How the file and the parts of others are wrong is no failure: what cannot be read is as if it were not there.
//
// Thresholds of the ledger's part of the configuration: {"disk","memory","cpu","storage","certificate": {"raise","clear"}, "clock":
// {"raise_us","clear_us"}}, of cpu also "over_us".
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "audit/files.h"
#include "base/clock.h"
#include "base/json.h"
#include "gateway/ledger/progress_file.h"
#include "gateway/ledger/warnings.h"
#include "gateway/ledger/window.h"
#include "gateway/loop/loop.h"
#include "gateway/state/proposal.h"

namespace postern::ledger {

struct HealthTerms {
  using NodeName = std::pair<std::string, std::string>;  // service, node
  base::Micros every = 30 * base::kWallSecond;
  std::vector<NodeName> nodes;     // in the configuration's order
  std::vector<std::string> usage;  // names of values, counters
  Band disk{85, 80}, memory{90, 85}, cpu{95, 85}, storage{85, 80};
  Band clock{30, 10, "s"}, certificate{21, 28, "d"};
  base::Micros cpu_over = 300 * base::kWallSecond;
};
HealthTerms parse_health_terms(const base::Json& part);

// Of a node, as an enforcer told it.
struct NodeFigures {
  std::string service, node, state, why, version;
  std::map<std::string, double> numbers;
};
// Nothing: it is not of that form.
std::optional<NodeFigures> parse_node_figures(const base::Json& json);

class Health {
 public:
  Health(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, const std::string& directory,
         std::string version, Warnings::Record record);

  void configure(HealthTerms terms);
  const HealthTerms& terms() const { return terms_; }
  bool take_node(const NodeFigures& figures);  // false: the configuration has no such node
  bool take_host(const base::Json& figures);   // false: not of that form
  void look();

  // Grows whenever a warning begins or ends, or a node's state changes.
  std::uint64_t news() const { return news_; }
  base::Json body() const;
  std::set<std::string> versions(
      const std::string& service) const;  // that its nodes told last; of those that told one
  // For the customer: {"warnings":[..],"nodes":[{"service","node","state","why"*,"seen"*}]}
  base::Json status() const;

  // For whoever changes something (proposals.h): how it is now, and what got worse since; empty: nothing that is known.
  // Certificates and the clock are left out, which change by themselves.
  state::HealthBefore before() const;
  std::string worse_than(const state::HealthBefore& before) const;

  static constexpr base::Nanos kSaveEvery = 60 * base::kSecond;
  static constexpr int kStale = 4;  // what is older than so many looks says nothing of now

 private:
  struct Node {
    NodeFigures figures;
    base::Micros seen = 0;
    Window window;
    Growth processed, failed;
    std::deque<std::pair<base::Micros, double>> cpu;  // seconds used; the first and the last count
  };
  struct CpuSample {
    base::Nanos at = 0;
    double busy = 0, total = 0;
  };
  void read(const std::string& directory);
  void judge_node(const Watched& node, const NodeFigures& figures);
  void judge_disks(const base::Json& host);
  void take_cpu(const base::Json& host);
  void note(bool changed);
  std::vector<std::string> warnings_now() const;
  bool processes_too_little() const;
  bool stale(base::Micros seen) const;
  base::Json gateway_json() const;
  base::Json node_json(const Node& node, const HealthTerms::NodeName& name, int number) const;
  std::string text() const;

  const base::Clock& clock_;
  audit::FileSystem& files_;
  ProgressFile file_;
  std::string version_;
  Warnings warnings_;
  HealthTerms terms_;
  std::map<HealthTerms::NodeName, Node> nodes_;
  base::Json host_ = base::Json::object(), gateway_ = base::Json::object();
  base::Micros host_seen_ = 0;
  std::deque<CpuSample> cpu_;  // over terms_.cpu_over, and one before
  std::optional<double> cpu_percent_;
  std::uint64_t news_ = 0;
  base::Nanos save_ = 0;
};

}  // namespace postern::ledger
