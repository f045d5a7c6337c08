// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/figures.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/file.h"

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

constexpr std::size_t kPageSize = 4096;
constexpr int kPageSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
static_assert(sizeof(Page) <= kPageSize);

Page unread{};
Page* page = &unread;

// One thread writes: what it read last is still there.
void add(Cell& cell, std::uint64_t more) {
  cell.store(cell.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

base::Result<void*> map_page(int memory) {
  void* address = ::mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (address == MAP_FAILED) return base::fail_errno("mmap of the figures", errno);
  return address;
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
  struct stat info {};
  if (base::stat_open_file(memory.get(), info) != 0) return base::fail_errno("fstat of the figures", errno);
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (info.st_size != static_cast<off_t>(kPageSize) || seals < 0 || (seals & kPageSeals) != kPageSeals)
    return base::fail(base::Code::Invalid,
                      "the memory offered for figures has the wrong size or is not sealed");
  const base::Result<void*> address = map_page(memory.get());
  if (!address.ok()) return address.error();
  page = static_cast<Page*>(*address);
  return base::Ok{};
}

base::Result<std::unique_ptr<FiguresPage>> FiguresPage::make() {
  base::UniqueFd memory(::memfd_create("postern-figures", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.valid() || ::ftruncate(memory.get(), static_cast<off_t>(kPageSize)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, kPageSeals) != 0)
    return base::fail_errno("memory for a role's figures", errno);
  const base::Result<void*> address = map_page(memory.get());
  if (!address.ok()) return address.error();
  return std::unique_ptr<FiguresPage>(new FiguresPage(std::move(memory), *address));
}

FiguresPage::~FiguresPage() { ::munmap(address_, kPageSize); }

base::Result<base::UniqueFd> FiguresPage::share() const {
  base::UniqueFd copy(::fcntl(memory_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return base::fail_errno("a descriptor for a role's figures", errno);
  return copy;
}

RoleFigures FiguresPage::read() const {
  const Page& from = *static_cast<const Page*>(address_);
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
