// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The text form in which Prometheus is told metrics (exposition format 0.0.4), read strictly:
//
//   # HELP http_requests_total Requests.
//   # TYPE http_requests_total counter
//   http_requests_total{code="200",method="get"} 1027 1395066363000
//
// A line that is none of it is a failure of the whole text, which names the line: half a text would be half a sum. Nothing is
// made of types; timestamps are checked and left. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace postern::measure {

inline constexpr std::size_t kExpositionSize = 8U << 20U;   // bytes of the text
inline constexpr std::size_t kExpositionLine = 16U << 10U;  // of one line
inline constexpr std::size_t kMostLabels = 64;              // of one sample

struct Label {
  std::string_view name;
  std::string value;  // with its escapes resolved
};
struct Sample {
  std::string_view name;
  std::vector<Label> labels;  // no name twice
  double value = 0;           // may be infinite, or no number

  const std::string* label(std::string_view of) const;  // nullptr: it has none
};

bool is_metric_name(std::string_view text);
bool is_label_name(std::string_view text);

base::Status read_exposition(std::string_view text, const std::function<void(const Sample&)>& on_sample);

}  // namespace postern::measure
