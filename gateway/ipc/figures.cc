// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/figures.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace postern::ipc {
namespace {

using Cell = std::atomic<std::uint64_t>;
static_assert(Cell::is_always_lock_free);

struct TimingCells {
  std::array<Cell, kTimingBounds.size() + 1> counts;
  Cell micros;
};
// Zeros are its beginning.
struct Page {
  std::array<Cell, kFigures> values;
  std::array<TimingCells, kTimings> timings;
};

static_assert(sizeof(Page) <= SharedPage::kSize);
constexpr std::string_view kFiguresName = "a role's figures";

Page unread{};
Page* page = &unread;

// One thread writes: what it read last is still there.
void add(Cell& cell, std::uint64_t more) {
  cell.store(cell.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

void count(Figure figure, std::uint64_t more) { add(page->values[static_cast<std::size_t>(figure)], more); }

void level(Figure figure, std::uint64_t now_is) {
  page->values[static_cast<std::size_t>(figure)].store(now_is, std::memory_order_relaxed);
}

void time(Timing timing, base::Nanos took) {
  const std::int64_t micros = std::max<base::Nanos>(took, 0) / 1000;
  TimingCells& cells = page->timings[static_cast<std::size_t>(timing)];
  const auto bucket = std::lower_bound(kTimingBounds.begin(), kTimingBounds.end(), micros);
  add(cells.counts[static_cast<std::size_t>(bucket - kTimingBounds.begin())], 1);
  add(cells.micros, static_cast<std::uint64_t>(micros));
}

base::Status attach_figures(base::UniqueFd memory) {
  auto attached = SharedPage::attach(std::move(memory), SharedPage::Use::Write, kFiguresName);
  if (!attached.ok()) return std::move(attached).error();
  static const SharedPage* const kept = new SharedPage(std::move(*attached));  // whoever counts last
  page = static_cast<Page*>(kept->address());
  return base::Ok{};
}

base::Result<std::unique_ptr<FiguresPage>> FiguresPage::make() {
  auto made = SharedPage::make(kFiguresName);
  if (!made.ok()) return std::move(made).error();
  return std::unique_ptr<FiguresPage>(new FiguresPage(std::move(*made)));
}

base::Result<base::UniqueFd> FiguresPage::share() const { return page_.share(SharedPage::Use::Write); }

RoleFigures FiguresPage::read() const {
  const Page& from = *static_cast<const Page*>(page_.address());
  RoleFigures out;
  for (std::size_t i = 0; i < kFigures; ++i) out.values[i] = from.values[i].load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < kTimings; ++i) {
    const TimingCells& timing = from.timings[i];
    for (std::size_t k = 0; k < timing.counts.size(); ++k)
      out.timings[i].counts[k] = timing.counts[k].load(std::memory_order_relaxed);
    out.timings[i].micros = timing.micros.load(std::memory_order_relaxed);
  }
  return out;
}

}  // namespace postern::ipc
