// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations report in numbers (line/health.h), judged and brought into the store's form. Whatever a body says, what
// comes out is bounded. Pure.
#pragma once

#include <optional>

#include "base/json.h"
#include "line/health.h"
#include "line/protocol.h"
#include "mission/store/healths.h"
#include "mission/store/usages.h"

namespace postern::mission {

// What every installation must have at least; 0: nothing is said of it.
struct HealthMinimum {
  int nodes = 0, cores = 0;
  std::int64_t memory = 0;  // bytes
};

// "health" of the desk's part: {"nodes","cores","memory"}.
HealthMinimum read_minimum(const base::Json& part);

// critical: a service has no node that is up, or a certificate is over. warning: anything else that is not as it should be.
line::Verdict judge_health(const base::Json& body, const HealthMinimum& minimum, base::Micros now);
HealthRow health_row(const base::Json& body, const line::Verdict& verdict, base::Micros now);

// Nothing: it is of no hour, of one too long ago or still to come, or of a schema that this version does not know.
std::optional<UsageHour> usage_hour(const std::string& installation, const line::Report& report,
                                    base::Micros now);

}  // namespace postern::mission
