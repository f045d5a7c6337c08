// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/query.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::audit {
namespace {

using base::Result;

constexpr std::size_t kScanPage = 1000;

bool contains(std::string_view line, std::string_view text) {
  const auto same = [](char a, char b) { return base::to_lower(a) == base::to_lower(b); };
  return std::search(line.begin(), line.end(), text.begin(), text.end(), same) != line.end();
}

// Moves the filter behind the event.
void go_on_from(EventFilter& filter, std::uint64_t index) {
  (filter.oldest_first ? filter.after : filter.before) = index;
}

}  // namespace

Result<FoundEvents> find_events(Index& index, JournalReader& journal, const EventFilter& filter) {
  if (const base::Status status = journal.refresh(); !status.ok()) return status.error();
  FoundEvents found;
  const std::size_t limit = std::min(filter.limit, kQueryLimit);
  EventFilter page = filter;
  page.limit = filter.text.empty() ? limit : kScanPage;
  for (std::size_t looked_at = 0; found.events.size() < limit && looked_at < kTextScanLimit;) {
    const auto indices = index.events(page);
    if (!indices.ok()) return indices.error();
    for (const std::uint64_t i : *indices) {
      ++looked_at;
      go_on_from(page, i);
      auto line = journal.read_one(i);
      if (!line.ok() && line.error().code == base::Code::NotFound)
        continue;  // being written again after a failed sync
      if (!line.ok()) return line.error();
      if (contains(*line, filter.text)) found.events.push_back({i, *std::move(line)});
      if (found.events.size() == limit) break;
    }
    if (indices->size() < page.limit && found.events.size() < limit) return found;
  }
  found.next = filter.oldest_first ? page.after : page.before;
  return found;
}

}  // namespace postern::audit
