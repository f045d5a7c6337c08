// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Apart in time: what many gateways would otherwise ask of one server in the same second.
#pragma once

#include "base/clock.h"

namespace postern::link {

double random_part();  // 0 to 1, each as likely
base::Micros share(base::Micros of, double part);

}  // namespace postern::link
