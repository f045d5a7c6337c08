// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/usage.h"

#include <algorithm>

#include "audit/log_files.h"

namespace postern::ledger {
namespace {

constexpr std::size_t kUsageFile = 32U << 20U;  // bytes
constexpr const char* kUsageName = "usage.json";
constexpr int kUsageDepth = 8;

}  // namespace

UsageFold read_usage(audit::FileSystem& files, const std::string& directory) {
  const auto text = audit::read_whole(files, directory + "/" + kUsageName, kUsageFile);
  if (!text.ok()) return {};
  const auto json = base::parse_json(*text, kUsageDepth);
  return json.ok() ? UsageFold::from_json(*json) : UsageFold();
}

void take_line(UsageFold& fold, std::uint64_t index, std::string_view line) {
  if (index < fold.next()) return;
  const auto event = audit::read_event_head(line);
  if (!event.ok() || (!fold.shares() && event->type != audit::EventType::PermissionChanged)) return;
  if (const auto step = usage_step(index, *event)) fold.take(*step);
}

Usage::Usage(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files,
             const std::string& directory)
    : clock_(clock), file_(loop, files, directory, kUsageName) {}

// The state decides; the file may be gone, and the event that began it too.
void Usage::begin(UsageFold fold, bool shares, std::uint64_t events) {
  fold_ = std::move(fold);
  if (fold_.shares() != shares) fold_.set_sharing(shares, clock_.wall(), events);
  listens_ = shares;
  changed();
  closed_in_ = file_.version();
}

void Usage::changed() {
  file_.changed();
  save_ = clock_.monotonic() + kSaveEvery;
}

void Usage::saw(std::uint64_t index, const audit::EventFields& event) {
  if (!listens_ && event.type != audit::EventType::PermissionChanged) return;
  auto step = usage_step(index, event);
  if (!step) return;
  if (step->sharing) listens_ = *step->sharing;
  waiting_.push_back(std::move(*step));
}

void Usage::take_node(const NodeFigures& figures, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto at = figures.numbers.find(name);
    if (at == figures.numbers.end()) continue;
    if (fold_.take_counter(figures.service + " " + figures.node, name, at->second, clock_.wall())) changed();
  }
}

void Usage::look(std::uint64_t durable) {
  for (; !waiting_.empty() && waiting_.front().index < durable; waiting_.pop_front()) {
    if (waiting_.front().sharing) changed();
    fold_.take(waiting_.front());
  }
  // What waits may still be of an hour that is over.
  if (waiting_.empty() && fold_.close(clock_.wall())) {
    changed();
    closed_in_ = file_.version();
  }
  if (fold_.shares() && clock_.monotonic() >= save_) changed();
  file_.save([this] { return base::dump_json(fold_.to_json()) + "\n"; });
}

std::vector<line::Report> Usage::due(std::size_t most) const {
  std::vector<line::Report> out;
  if (file_.saved() < closed_in_) return out;
  for (const UsageFold::Closed& one : fold_.closed()) {
    if (out.size() == most) break;
    out.push_back({usage_id(one.hour), line::Kind::Usage, 1, one.hour * kUsageHour, one.body});
  }
  return out;
}

void Usage::took(const std::string& id) {
  const auto& closed = fold_.closed();
  const auto found = std::find_if(closed.begin(), closed.end(),
                                  [&id](const UsageFold::Closed& one) { return usage_id(one.hour) == id; });
  if (found == closed.end()) return;
  fold_.took(found->hour);
  changed();
}

}  // namespace postern::ledger
