// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/log_figures.h"

#include <algorithm>

#include "audit/event.h"
#include "base/json.h"
#include "base/saturating.h"

namespace postern::console {
namespace {

constexpr std::size_t kLinesAtOnce = 4'096;

// Of what enforcers say: a sum goes no further than the largest number, and names beyond kMostNames are one.
constexpr std::size_t kMostNames = 256;
constexpr const char* kOthers = "other";

void count_in(LogFigures::ByText& into, const std::string& text, std::uint64_t count = 1) {
  const bool fits = into.size() < kMostNames || into.contains(text);
  std::uint64_t& sum = into[fits ? text : kOthers];
  sum = base::sum_of(sum, count);
}

void add_all(LogFigures::ByText& into, const LogFigures::ByText& more) {
  for (const auto& [text, count] : more) count_in(into, text, count);
}

std::int64_t number_of(const base::Json& detail, const char* key) {
  return std::max<std::int64_t>(0, base::json_number_or(detail, key, 0));
}

void take_completed(LogFigures& figures, const base::Json& detail) {
  count_in(figures.ended, base::json_text_or(detail, "outcome", "unknown"));
  const std::int64_t status = base::json_number_or(detail, "status", 0);
  if (status >= 100 && status < 600) ++figures.answered[std::to_string(status / 100) + "xx"];
  figures.exchange.take(number_of(detail, "duration_us"));
  if (detail.contains("component_us")) figures.component.take(number_of(detail, "component_us"));
  figures.request_bytes = base::sum_of(figures.request_bytes, number_of(detail, "request_bytes"));
  figures.response_bytes = base::sum_of(figures.response_bytes, number_of(detail, "response_bytes"));
}

}  // namespace

void DurationFigures::take(base::Micros duration) {
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), duration);
  ++counts[static_cast<std::size_t>(bound - kBounds.begin())];
  sum = base::sum_of(sum, duration);
}

void DurationFigures::add(const DurationFigures& more) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += more.counts[i];
  sum = base::sum_of(sum, more.sum);
}

void LogFigures::take(std::string_view line) {
  const auto head = audit::read_event_head(line);
  if (!head.ok()) return;
  ++events[{std::string(audit::text_of(head->type).name), std::string(audit::name_of(head->severity))}];
  using enum audit::EventType;
  if (head->type != ExchangeCompleted && head->type != ExchangeRefused && head->type != LimitReached) return;
  const auto detail = base::parse_json(head->detail);
  if (!detail.ok()) return;
  if (head->type == ExchangeCompleted) return take_completed(*this, *detail);
  if (head->type == ExchangeRefused) count_in(refused, base::json_text_or(*detail, "code", "unknown"));
  if (head->type == LimitReached)
    count_in(limited, base::json_text_or(*detail, "limit", "unknown"),
             static_cast<std::uint64_t>(number_of(*detail, "count")));
}

bool LogFigures::add(const LogFigures& more) {
  if (more.begin != end) return false;
  end = more.end;
  skipped += more.skipped;
  for (const auto& [what, count] : more.events) events[what] += count;
  add_all(refused, more.refused);
  add_all(limited, more.limited);
  add_all(ended, more.ended);
  add_all(answered, more.answered);
  exchange.add(more.exchange);
  component.add(more.component);
  request_bytes = base::sum_of(request_bytes, more.request_bytes);
  response_bytes = base::sum_of(response_bytes, more.response_bytes);
  return true;
}

base::Result<LogFigures> figures_since(LogReader& log, std::optional<std::uint64_t> index) {
  const auto size = log.size();
  if (!size.ok()) return size.error();
  LogFigures figures;
  figures.begin = figures.end = index.value_or(*size);
  if (*size > figures.end + kMostCounted) {
    figures.skipped = *size - figures.end - kMostCounted;
    figures.end = *size - kMostCounted;
  }
  while (figures.end < *size) {
    const auto lines = log.lines(figures.end, kLinesAtOnce);
    if (!lines.ok()) return lines.error();
    if (lines->empty()) break;
    for (const std::string& line : *lines) figures.take(line);
    figures.end += lines->size();
  }
  return figures;
}

}  // namespace postern::console
