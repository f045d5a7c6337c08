// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// When the certificates of these tests are made and looked at.
#pragma once

#include "base/clock.h"

namespace postern::certs {

inline constexpr base::Micros kNow = 1'790'000'000 * base::kWallSecond;
inline constexpr base::Micros kDay = 86'400 * base::kWallSecond;

}  // namespace postern::certs
