// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/log_report.h"

#include <cstdio>

#include "base/bytes.h"
#include "base/clock.h"

namespace postern::cli {
namespace {

base::Json fault_json(const audit::LogFault& fault) {
  base::Json json{{"file", fault.file}, {"what", fault.what}};
  if (fault.index) json["index"] = *fault.index;
  return json;
}

base::Json handovers_json(const std::vector<certs::Handover>& handovers) {
  base::Json out = base::Json::array();
  for (const certs::Handover& one : handovers) {
    out.push_back({{"from", certs::format_verifier_key(one.from)},
                   {"to", certs::format_verifier_key(one.to)},
                   {"size", one.head.size}});
  }
  return out;
}

std::string handovers_text(const std::vector<certs::Handover>& handovers) {
  std::string out;
  for (const certs::Handover& one : handovers) {
    out += "Behind " + grouped(one.head.size) + " entries its key was changed, from " +
           certs::format_verifier_key(one.from) + "\nto " + certs::format_verifier_key(one.to) +
           ": both signed that.\n";
  }
  return out;
}

base::Json removed_json(const audit::VerifyReport& report) {
  base::Json out = base::Json::array();
  for (const audit::RemovedEntries& one : report.removed)
    out.push_back({{"first", one.first},
                   {"count", one.count},
                   {"by_event", report.retention->index},
                   {"at", base::format_time(report.retention->time)}});
  return out;
}

std::string removed_text(const audit::VerifyReport& report) {
  std::string out;
  for (const audit::RemovedEntries& one : report.removed) {
    out += "Entries " + grouped(one.first) + " to " + grouped(one.first + one.count - 1) +
           " were removed by retention, as entry " + grouped(report.retention->index) + " of " +
           base::format_time(report.retention->time) + " says; their hashes are there and fit.\n";
  }
  return out;
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

void LogProgress::operator()(std::uint64_t done, std::uint64_t total) {
  if (!watched_ || total == 0) return;
  const auto percent = static_cast<int>(done * 100 / total);
  if (percent == shown_) return;
  shown_ = percent;
  constexpr int kWidth = 40;
  const int filled = percent * kWidth / 100;
  std::fprintf(stderr, "\r[%s%s] %3d%%  %s entries",
               std::string(static_cast<std::size_t>(filled), '#').c_str(),
               std::string(static_cast<std::size_t>(kWidth - filled), '.').c_str(), percent,
               grouped(done * audit::kTileWidth).c_str());
}

LogProgress::~LogProgress() {
  if (shown_ >= 0) std::fputs("\r\x1b[K", stderr);
}

base::Json report_json(const audit::VerifyReport& report) {
  base::Json faults = base::Json::array();
  for (const audit::LogFault& fault : report.faults) faults.push_back(fault_json(fault));
  return {{"ok", report.ok()},
          {"origin", report.head.origin},
          {"size", report.head.size},
          {"root", base::to_base64(base::view(report.head.root))},
          {"entries", report.entries},
          {"removed", removed_json(report)},
          {"handovers", handovers_json(report.handovers)},
          {"faults", faults}};
}

std::string report_text(const audit::VerifyReport& report, double seconds) {
  std::string out;
  for (const audit::LogFault& fault : report.faults)
    out += base::printable(fault.file, 4096) + ": " + base::printable(fault.what) + "\n";
  if (!report.ok()) {
    const std::size_t count = report.faults.size();
    return out + "The log is NOT as it was signed: " + grouped(count) + (count == 1 ? " fault" : " faults") +
           (count == audit::VerifyReport::kFaultLimit ? " or more" : "") + ". The first is named first.\n";
  }
  char rate[64];
  std::snprintf(rate, sizeof rate, "%.1f s", seconds);
  return "The log is as it was signed: " + grouped(report.entries) + " entries of " +
         base::printable(report.head.origin) + ", verified in " + rate + ".\nRoot " +
         base::to_base64(base::view(report.head.root)) + "\n" + handovers_text(report.handovers) +
         removed_text(report);
}

}  // namespace postern::cli
