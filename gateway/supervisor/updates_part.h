// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What of the configuration's updates is told to whom: the ledger how a node is updated, the enforcers the calls, the runner the
// executables.
#pragma once

#include "base/json.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

base::Json ledger_updates_json(const Config& config);  // ledger/rolling_plan.h
// When the vendor's updates start by themselves: {"windows","notice_us"}, as ledger/update_calendar.h reads it.
base::Json calendar_json(const MissionControl::Updates& updates, const LineMaterial& material);
base::Json enforcer_updates_json(
    const Config& config);  // {service: {"update":[..],"roll-back":[..]}}, calls alone
base::Json runner_setup_json(const Config& config);  // ipc/runner_protocol.h; null: there is nothing to run

}  // namespace postern::supervisor
