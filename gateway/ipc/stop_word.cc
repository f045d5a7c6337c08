// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/stop_word.h"

#include <unistd.h>

namespace postern::ipc {
namespace {

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free);

constexpr std::string_view kStopWord = "the stop word";

Word& word_of(const SharedPage& shared) { return *static_cast<Word*>(shared.address()); }

}  // namespace

base::Result<StopRaiser> StopRaiser::attach(base::UniqueFd memory, std::vector<base::UniqueFd> bells) {
  auto mapped = SharedPage::attach(std::move(memory), SharedPage::Use::Write, kStopWord);
  if (!mapped.ok()) return std::move(mapped).error();
  StopRaiser out;
  out.page_ = std::move(*mapped);
  out.bells_ = std::move(bells);
  return out;
}

// One process writes: what it read last is still there.
std::uint64_t StopRaiser::raise(bool ring) {
  if (!page_) return ++alone_;
  const std::uint64_t next = number() + 1;
  word_of(*page_).store(next, std::memory_order_release);
  const std::uint64_t once = 1;
  for (const base::UniqueFd& bell : bells_) {
    if (!ring) break;
    // An eventfd that is full rings already; nothing else can go wrong with ours.
    [[maybe_unused]] const ssize_t n = ::write(bell.get(), &once, sizeof once);
  }
  return next;
}

std::uint64_t StopRaiser::number() const {
  return page_ ? word_of(*page_).load(std::memory_order_relaxed) : alone_;
}

base::Result<StopReader> StopReader::attach(base::UniqueFd memory) {
  auto mapped = SharedPage::attach(std::move(memory), SharedPage::Use::Read, kStopWord);
  if (!mapped.ok()) return std::move(mapped).error();
  StopReader out;
  out.word_ = &word_of(*mapped);
  out.page_ = std::move(*mapped);
  return out;
}

}  // namespace postern::ipc
