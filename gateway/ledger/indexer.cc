// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/indexer.h"

#include <algorithm>
#include <utility>

#include "audit/index.h"
#include "audit/journal_reader.h"
#include "base/log.h"

namespace postern::ledger {

using base::Ok;
using base::Status;

// Touched by one batch at a time: the loop hands it out and takes it back.
struct Indexer::Work {
  audit::FileSystem& files;
  std::string journal_path;
  std::string index_path;
  std::shared_ptr<const audit::FreshLines> fresh;
  std::uint64_t upto = 0;
  std::uint64_t trim_before = 0, trimmed = 0;
  std::uint64_t next = 0;
  Status status = Ok{};
  std::unique_ptr<audit::JournalReader> journal;
  std::unique_ptr<audit::Index> index;

  void run() {
    status = batch();
    if (!status.ok()) {
      journal.reset();
      index.reset();
    }
  }

  Status open() {
    auto reader = audit::JournalReader::open(files, journal_path);
    if (!reader.ok()) return reader.error();
    auto opened = audit::Index::open(index_path);
    if (!opened.ok()) return opened.error();
    journal = std::move(*reader);
    index = std::move(*opened);
    trimmed = 0;
    return Ok{};
  }

  Status batch() {
    if (index == nullptr) {
      if (Status opened = open(); !opened.ok()) return opened;
    } else if (const auto added = add_fresh(); !added.ok() || *added > 0) {
      return added.ok() ? Status(Ok{}) : added.error();
    }
    if (Status seen = journal->refresh(); !seen.ok()) return seen;
    if (index->next_index() > journal->size()) {  // of another journal
      if (auto rebuilt = index->rebuild(*journal); !rebuilt.ok()) return rebuilt.error();
    }
    if (Status cut = trim(); !cut.ok()) return cut;
    next = index->next_index();
    const std::uint64_t end = std::min({upto, journal->size(), next + kBatch});
    if (next >= end) return Ok{};
    const auto lines = journal->read(next, end - next);
    if (!lines.ok()) return lines.error();
    return add(*lines);
  }

  Status trim() {
    const std::uint64_t first = std::max(journal->first(), trim_before);
    if (index->next_index() < first) {
      if (Status begun = index->begin_at(first); !begun.ok()) return begun;
    }
    if (trimmed >= trim_before) return Ok{};
    trimmed = trim_before;
    return index->trim(trim_before);
  }

  Status add(const std::vector<std::string>& lines) {
    if (Status begun = index->begin(); !begun.ok()) return begun;
    for (const std::string& line : lines) {
      const auto event = audit::read_event_head(line);
      Status added = event.ok() ? index->add(next, *event) : index->skip(next);
      if (!added.ok()) return added;
      ++next;
    }
    return index->commit();
  }

  // How many: none, and nothing was touched, if what comes next is not fresh any more, or something is to be trimmed.
  base::Result<std::size_t> add_fresh() {
    next = index->next_index();
    if (fresh == nullptr || next >= upto || trimmed < trim_before) return 0;
    const std::size_t wanted = std::min<std::uint64_t>(upto - next, kBatch);
    Status added = Ok{};
    bool begun = false;
    const std::size_t seen =
        fresh->look_at(next, wanted, [&](std::string_view, const audit::EventFields* event) {
          if (!std::exchange(begun, true)) added = index->begin();
          if (!added.ok()) return;
          added = event != nullptr ? index->add(next, *event) : index->skip(next);
          if (added.ok()) ++next;
        });
    if (seen == 0) return 0;
    if (added.ok()) added = index->commit();
    if (!added.ok()) return added.error();
    return seen;
  }
};

Indexer::Indexer(loop::Loop& loop, audit::FileSystem& files, std::string journal, std::string index,
                 std::function<std::uint64_t()> upto, std::shared_ptr<const audit::FreshLines> fresh)
    : loop_(loop),
      work_(std::make_shared<Work>(Work{files, std::move(journal), std::move(index), std::move(fresh), 0, 0,
                                        0, 0, Ok{}, nullptr, nullptr})),
      upto_(std::move(upto)),
      alive_(std::make_shared<bool>(true)),
      timer_(loop, [this] { step(); }) {
  timer_.start(0);
}

Indexer::~Indexer() { *alive_ = false; }

void Indexer::step() {
  work_->upto = upto_();
  // Nothing new, and nothing to be trimmed that was not.
  if (indexed_ > 0 && indexed_ == work_->upto && work_->trimmed >= trim_before_) return timer_.start(kEvery);
  work_->trim_before = trim_before_;
  loop_.run_elsewhere([work = work_] { work->run(); },
                      [this, work = work_, alive = alive_] {
                        if (*alive) on_done(work);
                      });
}

void Indexer::on_done(const std::shared_ptr<Work>& work) {
  if (!work->status.ok()) {
    base::log_warning("the index of the log is behind: " + work->status.error().message);
    timer_.start(kAfterFailure);
    return;
  }
  indexed_ = work->next;
  timer_.start(indexed_ < upto_() ? 0 : kEvery);
}

}  // namespace postern::ledger
