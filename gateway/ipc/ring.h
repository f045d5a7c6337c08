// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A single-producer, single-consumer queue of bytes in shared memory, and the pair of them that joins two
// processes.
//
// The peer may be hostile: it can write anything anywhere in the memory at any time. So positions are read
// once, bounded, and kept privately; bytes are copied out once, and judged in the copy. A position that
// cannot be is a breach, after which the ring is not read again.
//
//   memory = page: control of ring 0 | control of ring 1 | zeros | data of ring 0 (kRingSize) | data of ring
//   1 (kRingSize) control = head u64 (bytes ever written) | tail u64 (bytes ever read) | reader sleeps u32 |
//   writer waits u32, a cache line each
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace postern::ipc {

inline constexpr std::size_t kRingSize = 1U << 20U;  // bytes per direction; a power of two

struct RingControl {
  alignas(64) std::atomic<std::uint64_t> head;
  alignas(64) std::atomic<std::uint64_t> tail;
  alignas(64) std::atomic<std::uint32_t> reader_sleeps;
  alignas(64) std::atomic<std::uint32_t> writer_waits;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

class RingWriter {
 public:
  RingWriter(RingControl* control, char* data) : control_(control), data_(data) {}
  std::size_t room();  // bytes; 0 also when the peer's tail cannot be (then broken())
  // At most what room() last said, checked; not visible until publish().
  void write(std::string_view bytes);
  // Makes what was written visible. True if the reader sleeps and must be woken.
  bool publish();
  // Says that we wait for room; false if there is room for wanted by now (then we do not wait).
  bool wait_for(std::size_t wanted);
  bool broken() const { return broken_; }

 private:
  RingControl* control_;
  char* data_;
  std::uint64_t head_ = 0;  // ours, never read back from the memory
  std::uint64_t published_ = 0;
  std::uint64_t seen_ = 0;  // the last tail that was believed
  std::size_t room_ = 0;    // what room() last said, less what was written since
  bool broken_ = false;
};

class RingReader {
 public:
  RingReader(RingControl* control, const char* data) : control_(control), data_(data) {}
  std::size_t available();  // bytes; 0 also when the peer's head cannot be (then broken())
  // Both within what available() last said, checked.
  void peek(std::size_t offset, char* out, std::size_t size) const;
  void consume(std::size_t size);
  // Makes room visible to the writer. True if it waits for room and must be woken.
  bool release();
  // Announces sleep; false if bytes have come since available() was last asked (then we do not sleep). Part
  // of a frame may be lying in the ring: the rest of it wakes us.
  bool sleep();
  void awake();
  bool broken() const { return broken_; }

 private:
  RingControl* control_;
  const char* data_;
  std::uint64_t tail_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t seen_ = 0;  // the last head that was believed
  bool broken_ = false;
};

// One side's view of the pair. The terminator is side 0, whoever answers is side 1.
struct RingEnds {
  base::UniqueFd memory;   // sealed memfd: its size cannot change
  base::UniqueFd wake_me;  // eventfd that we wait on
  base::UniqueFd wake_peer;
};

// The descriptors for side 0 and side 1.
base::Result<std::pair<RingEnds, RingEnds>> make_ring_pair();

class RingMemory {
 public:
  // Maps and checks size and seals. The descriptor may be closed afterwards.
  static base::Result<std::unique_ptr<RingMemory>> map(int memory, int side);
  ~RingMemory();
  RingMemory(const RingMemory&) = delete;
  RingMemory& operator=(const RingMemory&) = delete;
  RingWriter writer() const;
  RingReader reader() const;

 private:
  RingMemory(void* memory, int side) : memory_(memory), side_(side) {}
  void* memory_;
  int side_;
};

}  // namespace postern::ipc
