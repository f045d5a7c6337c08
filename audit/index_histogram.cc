// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Counts over time, newest first, so that where the question's bound ends it, what is missing is the oldest.
#include <algorithm>

#include "audit/index_state.h"

namespace postern::audit {
namespace {

void count(HistogramPart& part, const IndexedEvent& event) {
  ++part.events;
  if (event.severity == Severity::Warning) ++part.warning;
  if (event.severity == Severity::Severe) ++part.severe;
  if (event.type == static_cast<std::uint8_t>(EventType::ExchangeForwarded)) ++part.forwarded;
  if (event.type == static_cast<std::uint8_t>(EventType::ExchangeRefused)) ++part.refused;
}

}  // namespace

base::Result<Histogram> Index::histogram(const HistogramQuestion& question) {
  if (question.parts == 0 || question.parts > kMostHistogramParts || question.width < 1) {
    return base::fail(
        base::Code::Invalid, base::Side::Client,
        "a histogram has 1 to " + std::to_string(kMostHistogramParts) + " parts of at least a microsecond");
  }
  Histogram histogram;
  histogram.parts.resize(question.parts);
  EventFilter filter;
  filter.since = question.since;
  std::uint64_t looked_at = 0;
  const base::Status searched = state_->search(filter, [&](std::uint64_t, const IndexedEvent& event) {
    if (++looked_at > question.most) {
      histogram.counted_from = event.time;
      return false;
    }
    const auto part = static_cast<std::uint64_t>((event.time - question.since) / question.width);
    if (part < question.parts) count(histogram.parts[part], event);
    return true;
  });
  if (!searched.ok()) return searched.error();
  return histogram;
}

}  // namespace postern::audit
