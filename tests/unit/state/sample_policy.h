// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A policy with one capability that reads and one that writes.
#pragma once

#include <string_view>

namespace postern {

inline constexpr std::string_view kPolicyText = R"(version: 1
capabilities:
  metrics.read:
    title: Read metrics
    class: read
    operations:
      - GET /api/v1/query
  silences.write:
    title: Create silences
    class: write
    operations:
      - POST /api/v2/silences
roles:
  viewer: [metrics.read]
)";

}  // namespace postern
