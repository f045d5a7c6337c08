// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/metrics_text.h"

#include <cstdio>

namespace postern::console {

std::string MetricsText::seconds(base::Micros micros) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6f", static_cast<double>(micros) / 1e6);
  return text;
}

void MetricsText::buckets(Labels labels, std::span<const std::int64_t> bounds,
                          std::span<const std::uint64_t> counts, base::Micros sum) {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    const std::string bound = i < bounds.size() ? seconds(bounds[i]) : "+Inf";
    put("_bucket", std::span<const Label>(labels.begin(), labels.size()), std::to_string(so_far), bound);
  }
  put("_sum", labels, seconds(sum));
  put("_count", labels, std::to_string(so_far));
}

std::string MetricsText::finish() {
  if (open_) out_ += "# EOF\n";
  return std::move(out_);
}

// OpenMetrics names the family without the suffix of its samples; the older format with it.
void MetricsText::begin(std::string_view name, std::string_view type, std::string_view help,
                        std::string_view suffix) {
  name_ = name;
  suffix_ = suffix;
  const std::string family = name_ + std::string(open_ ? "" : suffix);
  out_.append("# TYPE ").append(family).append(" ").append(type).append("\n");
  const std::string_view unit = name.ends_with("_seconds") ? "seconds"
                                : name.ends_with("_bytes") ? "bytes"
                                                           : "";
  if (open_ && !unit.empty()) out_.append("# UNIT ").append(family).append(" ").append(unit).append("\n");
  out_.append("# HELP ").append(family).append(" ").append(help).append("\n");
}

void MetricsText::put(std::string_view suffix, std::span<const Label> labels, std::string_view value,
                      std::string_view bound) {
  out_.append(name_).append(suffix);
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view text) {
    out_.append(1, std::exchange(before, ',')).append(name).append("=\"");
    escape(text);
    out_ += '"';
  };
  for (const auto& [name, text] : labels) label(name, text);
  if (!bound.empty()) label("le", bound);
  if (before == ',') out_ += '}';
  out_.append(" ").append(value).append("\n");
}

void MetricsText::escape(std::string_view text) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out_ += '\\';
    out_ += c == '\n' ? "\\n" : std::string(1, c);
  }
}

}  // namespace postern::console
