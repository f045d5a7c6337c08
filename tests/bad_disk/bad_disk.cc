// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/bad_disk/bad_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace postern::bad_disk {
namespace {

using audit::File;
using base::fail_errno;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::size_t kSector = 512;
constexpr std::uint64_t kLongestIllness = 80;  // milliseconds

std::string parent_of(const std::string& path) { return path.substr(0, path.find_last_of('/')); }

// The content of a small file; nothing if there is none, or it is too large to be kept.
std::optional<std::string> small_file(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  if (static_cast<std::size_t>(info.st_size) > BadDisk::kRemembered) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t n = ::pread(fd.get(), bytes.data(), bytes.size(), 0);
  if (n != static_cast<ssize_t>(bytes.size())) return std::nullopt;
  return bytes;
}

void put_back(const std::string& path, std::string_view bytes) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (fd.valid()) static_cast<void>(::pwrite(fd.get(), bytes.data(), bytes.size(), 0));
}

}  // namespace

// A file that is written through the disk. Everything under the disk's lock.
class BadDisk::BadFile final : public File {
 public:
  BadFile(BadDisk& disk, std::shared_ptr<File> real, std::shared_ptr<Written> written, std::string path)
      : disk_(disk), real_(std::move(real)), written_(std::move(written)), path_(std::move(path)) {}

  Result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    if (const Status step = disk_.step(path_); !step.ok()) return step.error();
    if (disk_.ill()) bytes = bytes.substr(0, disk_.below(bytes.size() + 1));
    if (bytes.empty()) return fail_errno(path_, ENOSPC);
    Piece piece;
    piece.offset = offset;
    piece.size = bytes.size();
    piece.before.resize(bytes.size());
    const ssize_t had =
        ::pread(written_->fd.get(), piece.before.data(), piece.before.size(), static_cast<off_t>(offset));
    piece.before.resize(had > 0 ? static_cast<std::size_t>(had) : 0);
    auto done = real_->write_at(offset, bytes);
    if (done.ok()) written_->pieces.push_back(std::move(piece));
    return done;
  }

  Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) override {
    return real_->read_at(offset, out, size);
  }
  Result<std::uint64_t> size() override { return real_->size(); }

  // The lock is not held while the real disk works: a loop that writes meanwhile is what a group commit is for.
  Status sync() override {
    std::size_t before = 0;
    {
      const std::lock_guard lock(disk_.mutex_);
      if (Status step = disk_.step(path_); !step.ok()) return step;
      before = written_->pieces.size();
      if (disk_.ill()) {
        for (Piece& piece : written_->pieces) piece.forgotten = true;
        return fail_errno(path_, EIO);
      }
    }
    if (Status done = real_->sync(); !done.ok()) return done;
    const std::lock_guard lock(disk_.mutex_);
    if (disk_.ended_) return fail_errno(path_, EIO);
    disk_.written_to_medium(*written_, before);
    return Ok{};
  }

 private:
  BadDisk& disk_;
  std::shared_ptr<File> real_;
  std::shared_ptr<Written> written_;
  std::string path_;
};

class BadDisk::BadDirectory final : public File {
 public:
  BadDirectory(BadDisk& disk, std::shared_ptr<File> real, std::string path)
      : disk_(disk), real_(std::move(real)), path_(std::move(path)) {}
  Result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) override {
    return real_->write_at(offset, bytes);
  }
  Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) override {
    return real_->read_at(offset, out, size);
  }
  Result<std::uint64_t> size() override { return real_->size(); }
  Status sync() override {
    const std::lock_guard lock(disk_.mutex_);
    if (Status step = disk_.step(path_); !step.ok()) return step;
    if (disk_.ill()) return fail_errno(path_, EIO);
    if (Status done = real_->sync(); !done.ok()) return done;
    disk_.names_synced(path_);
    return Ok{};
  }

 private:
  BadDisk& disk_;
  std::shared_ptr<File> real_;
  std::string path_;
};

bool BadDisk::one_in(unsigned n) { return n != 0 && below(n) == 0; }
std::uint64_t BadDisk::below(std::uint64_t n) { return n == 0 ? 0 : random_() % n; }

Status BadDisk::step(const std::string& path) {
  if (!ended_ && one_in(habits_.cut_one_in)) lose_power();
  if (ended_) return fail_errno(path, EIO);
  return Ok{};
}

bool BadDisk::ill() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= ill_until_ && one_in(habits_.ill_one_in)) {
    ill_until_ = now + std::chrono::milliseconds(1 + below(kLongestIllness));
  }
  return now < ill_until_;
}

Result<std::shared_ptr<File>> BadDisk::wrap(Result<std::shared_ptr<File>> opened, const std::string& path,
                                            bool writable) {
  if (!opened.ok() || !writable) return opened;
  auto written = std::make_shared<Written>();
  written->fd = base::UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!written->fd.valid()) return fail_errno(path, errno);
  const auto size = (*opened)->size();
  if (!size.ok()) return size.error();
  written->synced_size = *size;
  std::erase_if(written_, [](const auto& each) { return each.use_count() == 1 && each->pieces.empty(); });
  written_.push_back(written);
  return std::shared_ptr<File>(
      std::make_shared<BadFile>(*this, std::move(*opened), std::move(written), path));
}

Result<std::shared_ptr<File>> BadDisk::create(const std::string& path) {
  return create_with(path, [&] { return real_.create(path); });
}

Result<std::shared_ptr<File>> BadDisk::create_private(const std::string& path) {
  return create_with(path, [&] { return real_.create_private(path); });
}

Result<std::shared_ptr<File>> BadDisk::create_with(
    const std::string& path, const std::function<Result<std::shared_ptr<File>>()>& really) {
  const std::lock_guard lock(mutex_);
  if (const Status step = this->step(path); !step.ok()) return step.error();
  if (ill()) return fail_errno(path, ENOSPC);
  auto made = wrap(really(), path, true);
  if (made.ok()) changed({.path = path});
  return made;
}

Result<std::shared_ptr<File>> BadDisk::open(const std::string& path, bool writable) {
  const std::lock_guard lock(mutex_);
  return wrap(real_.open(path, writable), path, writable);
}

Result<std::shared_ptr<File>> BadDisk::open_directory(const std::string& path, bool exclusive) {
  auto opened = real_.open_directory(path, exclusive);
  if (!opened.ok()) return opened;
  return std::shared_ptr<File>(std::make_shared<BadDirectory>(*this, std::move(*opened), path));
}

Result<std::vector<std::string>> BadDisk::list(const std::string& directory) { return real_.list(directory); }

Status BadDisk::make_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status step = this->step(path); !step.ok()) return step;
  if (ill()) return fail_errno(path, ENOSPC);
  struct stat info {};
  const bool there = ::stat(path.c_str(), &info) == 0;
  Status made = real_.make_directory(path);
  if (made.ok() && !there) changed({.path = path, .made_directory = true});
  return made;
}

Status BadDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Status step = this->step(path); !step.ok()) return step;
  auto before = small_file(path);
  Status removed = real_.remove(path);
  if (removed.ok() && before.has_value()) changed({.path = path, .before = std::move(before)});
  return removed;
}

Status BadDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (Status step = this->step(to); !step.ok()) return step;
  if (ill()) return fail_errno(to, ENOSPC);
  auto before = small_file(to);
  Status renamed = real_.rename(from, to);
  if (renamed.ok()) changed({.path = to, .from = from, .before = std::move(before)});
  return renamed;
}

Status BadDisk::sync_all(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  if (Status step = this->step(directory); !step.ok()) return step;
  if (ill()) return fail_errno(directory, EIO);
  if (Status done = real_.sync_all(directory); !done.ok()) return done;
  changes_.clear();
  for (const auto& file : written_) written_to_medium(*file, file->pieces.size());
  return Ok{};
}

void BadDisk::changed(Change change) { changes_.push_back(std::move(change)); }

void BadDisk::names_synced(const std::string& directory) {
  std::erase_if(changes_, [&](const Change& change) { return parent_of(change.path) == directory; });
}

// The first pieces are on the medium, but for those that an earlier sync failed to write: the kernel took their pages
// for clean then.
void BadDisk::written_to_medium(Written& file, std::size_t count) {
  std::vector<Piece> left;
  for (std::size_t i = 0; i < file.pieces.size(); ++i) {
    Piece& piece = file.pieces[i];
    if (i >= count || piece.forgotten)
      left.push_back(std::move(piece));
    else
      file.synced_size = std::max(file.synced_size, piece.offset + piece.size);
  }
  file.pieces = std::move(left);
}

void BadDisk::cut_power() {
  const std::lock_guard lock(mutex_);
  if (!ended_) lose_power();
}

void BadDisk::lose_power() {
  ended_ = true;
  for (const auto& file : written_) lose_bytes(*file);
  lose_names();
  power_out_();
}

// Later changes are lost before earlier ones: file systems keep the order of names.
void BadDisk::lose_names() {
  const std::uint64_t kept = below(changes_.size() + 1);
  while (changes_.size() > kept) {
    const Change& change = changes_.back();
    if (change.made_directory) {
      ::rmdir(change.path.c_str());
    } else {
      if (change.from.empty())
        ::unlink(change.path.c_str());
      else
        ::rename(change.path.c_str(), change.from.c_str());
      if (change.before.has_value()) put_back(change.path, *change.before);
    }
    changes_.pop_back();
  }
}

void BadDisk::lose_bytes(Written& file) {
  if (file.pieces.empty()) return;
  const std::uint64_t losing = below(3);  // of two sectors so many: none, one, both
  const std::uint64_t salt = random_();
  const auto lost = [&](std::uint64_t sector) {
    return (std::mt19937_64(salt ^ (sector * 0x9E3779B97F4A7C15ULL))() & 1U) < losing;
  };
  for (auto piece = file.pieces.rbegin(); piece != file.pieces.rend(); ++piece) {
    piece->before.resize(piece->size, '\0');
    for (std::uint64_t at = piece->offset; at < piece->offset + piece->size;) {
      const std::uint64_t end = std::min((at / kSector + 1) * kSector, piece->offset + piece->size);
      const std::string_view old = std::string_view(piece->before).substr(at - piece->offset, end - at);
      if (lost(at / kSector))
        static_cast<void>(::pwrite(file.fd.get(), old.data(), old.size(), static_cast<off_t>(at)));
      at = end;
    }
  }
  struct stat info {};
  if (!one_in(2) || ::fstat(file.fd.get(), &info) != 0) return;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > file.synced_size)
    static_cast<void>(
        ::ftruncate(file.fd.get(), static_cast<off_t>(file.synced_size + below(size - file.synced_size))));
}

}  // namespace postern::bad_disk
