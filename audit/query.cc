// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/query.h"

#include <algorithm>

#include "audit/text_search.h"

namespace postern::audit {
namespace {

using base::Ok;
using base::Result;
using base::Status;

constexpr std::size_t kScanPage = 1000;

// The lines at these indices in which the text stands, in the order of the journal: it is read forwards, whichever end
// comes first in the answer.
Result<std::vector<FoundEvent>> lines_with(const TextSearch& text, JournalReader& journal,
                                           std::vector<std::uint64_t> indices) {
  std::sort(indices.begin(), indices.end());
  std::vector<FoundEvent> lines;
  const Status looked = journal.look_at(indices, [&](std::uint64_t index, std::string_view line) {
    if (text.stands_in(line)) lines.push_back({index, std::string(line)});
  });
  if (!looked.ok()) return looked.error();
  return lines;
}

}  // namespace

Result<FoundEvents> find_events(Index& index, JournalReader& journal, const EventFilter& filter) {
  if (const Status status = journal.refresh(); !status.ok()) return status.error();
  const TextSearch text(filter.text);
  FoundEvents found;
  const std::size_t limit = std::min(filter.limit, kQueryLimit);
  EventFilter page = filter;
  page.limit = filter.text.empty() ? limit : kScanPage;
  std::optional<std::uint64_t>& edge = filter.oldest_first ? page.after : page.before;
  for (std::size_t looked_at = 0; found.events.size() < limit && looked_at < kTextScanLimit;) {
    const auto indices = index.events(page);
    if (!indices.ok()) return indices.error();
    looked_at += indices->size();
    if (!indices->empty()) edge = indices->back();
    auto lines = lines_with(text, journal, *indices);
    if (!lines.ok()) return lines.error();
    if (!filter.oldest_first) std::reverse(lines->begin(), lines->end());
    const std::size_t taken = std::min(lines->size(), limit - found.events.size());
    std::move(lines->begin(), lines->begin() + static_cast<std::ptrdiff_t>(taken),
              std::back_inserter(found.events));
    if (taken < lines->size()) edge = found.events.back().index;  // the others are the next page's
    if (taken == lines->size() && indices->size() < page.limit && found.events.size() < limit) return found;
  }
  found.next = edge;
  return found;
}

}  // namespace postern::audit
