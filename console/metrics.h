// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The gateway in figures, as monitoring reads them: OpenMetrics 1.0, or the older text format of Prometheus 0.0.4 for
// those who do not ask for it. docs/METRICS.md lists the names; a test holds that list against this.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "console/log_figures.h"
#include "gateway/state/state.h"

namespace postern::console {

inline constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";
inline constexpr std::string_view kPlainMetricsType = "text/plain; version=0.0.4; charset=utf-8";

enum class MetricsFormat { Plain, OpenMetrics };
MetricsFormat metrics_format(std::string_view accept);  // of an Accept field

struct MetricsParts {
  const base::Json& status;  // as the API shows it (openapi.json: Status)
  const base::Json& roles;   // what the roles counted (role_metrics.h)
  const state::State& state;
  const LogFigures& figures;
  std::uint64_t indexed = 0;  // events that a question to the log finds
  base::Micros now = 0;
};
std::string write_metrics(const MetricsParts& parts, MetricsFormat format);

}  // namespace postern::console
