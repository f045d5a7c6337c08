// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/host_figures.h"

#include <algorithm>

#include "gateway/proc/host.h"

namespace postern::supervisor {
namespace {

using base::Json;

void put_disk(Json& disks, const std::string& name, const std::string& folder) {
  const auto space = proc::disk_space(folder);
  if (!space) return;
  disks.push_back({{"name", name},
                   {"folder", folder},
                   {"size", space->size},
                   {"used", space->used},
                   {"percent", space->used_percent()}});
}

Json host_json(const Config& config, const Json& link) {
  const proc::HostUsage host = proc::host_usage();
  Json disks = Json::array();
  put_disk(disks, "disk", config.state_directory.path);
  for (std::size_t i = 0; i < config.monitoring.disks.size(); ++i)
    put_disk(disks, "disk " + std::to_string(i + 1), config.monitoring.disks[i]);
  Json out{{"cores", host.cores},
           {"load", host.load},
           {"uptime_s", host.uptime},
           {"cpu_busy", host.cpu.busy},
           {"cpu_total", host.cpu.total},
           {"memory_total", host.memory.total},
           {"memory_available", host.memory.available},
           {"disks", std::move(disks)}};
  if (link.is_object() && base::json_text_or(link, "state", "") == "up" && link.contains("skew_us"))
    out["clock_skew_us"] = link.at("skew_us");
  return out;
}

}  // namespace

Json host_figures(const Config& config, const std::vector<OwnCertificate>& certificates,
                  const GatewayFigures& gateway) {
  std::int64_t cpu = 0, resident = 0;
  for (const Json& role : gateway.roles) {
    cpu += base::json_number_or(role, "cpu_us", 0);
    resident += base::json_number_or(role, "resident_bytes", 0);
  }
  Json own{{"started", gateway.started}, {"cpu_us", cpu}, {"resident_bytes", resident}};
  const auto first =
      std::min_element(certificates.begin(), certificates.end(),
                       [](const auto& a, const auto& b) { return a.facts.not_after < b.facts.not_after; });
  if (first != certificates.end()) own["certificate"] = first->facts.not_after;
  return {{"host", host_json(config, gateway.link)}, {"gateway", std::move(own)}};
}

}  // namespace postern::supervisor
