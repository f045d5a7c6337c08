// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the roles counted of themselves (gateway/ipc/figures.h) and what their processes cost, as families of metrics.
#pragma once

#include "base/json.h"
#include "console/metrics_text.h"

namespace postern::console {

// roles: the supervisor's answer to "figures". What is missing or of another form in it is left out.
void write_roles(MetricsText& out, const base::Json& roles);

}  // namespace postern::console
