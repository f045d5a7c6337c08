// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/artefact_file.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/crypto.h"
#include "update/refresh.h"

namespace postern::ledger {
namespace {

constexpr auto kPieceBytes = static_cast<std::int64_t>(update::kPiece);

}  // namespace

// What one step after the other does on the pool; never two at a time.
struct ArtefactFile::Work {
  audit::FileSystem& files;
  Name name;
  std::shared_ptr<audit::File> file = nullptr;
  base::Sha256Stream hash;
  std::int64_t hashed = 0, there = 0;  // bytes; those behind `hashed` are from before
  std::int64_t synced = 0, room_seen = -1;
  std::optional<End> end;
  std::string why;
  std::atomic<bool> discarded{false};

  Work(audit::FileSystem& f, Name n) : files(f), name(std::move(n)) {}
  std::string path() const { return name.folder + "/" + name.sha256; }
  std::string part() const { return path() + ".part"; }

  void ends(End how, std::string sentence) {
    end = how;
    why = std::move(sentence);
    file.reset();
    if (how == End::Wrong) (void)files.remove(part());
  }
  void remove_all() {
    file.reset();
    (void)files.remove(part());
    (void)files.remove(path());
  }

  void look_for_room() {
    if (room_seen >= 0 && hashed - room_seen < kLookForRoom) return;
    room_seen = hashed;
    const auto free = files.free_bytes(name.folder);
    if (!free.ok()) return ends(End::DiskFails, free.error().message);
    const std::int64_t needs = name.length - std::max(hashed, there) + kSpared;
    if (static_cast<std::int64_t>(std::min<std::uint64_t>(*free, INT64_MAX)) >= needs) return;
    ends(End::NoRoom, std::to_string(*free) + " bytes are free, and it needs " +
                          std::to_string(needs - kSpared) + " and leaves " + std::to_string(kSpared) +
                          " to the log");
  }

  void open() {
    if (base::Status made = files.make_directory(name.folder); !made.ok())
      return ends(End::DiskFails, made.error().message);
    auto opened = files.open(part(), true);
    if (!opened.ok() && opened.error().code == base::Code::NotFound) opened = files.create(part());
    if (!opened.ok()) return ends(End::DiskFails, opened.error().message);
    file = std::move(*opened);
    const auto size = file->size();
    if (!size.ok()) return ends(End::DiskFails, size.error().message);
    there = static_cast<std::int64_t>(*size);
    if (there > name.length) return begin_anew();
    if (there < name.length) there -= there % kPieceBytes;
    look_for_room();
  }
  // No such file was ever written here.
  void begin_anew() {
    file.reset();
    if (base::Status gone = files.remove(part()); !gone.ok())
      return ends(End::DiskFails, gone.error().message);
    auto created = files.create(part());
    if (!created.ok()) return ends(End::DiskFails, created.error().message);
    file = std::move(*created);
    there = 0;
    look_for_room();
  }

  void hash_some() {
    std::vector<char> bytes(static_cast<std::size_t>(std::min<std::int64_t>(kHashStep, there - hashed)));
    const auto read = file->read_at(static_cast<std::uint64_t>(hashed), bytes.data(), bytes.size());
    if (!read.ok()) return ends(End::DiskFails, read.error().message);
    if (*read == 0) return void(there = hashed / kPieceBytes * kPieceBytes);  // another made it shorter
    hash.update({bytes.data(), *read});
    hashed += static_cast<std::int64_t>(*read);
  }

  void write(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto some = file->write_at(static_cast<std::uint64_t>(hashed) + at, bytes.substr(at));
      if (!some.ok()) return ends(End::DiskFails, some.error().message);
      at += *some;
    }
    hash.update(bytes);
    hashed += static_cast<std::int64_t>(bytes.size());
    there = hashed;
    if (hashed - synced < kSyncEvery) return look_for_room();
    if (base::Status done = file->sync(); !done.ok()) return ends(End::DiskFails, done.error().message);
    synced = hashed;
    look_for_room();
  }

  void finish() {
    if (base::to_hex(base::view(hash.finish())) != name.sha256)
      return ends(End::Wrong, "its hash is not the one that was signed");
    base::Status done = file->sync();
    file.reset();
    if (done.ok()) done = files.rename(part(), path());
    if (done.ok()) done = audit::sync_directory(files, name.folder);
    done.ok() ? ends(End::Whole, {}) : ends(End::DiskFails, done.error().message);
  }
};

ArtefactFile::ArtefactFile(loop::Loop& loop, audit::FileSystem& files, Name name, Calls calls)
    : loop_(loop), calls_(std::move(calls)), work_(std::make_shared<Work>(files, std::move(name))) {
  run([](Work& work) { work.open(); });
}

ArtefactFile::~ArtefactFile() { *alive_ = false; }

void ArtefactFile::run(Step step) {
  running_ = true;
  loop_.run_elsewhere(
      [work = work_, step = std::move(step)] {
        if (!work->discarded) step(*work);
        if (work->discarded) work->remove_all();
      },
      [this, work = work_, alive = alive_] {
        if (*alive) done(work);
      });
}

void ArtefactFile::discard() {
  over_ = true;
  work_->discarded = true;
  if (!running_) run([](Work&) {});
}

void ArtefactFile::done(const std::shared_ptr<Work>& work) {
  running_ = false;
  if (over_) return;
  if (work->end) {
    over_ = true;
    return calls_.ended(*work->end, work->why);
  }
  if (work->hashed < work->there) {
    resumed_ = true;
    return run([](Work& w) { w.hash_some(); });
  }
  have_ = work->hashed;
  if (have_ == work->name.length) return run([](Work& w) { w.finish(); });
  calls_.ready();
}

void ArtefactFile::add(std::string_view piece) {
  if (over_ || running_) return;
  const std::int64_t next = std::min(kPieceBytes, work_->name.length - have_);
  if (static_cast<std::int64_t>(piece.size()) == next)
    return run([bytes = std::string(piece)](Work& work) { work.write(bytes); });
  run([size = piece.size(), next](Work& work) {
    work.ends(End::Wrong, "a piece of it has " + std::to_string(size) + " bytes, and the next one has " +
                              std::to_string(next));
  });
}

}  // namespace postern::ledger
