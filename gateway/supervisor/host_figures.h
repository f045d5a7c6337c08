// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How this host and the gateway on it are, for the ledger, which judges it (gateway/ledger/health.h):
//
//   {"host":{"cores","load","uptime_s","cpu_busy","cpu_total": ticks, "memory_total","memory_available": bytes,
//            "disks":[{"name":"disk"|"disk 1"..,"folder","size","used": bytes,"percent"}],
//            "clock_skew_us"*: Mission Control's clock is ahead by that much},
//    "gateway":{"started","cpu_us","resident_bytes": of all its processes,"certificate"*: the end of the one that runs out first}}
#pragma once

#include "base/json.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/expiry.h"

namespace postern::supervisor {

struct GatewayFigures {
  base::Micros started = 0;
  base::Json roles;  // as Crew::figures
  base::Json link;   // as Line::status
};
base::Json host_figures(const Config& config, const std::vector<OwnCertificate>& certificates,
                        const GatewayFigures& gateway);

}  // namespace postern::supervisor
