// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Keeps the index behind the journal: on a thread of the pool, one batch at a time, so that no append ever
// waits for SQLite. An index that fails is left alone for a while and opened anew; the log does not depend on
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "audit/files.h"
#include "audit/fresh_lines.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

class Indexer {
 public:
  // upto tells how many events may be indexed: those that are durable. files outlives this and its last
  // batch. fresh: where the newest events may be had without reading the journal back; may be nullptr.
  Indexer(loop::Loop& loop, audit::FileSystem& files, std::string journal, std::string index,
          std::function<std::uint64_t()> upto, std::shared_ptr<const audit::FreshLines> fresh = nullptr);
  ~Indexer();
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  std::uint64_t indexed() const { return indexed_; }
  // Events before this one are forgotten, with the next batch and whenever the index is made anew.
  void trim(std::uint64_t before) { trim_before_ = before; }

  static constexpr base::Nanos kEvery = 200 * base::kMillisecond;
  static constexpr base::Nanos kAfterFailure = 5 * base::kSecond;
  static constexpr std::size_t kBatch = 2'000;  // events of one transaction

 private:
  struct Work;
  void step();
  void on_done(const std::shared_ptr<Work>& work);

  loop::Loop& loop_;
  std::shared_ptr<Work> work_;
  std::function<std::uint64_t()> upto_;
  std::shared_ptr<bool> alive_;
  loop::Timer timer_;
  std::uint64_t indexed_ = 0;
  std::uint64_t trim_before_ = 0;
};

}  // namespace postern::ledger
