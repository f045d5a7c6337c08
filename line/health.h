// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Bodies of reports of health and usage, schema 1 each, and Mission Control's answer to the first. Any field of a body may be
// missing: its customer does not share it, or nothing is known. Numbers, times (RFC 3339) and the words below; the one text is version.
//
// health:
//   {"gateway": {"version","state":"up","start_time","cores","load","cpu": percent of the host,
//                "memory": {"total","used"}, "storage": [{"name","size","used"}], "certificate": time, "clock_skew_ms"},
//    "nodes": [{"service","node": its number in the configuration,"version","state":"up"|"down"|"unknown","start_time",
//               "cpu": cores in use,"memory","memory_limit","storage","storage_limit","certificate",
//               "availability": percent,"processing": percent}],
//    "availability": {"percent","goal","seconds": that are known},
//    "processing": {"percent","goal","processed","failed"}, both of the last 24 hours,
//    "warnings": [{"of":"gateway"|"node","service"*,"node"*,"resource","value","unit"}]}
//
// usage, of one hour, whose beginning is the report's time and of whom there is one report however often it is sent:
//   {"complete": false if counting began within the hour,
//    "sessions","engineers","exchanges": {"read","write","refused"},"bytes": {"in","out"},"capabilities": switched,
//    "component": {name: how much the counter grew}}
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace postern::line {

inline constexpr double kAvailabilityGoal = 99.5, kProcessingGoal = 98;  // percent
inline constexpr std::size_t kMostReasons = 16;                          // of a verdict

// What a customer may keep back, of each kind.
inline constexpr std::array<std::string_view, 11> kHealthFields{
    "version", "state",       "start_time", "cpu",          "memory",  "storage",
    "clock",   "certificate", "processing", "availability", "warnings"};
inline constexpr std::array<std::string_view, 6> kUsageFields{"sessions", "engineers",    "exchanges",
                                                              "bytes",    "capabilities", "component"};

// How Mission Control judges an installation, and what it must have at least, as its vendor sees it (0: says nothing).
enum class HealthStatus : std::uint8_t { Ok, Warning, Critical };
std::string_view to_text(HealthStatus status);  // "ok"
struct Verdict {
  HealthStatus status = HealthStatus::Ok;
  std::vector<std::string> reasons;  // for people: why it is not ok
  int nodes = 0, cores = 0;
  std::int64_t memory = 0;  // bytes
};
base::Json to_json(const Verdict& verdict);
base::Result<Verdict> parse_verdict(const base::Json& json);

// The body without what its customer keeps back: names of kHealthFields or kUsageFields.
base::Json without_fields(base::Json body, const std::vector<std::string>& kept_back);

}  // namespace postern::line
