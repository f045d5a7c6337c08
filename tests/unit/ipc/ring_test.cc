// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/ring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

namespace postern::ipc {
namespace {

// Both sides of one ring in one process, and its control as a hostile peer sees it.
struct Pair {
  std::pair<RingEnds, RingEnds> ends = *make_ring_pair();
  std::unique_ptr<RingMemory> memory0 = *RingMemory::map(ends.first.memory.get(), 0);
  std::unique_ptr<RingMemory> memory1 = *RingMemory::map(ends.second.memory.get(), 1);
  RingWriter writer = memory0->writer();
  RingReader reader = memory1->reader();
  RingControl* control = static_cast<RingControl*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ends.first.memory.get(), 0));
  ~Pair() { ::munmap(control, 4096); }
};

std::string read_some(RingReader& reader, std::size_t most) {
  std::string out(std::min(reader.available(), most), '\0');
  reader.peek(0, out.data(), out.size());
  reader.consume(out.size());
  return out;
}

// Against a plain string, over many times round the ring.
TEST(Ring, CarriesWhatWasWrittenWhateverTheSizesAre) {
  Pair pair;
  std::mt19937 random(7);
  std::string expected;
  char next = 0;
  std::size_t carried = 0;
  while (carried < 8 * kRingSize) {
    std::string piece(random() % 100'000, '\0');
    for (char& c : piece) c = next++;
    piece.resize(std::min(piece.size(), pair.writer.room()));
    pair.writer.write(piece);
    EXPECT_EQ(pair.reader.available(), expected.size());  // not visible until publish()
    pair.writer.publish();
    expected += piece;
    ASSERT_EQ(pair.reader.available(), expected.size());
    const std::string got = read_some(pair.reader, random() % 100'000);
    pair.reader.release();
    ASSERT_EQ(expected.compare(0, got.size(), got), 0);
    expected.erase(0, got.size());
    carried += got.size();
  }
}

TEST(Ring, IsFullAtItsSizeAndHasRoomAgainOnlyAfterRelease) {
  Pair pair;
  pair.writer.write(std::string(pair.writer.room(), 'x'));
  pair.writer.publish();
  EXPECT_EQ(pair.writer.room(), 0U);
  EXPECT_EQ(read_some(pair.reader, 10).size(), 10U);
  EXPECT_EQ(pair.writer.room(), 0U);
  pair.reader.release();
  EXPECT_EQ(pair.writer.room(), 10U);
}

TEST(Ring, AReaderThatSleepsIsWokenOnceAndOneThatIsAwakeNever) {
  Pair pair;
  const auto publish = [&] {
    pair.writer.room();
    pair.writer.write("x");
    return pair.writer.publish();
  };
  EXPECT_FALSE(publish());
  EXPECT_FALSE(pair.reader.sleep());  // bytes have come since it last looked
  EXPECT_EQ(pair.reader.available(), 1U);
  EXPECT_TRUE(pair.reader.sleep());
  EXPECT_TRUE(publish());
  EXPECT_FALSE(publish());
  EXPECT_FALSE(pair.writer.publish());  // nothing new
}

TEST(Ring, AWriterThatWaitsForRoomIsWokenWhenThereIsSome) {
  Pair pair;
  EXPECT_FALSE(pair.writer.wait_for(1));
  pair.writer.write(std::string(pair.writer.room(), 'x'));
  pair.writer.publish();
  EXPECT_TRUE(pair.writer.wait_for(1));
  read_some(pair.reader, 1);
  EXPECT_TRUE(pair.reader.release());
  EXPECT_FALSE(pair.reader.release());
}

class HostileHead : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(HostileHead, BreaksTheReaderForGood) {
  Pair pair;
  pair.writer.room();
  pair.writer.write("0123456789");
  pair.writer.publish();
  ASSERT_EQ(pair.reader.available(), 10U);
  read_some(pair.reader, 4);
  pair.control[0].head.store(GetParam());
  EXPECT_EQ(pair.reader.available(), 0U);
  EXPECT_TRUE(pair.reader.broken());
  pair.control[0].head.store(10);
  EXPECT_EQ(pair.reader.available(), 0U);
}

// Behind what was read, behind what was seen, one more than the ring holds, far away, about to wrap.
INSTANTIATE_TEST_SUITE_P(Ring, HostileHead,
                         ::testing::Values(0U, 3U, 9U, kRingSize + 5U, std::uint64_t{1} << 40U,
                                           ~std::uint64_t{0}));

TEST(Ring, AReaderThatIsAheadOfItsWriterBreaksTheWriterForGood) {
  for (const std::uint64_t tail : {std::uint64_t{11}, ~std::uint64_t{0}, std::uint64_t{1} << 63U}) {
    Pair pair;
    pair.writer.room();
    pair.writer.write("0123456789");
    pair.writer.publish();
    pair.control[0].tail.store(tail);
    EXPECT_EQ(pair.writer.room(), 0U);
    EXPECT_TRUE(pair.writer.broken());
    pair.control[0].tail.store(0);
    EXPECT_EQ(pair.writer.room(), 0U);
  }
}

TEST(Ring, MemoryThatIsNotSealedOrOfAnotherSizeIsRefused) {
  const auto offer = [](off_t size, int seals) {
    const base::UniqueFd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(::ftruncate(memory.get(), size), 0);
    if (seals != 0) {
      EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, seals), 0);
    }
    return RingMemory::map(memory.get(), 0).ok();
  };
  constexpr off_t kRight = 4096 + 2 * kRingSize;
  constexpr int kAll = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  EXPECT_TRUE(offer(kRight, kAll));
  EXPECT_FALSE(offer(kRight, 0));
  EXPECT_FALSE(offer(kRight, F_SEAL_GROW | F_SEAL_SEAL));
  EXPECT_FALSE(offer(kRight - 4096, kAll));
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  EXPECT_FALSE(RingMemory::map(pipe[0], 0).ok());
  ::close(pipe[0]);
  ::close(pipe[1]);
}

constexpr std::uint64_t kHammered = 20'000;  // small messages; each may find the other asleep

// Waits for a wake-up, for long: a lost one ends the test instead of hanging it.
bool wait_for_wake(const RingEnds& ends) {
  pollfd wait{ends.wake_me.get(), POLLIN, 0};
  if (::poll(&wait, 1, 20'000) != 1) return false;
  std::uint64_t count = 0;
  return ::read(ends.wake_me.get(), &count, sizeof count) == sizeof count;
}
void wake(const RingEnds& ends) {
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(ends.wake_peer.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
}

void write_all(const RingEnds& ends, RingWriter writer, std::size_t size) {
  for (std::uint64_t i = 0; i < kHammered;) {
    std::string piece(size, static_cast<char>(i));
    if (writer.room() < piece.size()) {
      if (!writer.wait_for(piece.size())) continue;
      ASSERT_TRUE(wait_for_wake(ends)) << "lost at " << i;
      continue;
    }
    writer.write(piece);
    ++i;
    if (writer.publish()) wake(ends);
  }
}

// True if every message came, in order and whole.
bool read_all(const RingEnds& ends, RingReader reader, std::size_t size) {
  for (std::uint64_t i = 0; i < kHammered;) {
    if (reader.available() < size) {
      if (reader.sleep()) {
        if (!wait_for_wake(ends)) return false;
        reader.awake();
      }
      continue;
    }
    std::string piece(size, '\0');
    reader.peek(0, piece.data(), size);
    reader.consume(size);
    if (piece != std::string(size, static_cast<char>(i++))) return false;
    if (reader.release()) wake(ends);
  }
  return true;
}

TEST(Ring, TwoThreadsNeverLoseAWakeUp) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{3000}}) {
    Pair pair;
    std::thread writer([&] { write_all(pair.ends.first, pair.writer, size); });
    EXPECT_TRUE(read_all(pair.ends.second, pair.reader, size));
    writer.join();
  }
}

TEST(Ring, TwoProcessesNeverLoseAWakeUp) {
  Pair pair;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(read_all(pair.ends.second, pair.reader, 3000) ? 0 : 1);
  write_all(pair.ends.first, pair.writer, 3000);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace postern::ipc
