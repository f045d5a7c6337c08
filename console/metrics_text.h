// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Writes OpenMetrics 1.0, or the older text format of Prometheus 0.0.4: families in the order in which they are begun,
// and all samples of one together, as both formats want it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace postern::console {

class MetricsText {
 public:
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::initializer_list<Label>;

  explicit MetricsText(bool open_metrics) : open_(open_metrics) {}

  // Begin a family. name: without the suffix of a counter's samples; its end says the unit.
  void gauge(std::string_view name, std::string_view help) { begin(name, "gauge", help, {}); }
  void counter(std::string_view name, std::string_view help) { begin(name, "counter", help, "_total"); }
  void histogram(std::string_view name, std::string_view help) { begin(name, "histogram", help, {}); }

  // Samples of the family that was begun last.
  void sample(Labels labels, std::string_view value) { put(suffix_, labels, value); }
  void sample(Labels labels, std::uint64_t value) { put(suffix_, labels, std::to_string(value)); }
  void sample(Labels labels, bool value) = delete;
  // Of a histogram: bounds and sum in microseconds; counts are not summed up, and one more than the bounds.
  void buckets(Labels labels, std::span<const std::int64_t> bounds, std::span<const std::uint64_t> counts,
               base::Micros sum);

  std::string finish();

  static std::string seconds(base::Micros micros);

 private:
  void begin(std::string_view name, std::string_view type, std::string_view help, std::string_view suffix);
  void put(std::string_view suffix, std::span<const Label> labels, std::string_view value,
           std::string_view bound = {});
  void put(std::string_view suffix, Labels labels, std::string_view value) {
    put(suffix, std::span<const Label>(labels.begin(), labels.size()), value);
  }
  void escape(std::string_view text);

  bool open_;
  std::string out_, name_;
  std::string_view suffix_;
};

}  // namespace postern::console
