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
  std::shared_ptr<const audit::FreshLines> fresh;
  std::unique_ptr<audit::JournalReader> journal;
  int unused = 0;  // prepare() that many times in a row
  std::uint64_t upto = 0;
  std::string note;
  Result<audit::TreeHead> head = audit::TreeHead{};
  Status status = Ok{};

  Work(audit::FileSystem& on, Beginning beginning, std::shared_ptr<const audit::FreshLines> newest)
      : files(on),
        journal_path(std::move(beginning.journal)),
        tiler(on, std::move(beginning.log), std::move(beginning.frontier)),
        fresh(std::move(newest)) {}

  // A reader that nobody needs holds files open that retention has removed.
  void prepare() {
    constexpr int kMostUnused = 60;
    ++unused;
    head = tiler.prepare([this] { return reader(); }, upto, fresh.get());
    if (!head.ok() || unused > kMostUnused) journal.reset();
  }
  Result<audit::JournalReader*> reader() {
    unused = 0;
    if (journal == nullptr) {
      auto opened = audit::JournalReader::open(files, journal_path);
      if (!opened.ok()) return opened.error();
      journal = std::move(*opened);
    }
    return journal.get();
  }
  // amended: the checkpoint that is there already, with more signatures.
  void publish(bool amended) { status = amended ? tiler.amend(note) : tiler.publish(note); }
  void put_handover(const certs::Handover& handover) { status = tiler.put_handover(handover, note); }
};

Publisher::Publisher(loop::Loop& loop, const base::Clock& clock, audit::FileSystem& files, KeeperLink& keeper,
                     Beginning beginning, std::function<std::uint64_t()> upto,
                     std::shared_ptr<const audit::FreshLines> fresh)
    : loop_(loop),
      clock_(clock),
      keeper_(keeper),
      before_(std::move(beginning.published)),
      keys_(std::move(beginning.handovers)),
      upto_(std::move(upto)),
      alive_(std::make_shared<bool>(true)),
      timer_(loop, [this] { step(); }) {
  published_ = beginning.frontier.size();
  if (before_) {
    head_ = before_->head;
    note_ = before_->bytes;
  }
  work_ = std::make_shared<Work>(files, std::move(beginning), std::move(fresh));
  timer_.start(kEvery);
}

Publisher::~Publisher() { *alive_ = false; }

void Publisher::finish(std::function<void()> done) {
  finished_ = std::move(done);
  if (!busy_) step();
}

void Publisher::hand_over_to(std::string key, std::uint64_t after) { order_ = {std::move(key), after}; }

void Publisher::hurry() {
  if (!busy_) timer_.start(0);
}

// The key must be known before anything is written: files that nobody can sign for are of no use.
Result<certs::VerifierKey> Publisher::trusted_key() {
  auto key = keys_.signing(keeper_.told() ? keeper_.log_key() : "", keeper_.successor_key(), before_);
  if (key.ok()) before_.reset();
  return key;
}

std::string Publisher::signing_key() const {
  const auto key = keys_.signing(keeper_.log_key(), keeper_.successor_key(), std::nullopt);
  return key.ok() ? certs::format_verifier_key(*key) : keeper_.log_key();
}

const certs::Handover* Publisher::handover() const {
  const auto current = certs::parse_verifier_key(keeper_.log_key());
  return current.ok() ? keys_.from(*current) : nullptr;
}

bool Publisher::handover_due() const {
  return !order_.key.empty() && keeper_.told() && keeper_.successor_key() == order_.key &&
         order_.after <= published_ && published_ > 0 && handover() == nullptr;
}

void Publisher::step() {
  if (put_cosignatures()) return;
  const std::uint64_t upto = upto_();
  const bool due = handover_due();
  if (upto == published_ && !due && !again_) return ended({});
  busy_ = true;
  timer_.stop();
  const auto key = trusted_key();
  if (!key.ok()) return ended(key.error().message);
  if (due) return hand_over(*key);
  work_->upto = upto;
  if (handover() != nullptr && shown_ != keeper_.number()) return show_handover();
  prepare();
}

void Publisher::hand_over(const certs::VerifierKey& from) {
  const auto to = certs::parse_verifier_key(order_.key);
  if (!to.ok()) return ended(to.error().message);
  const certs::Handover handover{head_, from, *to};
  const std::string text = certs::format_handover(handover);
  keeper_.sign_handover(text, [this, text, handover, alive = alive_](Result<std::string> lines) {
    if (!*alive) return;
    if (!lines.ok()) return ended(lines.error().message);
    std::string note = text + "\n" + *lines;
    const auto opened = certs::open_handover(note);
    if (!opened.ok()) return ended(opened.error().message);
    put_handover(handover, std::move(note));
  });
}

void Publisher::put_handover(const certs::Handover& handover, std::string note) {
  work_->note = std::move(note);
  loop_.run_elsewhere(
      [work = work_, handover] { work->put_handover(handover); },
      [this, work = work_, handover, alive = alive_] {
        if (!*alive) return;
        if (!work->status.ok()) return ended(work->status.error().message);
        keys_.add(handover);
        shown_ = 0;
        again_ = true;
        base::log_info("the log goes on under the key " + certs::format_verifier_key(handover.to));
        ended({});
      });
}

// A keeper that was started anew does not know that its first key signs no more.
void Publisher::show_handover() {
  keeper_.sign_handover(certs::format_handover(*handover()),
                        [this, number = keeper_.number(), alive = alive_](Result<std::string> lines) {
                          if (!*alive) return;
                          if (!lines.ok()) return ended(lines.error().message);
                          shown_ = number;
                          prepare();
                        });
}

void Publisher::prepare() {
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
  put(std::move(note), head_, published_by_);
  return true;
}

void Publisher::sign(const audit::TreeHead& head) {
  const auto key = trusted_key();
  if (!key.ok()) return ended(key.error().message);
  const certs::Checkpoint checkpoint{key->name, head.size, head.root};
  const std::string text = certs::format_checkpoint(checkpoint);
  keeper_.sign_checkpoint(
      text, [this, text, checkpoint, key = *key, alive = alive_](Result<std::string> line) {
        if (!*alive) return;
        if (!line.ok()) return ended(line.error().message);
        std::string note = text + "\n" + *line;
        const auto signed_note = certs::parse_note(note);
        if (!signed_note.ok() || certs::check_signature(*signed_note, key) != certs::Signed::Yes)
          return ended("the keeper's signature does not fit the checkpoint");
        put(std::move(note), checkpoint, certs::format_verifier_key(key));
      });
}

void Publisher::put(std::string note, const certs::Checkpoint& head, const std::string& by) {
  work_->note = std::move(note);
  const bool amended = head.size == published_ && by == published_by_;
  loop_.run_elsewhere([work = work_, amended] { work->publish(amended); },
                      [this, work = work_, head, by, alive = alive_] {
                        if (!*alive) return;
                        if (!work->status.ok()) return ended(work->status.error().message);
                        note_ = work->note;
                        if (head.size != published_ || by != published_by_) published_at_ = clock_.wall();
                        if (by == signing_key()) again_ = false;
                        published_ = head.size;
                        head_ = head;
                        published_by_ = by;
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
  const bool at_once =
      finished_ || (problem.empty() && again_) || (more && upto - published_ > audit::Tiler::kBatch);
  timer_.start(at_once ? 0 : kEvery);
}

}  // namespace postern::ledger
