// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The stop word: a number that the ledger raises the moment it takes a permission away, and that each terminator compares
// before it sends anything. From then on no byte of a response leaves by the first door until the second one has looked at
// all that runs there, cut what is no longer allowed, and said so (ExchangeFrame::Reviewed): first everything stops, then it
// is decided what goes on. Without it what is not yet looked at would run on for as long as the looking takes.
//
// The supervisor makes the page; the ledger alone can write it. Its number outlives a ledger. Each terminator has a bell beside
// it, an eventfd that the ledger rings: one that sleeps looks at once too, and can say since when nothing left.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/ipc/shared_page.h"

namespace postern::ipc {

// In the ledger.
class StopRaiser {
 public:
  StopRaiser() = default;  // nobody hears of it
  static base::Result<StopRaiser> attach(base::UniqueFd memory, std::vector<base::UniqueFd> bells = {});

  std::uint64_t raise(bool ring);  // returns the new number; ring: the bells, too
  std::uint64_t number() const;

 private:
  std::optional<SharedPage> page_;
  std::vector<base::UniqueFd> bells_;
  std::uint64_t alone_ = 0;
};

// In a terminator.
class StopReader {
 public:
  StopReader() = default;  // of which nobody takes anything away: 0 for ever
  static base::Result<StopReader> attach(base::UniqueFd memory);

  std::uint64_t number() const { return word_ == nullptr ? 0 : word_->load(std::memory_order_acquire); }

 private:
  std::optional<SharedPage> page_;
  const std::atomic<std::uint64_t>* word_ = nullptr;
};

}  // namespace postern::ipc
