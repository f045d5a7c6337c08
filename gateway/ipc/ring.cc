// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/ring.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/file.h"

namespace postern::ipc {
namespace {

constexpr std::size_t kControlSize = 4096;
constexpr std::size_t kMemorySize = kControlSize + 2 * kRingSize;
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
static_assert(2 * sizeof(RingControl) <= kControlSize);
static_assert((kRingSize & (kRingSize - 1)) == 0);

std::size_t place(std::uint64_t position) { return static_cast<std::size_t>(position & (kRingSize - 1)); }

base::Error failed(const char* what) { return base::fail_errno(what, errno); }

}  // namespace

std::size_t RingWriter::room() {
  const std::uint64_t tail = control_->tail.load(std::memory_order_acquire);
  // A reader that is ahead of us, or further behind than the ring is long, or goes back, is not a reader.
  if (tail > head_ || head_ - tail > kRingSize || tail < seen_) broken_ = true;
  room_ = broken_ ? 0 : kRingSize - static_cast<std::size_t>(head_ - tail);
  seen_ = tail;
  return room_;
}

void RingWriter::write(std::string_view bytes) {
  POSTERN_CHECK(bytes.size() <= room_);
  if (bytes.empty()) return;  // a frame without payload: memcpy takes no null pointer, not even for nothing
  room_ -= bytes.size();
  const std::size_t at = place(head_);
  const std::size_t first = std::min(bytes.size(), kRingSize - at);
  std::memcpy(data_ + at, bytes.data(), first);
  std::memcpy(data_, bytes.data() + first, bytes.size() - first);
  head_ += bytes.size();
}

bool RingWriter::publish() {
  if (published_ == head_) return false;
  published_ = head_;
  // Sequentially consistent on both sides: either the reader sees the new head before it sleeps, or we see
  // that it sleeps.
  control_->head.store(head_, std::memory_order_seq_cst);
  return control_->reader_sleeps.load(std::memory_order_seq_cst) != 0 &&
         control_->reader_sleeps.exchange(0) != 0;
}

bool RingWriter::wait_for(std::size_t wanted) {
  control_->writer_waits.store(1, std::memory_order_seq_cst);
  if (room() < wanted && !broken_) return true;
  control_->writer_waits.store(0, std::memory_order_relaxed);
  return false;
}

std::size_t RingReader::available() {
  const std::uint64_t head = control_->head.load(std::memory_order_acquire);
  if (head - tail_ > kRingSize || head < seen_) broken_ = true;
  if (broken_) return 0;
  seen_ = head;
  return static_cast<std::size_t>(head - tail_);
}

void RingReader::peek(std::size_t offset, char* out, std::size_t size) const {
  POSTERN_CHECK(offset + size <= seen_ - tail_);
  const std::size_t at = place(tail_ + offset);
  const std::size_t first = std::min(size, kRingSize - at);
  std::memcpy(out, data_ + at, first);
  std::memcpy(out + first, data_, size - first);
}

void RingReader::consume(std::size_t size) {
  POSTERN_CHECK(size <= seen_ - tail_);
  tail_ += size;
}

bool RingReader::release() {
  if (released_ == tail_) return false;
  released_ = tail_;
  control_->tail.store(tail_, std::memory_order_seq_cst);
  return control_->writer_waits.load(std::memory_order_seq_cst) != 0 &&
         control_->writer_waits.exchange(0) != 0;
}

bool RingReader::sleep() {
  control_->reader_sleeps.store(1, std::memory_order_seq_cst);
  if (control_->head.load(std::memory_order_seq_cst) == seen_) return true;
  control_->reader_sleeps.store(0, std::memory_order_relaxed);
  return false;
}

void RingReader::awake() {
  if (control_->reader_sleeps.load(std::memory_order_relaxed) != 0)
    control_->reader_sleeps.store(0, std::memory_order_relaxed);
}

base::Result<std::pair<RingEnds, RingEnds>> make_ring_pair() {
  base::UniqueFd memory(::memfd_create("postern-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.valid()) return failed("memfd_create");
  if (::ftruncate(memory.get(), static_cast<off_t>(kMemorySize)) != 0) return failed("ftruncate of a ring");
  if (::fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) return failed("sealing a ring");
  base::UniqueFd wake0(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  base::UniqueFd wake1(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake0.valid() || !wake1.valid()) return failed("eventfd");
  RingEnds side0{base::UniqueFd(::fcntl(memory.get(), F_DUPFD_CLOEXEC, 0)),
                 base::UniqueFd(::fcntl(wake0.get(), F_DUPFD_CLOEXEC, 0)),
                 base::UniqueFd(::fcntl(wake1.get(), F_DUPFD_CLOEXEC, 0))};
  if (!side0.memory.valid() || !side0.wake_me.valid() || !side0.wake_peer.valid())
    return failed("dup of a ring");
  RingEnds side1{std::move(memory), std::move(wake1), std::move(wake0)};
  return std::pair(std::move(side0), std::move(side1));
}

base::Result<std::unique_ptr<RingMemory>> RingMemory::map(int memory, int side) {
  struct stat info {};
  if (base::stat_open_file(memory, info) != 0) return failed("fstat of a ring");
  // Without the seals the peer could shrink the file and make every access of ours a SIGBUS.
  const int seals = ::fcntl(memory, F_GET_SEALS);
  if (info.st_size != static_cast<off_t>(kMemorySize) || seals < 0 || (seals & kSeals) != kSeals) {
    return base::fail(base::Code::Invalid,
                      "the shared memory offered as a ring has the wrong size or is not sealed");
  }
  void* address = ::mmap(nullptr, kMemorySize, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  if (address == MAP_FAILED) return failed("mmap of a ring");
  return std::unique_ptr<RingMemory>(new RingMemory(address, side));
}

RingMemory::~RingMemory() { ::munmap(memory_, kMemorySize); }

// Ring 0 carries what side 0 writes. Zero-filled memory is a valid RingControl: lock-free atomics have no
// other state.
RingWriter RingMemory::writer() const {
  char* base = static_cast<char*>(memory_);
  return {reinterpret_cast<RingControl*>(base) + side_,
          base + kControlSize + static_cast<std::size_t>(side_) * kRingSize};
}
RingReader RingMemory::reader() const {
  char* base = static_cast<char*>(memory_);
  const int other = 1 - side_;
  return {reinterpret_cast<RingControl*>(base) + other,
          base + kControlSize + static_cast<std::size_t>(other) * kRingSize};
}

}  // namespace postern::ipc
