// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/publisher.h"

#include "base/log.h"
#include "certs/checkpoint.h"
#include "certs/note.h"

namespace postern::ledger {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

// Touched by one task at a time: the loop hands it out and takes it back.
struct Publisher::Work {
  audit::FileSystem& files;
  std::string journal_path;
  audit::Tiler tiler;
  std::unique_ptr<audit::JournalReader> journal;
  std::uint64_t upto = 0;
  std::string note;
  Result<audit::TreeHead> head = audit::TreeHead{};
  Status status = Ok{};

  Work(audit::FileSystem& on, Beginning beginning)
      : files(on),
        journal_path(std::move(beginning.journal)),
        tiler(on, std::move(beginning.log), std::move(beginning.frontier)) {}

  void prepare() {
    if (journal == nullptr) {
      auto opened = audit::JournalReader::open(files, journal_path);
      if (!opened.ok()) {
        head = opened.error();
        return;
      }
      journal = std::move(*opened);
    }
    head = tiler.prepare(*journal, upto);
    if (!head.ok()) journal.reset();
  }
  void publish() { status = tiler.publish(note); }
};

Publisher::Publisher(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, KeeperLink& keeper,
                     Beginning beginning, std::function<std::uint64_t()> upto)
    : loop_(loop),
      clock_(clock),
      keeper_(keeper),
      before_(std::move(beginning.published)),
      upto_(std::move(upto)),
      alive_(std::make_shared<bool>(true)),
      timer_(loop, [this] { step(); }) {
  published_ = beginning.frontier.size();
  if (before_) note_ = before_->bytes;
  work_ = std::make_shared<Work>(files, std::move(beginning));
  timer_.start(kEvery);
}

Publisher::~Publisher() { *alive_ = false; }

void Publisher::finish(std::function<void()> done) {
  finished_ = std::move(done);
  if (!busy_) step();
}

// The key must be known before anything is written: files that nobody can sign for are of no use.
Result<certs::VerifierKey> Publisher::trusted_key() {
  if (keeper_.log_key().empty())
    return fail(Code::Unavailable, "the keeper has not told the log's key, so no checkpoint can be signed");
  auto key = certs::parse_verifier_key(keeper_.log_key());
  if (!key.ok()) return key;
  if (before_) {
    if (const Status good = audit::check_checkpoint(*before_, *key); !good.ok()) {
      return fail(good.error().code,
                  good.error().message +
                      ": log.key is not the one that this log was signed with; put that back, or "
                      "move the folders log and journal aside to begin a new log");
    }
    before_.reset();
  }
  return key;
}

void Publisher::step() {
  if (put_cosignatures()) return;
  const std::uint64_t upto = upto_();
  if (upto == published_) return ended({});
  busy_ = true;
  timer_.stop();
  const auto key = trusted_key();
  if (!key.ok()) return ended(key.error().message);
  work_->upto = upto;
  loop_.run_elsewhere([work = work_] { work->prepare(); },
                      [this, work = work_, alive = alive_] {
                        if (!*alive) return;
                        if (!work->head.ok()) return ended(work->head.error().message);
                        sign(*work->head);
                      });
}

void Publisher::add_cosignature(std::uint64_t size, const std::string& line) {
  if (size != published_) return;
  cosignatures_.emplace_back(size, line);
  if (!busy_) step();
}

// tlog-tiles lets a checkpoint have more signatures. Those that came too late are kept elsewhere (audit/witnessed.h).
bool Publisher::put_cosignatures() {
  std::string note = note_;
  for (const auto& [size, line] : std::exchange(cosignatures_, {})) {
    if (size == published_ && note.find(line) == std::string::npos) note += line;
  }
  if (note == note_ || note.size() > certs::kNoteLimit || !certs::parse_note(note).ok()) return false;
  busy_ = true;
  timer_.stop();
  put(std::move(note), published_);
  return true;
}

void Publisher::sign(const audit::TreeHead& head) {
  const auto key = trusted_key();
  if (!key.ok()) return ended(key.error().message);
  const std::string text = certs::format_checkpoint({key->name, head.size, head.root});
  keeper_.sign_checkpoint(
      text, [this, text, key = *key, size = head.size, alive = alive_](Result<std::string> line) {
        if (!*alive) return;
        if (!line.ok()) return ended(line.error().message);
        std::string note = text + "\n" + *line;
        const auto signed_note = certs::parse_note(note);
        if (!signed_note.ok() || certs::check_signature(*signed_note, key) != certs::Signed::Yes)
          return ended("the keeper's signature does not fit the checkpoint");
        put(std::move(note), size);
      });
}

void Publisher::put(std::string note, std::uint64_t size) {
  work_->note = std::move(note);
  loop_.run_elsewhere([work = work_] { work->publish(); },
                      [this, work = work_, size, alive = alive_] {
                        if (!*alive) return;
                        if (!work->status.ok()) return ended(work->status.error().message);
                        note_ = work->note;
                        if (size != published_) published_at_ = clock_.wall();
                        published_ = size;
                        ended({});
                      });
}

void Publisher::ended(const std::string& problem) {
  busy_ = false;
  if (problem != problem_ && !problem.empty()) base::log_error("no checkpoint of the log: " + problem);
  problem_ = problem;
  const std::uint64_t upto = upto_();
  const bool more = problem.empty() && published_ < upto;
  if (finished_ && !more) {
    const auto done = std::move(finished_);
    finished_ = nullptr;
    done();
  }
  // What is far behind, after a rebuild, goes on at once.
  timer_.start(finished_ || (more && upto - published_ > audit::Tiler::kBatch) ? 0 : kEvery);
}

}  // namespace postern::ledger
