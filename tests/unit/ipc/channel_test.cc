// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "gateway/ipc/exchange_channel.h"
#include "gateway/ipc/socket_channel.h"

namespace postern::ipc {
namespace {

template <typename Condition>
bool turn_until(loop::Loop& loop, Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    loop.turn();
  }
  return condition();
}

// --- ExchangeChannel

struct Heard {
  ExchangeFrame type;
  std::uint64_t id;
  std::string payload;
};

class ExchangeChannels : public ::testing::Test {
 protected:
  ExchangeChannels() {
    auto ends = *make_ring_pair();
    raw_memory = base::UniqueFd(::dup(ends.second.memory.get()));
    raw_wake = base::UniqueFd(::dup(ends.second.wake_peer.get()));
    terminator = open(std::move(ends.first), 0, at_terminator, broken_terminator);
    answerer_ends = std::move(ends.second);
  }
  std::unique_ptr<ExchangeChannel> open(RingEnds ends, int side, std::vector<Heard>& heard,
                                        std::string& broken) {
    return *ExchangeChannel::open(
        loop, std::move(ends), side,
        [&heard](ExchangeFrame type, std::uint64_t id, std::string_view payload) {
          heard.push_back({type, id, std::string(payload)});
        },
        [&broken](const base::Error& why) { broken += why.message + ";"; });
  }
  void join() { answerer = open(std::move(answerer_ends), 1, at_answerer, broken_answerer); }

  // Writes bytes as a hostile answerer would, and wakes the terminator.
  void inject(std::string_view bytes) {
    if (!hostile) hostile = *RingMemory::map(raw_memory.get(), 1), hostile_writer.emplace(hostile->writer());
    ASSERT_GE(hostile_writer->room(), bytes.size());
    hostile_writer->write(bytes);
    if (hostile_writer->publish()) wake();
  }
  void wake() {
    const std::uint64_t one = 1;
    ASSERT_EQ(::write(raw_wake.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  }
  static std::string frame(std::uint32_t size, std::uint16_t type, std::uint16_t flags, std::uint64_t id) {
    base::BinaryWriter out;
    out.u32(size);
    out.u16(type);
    out.u16(flags);
    out.u64(id);
    return out.bytes();
  }

  loop::Loop loop;
  base::UniqueFd raw_memory, raw_wake;
  RingEnds answerer_ends;
  std::vector<Heard> at_terminator, at_answerer;
  std::string broken_terminator, broken_answerer;
  std::unique_ptr<ExchangeChannel> terminator, answerer;
  std::unique_ptr<RingMemory> hostile;
  std::optional<RingWriter> hostile_writer;
};

TEST_F(ExchangeChannels, CarryFramesBothWaysInOrder) {
  join();
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    terminator->send(ExchangeFrame::RequestBody, i, std::to_string(i));
    answerer->send(ExchangeFrame::ResponseBody, i);
  }
  ASSERT_TRUE(turn_until(loop, [&] { return at_answerer.size() == 2000 && at_terminator.size() == 2000; }));
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    ASSERT_EQ(at_answerer[i - 1].id, i);
    ASSERT_EQ(at_answerer[i - 1].payload, std::to_string(i));
    ASSERT_EQ(at_answerer[i - 1].type, ExchangeFrame::RequestBody);
    ASSERT_EQ(at_terminator[i - 1].id, i);
  }
}

// Frames of every size, many times the ring: they lie across its end, and wait outside it.
TEST_F(ExchangeChannels, WhatDoesNotFitWaitsAndArrivesWhole) {
  join();
  std::mt19937 random(11);
  std::vector<std::string> sent;
  for (int i = 0; i < 120; ++i) {
    sent.emplace_back(random() % (kLargestFrame + 1), static_cast<char>(i));
    terminator->send(ExchangeFrame::RequestBody, 1, sent.back());
  }
  EXPECT_GT(terminator->waiting(), kRingSize);
  ASSERT_TRUE(turn_until(loop, [&] { return at_answerer.size() == sent.size(); }));
  for (std::size_t i = 0; i < sent.size(); ++i) ASSERT_EQ(at_answerer[i].payload, sent[i]) << i;
  EXPECT_EQ(terminator->waiting(), 0U);
  EXPECT_TRUE(broken_terminator.empty() && broken_answerer.empty());
}

TEST_F(ExchangeChannels, AFrameThatIsTooLargeIsABreachToldOnce) {
  inject(frame(kLargestFrame + 1, 35, 0, 1));
  EXPECT_TRUE(turn_until(loop, [&] { return !broken_terminator.empty(); }));
  EXPECT_FALSE(terminator->open());
  terminator->breach("again");
  for (int i = 0; i < 5; ++i) loop.turn();
  EXPECT_EQ(broken_terminator, "a frame of 98305 bytes;");
  EXPECT_TRUE(at_terminator.empty());
}

TEST_F(ExchangeChannels, FlagsThatAreNotKnownAreABreach) {
  inject(frame(0, 35, 1, 1));
  EXPECT_TRUE(turn_until(loop, [&] { return !broken_terminator.empty(); }));
}

TEST_F(ExchangeChannels, PartOfAFrameWaitsForTheRest) {
  const std::string whole = frame(3, 35, 0, 9) + "abc";
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    inject(whole.substr(i, 1));
    for (int turn = 0; turn < 3; ++turn) loop.turn();
    ASSERT_TRUE(at_terminator.empty());
  }
  inject(whole.substr(whole.size() - 1));
  ASSERT_TRUE(turn_until(loop, [&] { return !at_terminator.empty(); }));
  EXPECT_EQ(at_terminator[0].payload, "abc");
}

TEST_F(ExchangeChannels, PositionsThatCannotBeAreABreach) {
  auto* control = static_cast<RingControl*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, raw_memory.get(), 0));
  control[1].head.store(kRingSize + 1);
  wake();
  EXPECT_TRUE(turn_until(loop, [&] { return !broken_terminator.empty(); }));
  ::munmap(control, 4096);
}

TEST_F(ExchangeChannels, GarbageNeverGetsThrough) {
  std::mt19937 random(3);
  std::string garbage(5000, '\0');
  for (char& c : garbage) c = static_cast<char>(random());
  garbage[2] = garbage[3] = '\xff';  // no honest size
  inject(garbage);
  EXPECT_TRUE(turn_until(loop, [&] { return !broken_terminator.empty(); }));
  EXPECT_TRUE(at_terminator.empty());
}

TEST_F(ExchangeChannels, AChannelThatWasGivenUpSaysNothingMore) {
  inject(frame(0, 35, 0, 1));
  terminator->close();
  terminator->send(ExchangeFrame::RequestBody, 1, "x");
  for (int i = 0; i < 5; ++i) loop.turn();
  EXPECT_TRUE(at_terminator.empty());
  EXPECT_TRUE(broken_terminator.empty());
}

// --- SocketChannel

class SocketChannels : public ::testing::Test {
 protected:
  SocketChannels() {
    auto sockets = *make_socket_pair();
    raw = base::UniqueFd(::dup(sockets.second.get()));
    ours = make(std::move(sockets.first),
                [this](std::uint16_t type, std::string_view payload, SocketChannel::Fds fds) {
                  heard.push_back({type, std::string(payload)});
                  for (auto& fd : fds) received.push_back(std::move(fd));
                  if (on_frame) on_frame();
                });
    their_socket = std::move(sockets.second);
  }
  std::unique_ptr<SocketChannel> make(base::UniqueFd socket, SocketChannel::OnFrame on) {
    return std::make_unique<SocketChannel>(loop, std::move(socket), limits, std::move(on),
                                           [this](const base::Error& why) {
                                             ++closed;
                                             reason = why.message;
                                           });
  }
  void join() {
    theirs = make(std::move(their_socket),
                  [this](std::uint16_t, std::string_view, SocketChannel::Fds) { ++echoes; });
    raw.reset();
  }
  void inject(std::string_view bytes, int fd = -1) {
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT: sendmsg does not write
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (fd >= 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ASSERT_EQ(::sendmsg(raw.get(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  static std::string header(std::uint32_t size, std::uint16_t type, std::uint8_t fds = 0,
                            std::uint8_t zero = 0) {
    base::BinaryWriter out;
    out.u32(size);
    out.u16(type);
    out.u8(fds);
    out.u8(zero);
    return out.bytes();
  }

  struct Frame {
    std::uint16_t type;
    std::string payload;
  };
  loop::Loop loop;
  SocketChannelLimits limits{200'000, 1U << 20U};
  std::vector<Frame> heard;
  std::vector<base::UniqueFd> received;
  std::function<void()> on_frame;
  int closed = 0, echoes = 0;
  std::string reason;
  base::UniqueFd raw, their_socket;
  std::unique_ptr<SocketChannel> ours, theirs;
};

// A descriptor that can be told from others: the read end of a pipe with one byte in it.
base::UniqueFd marked(char mark) {
  int fds[2];
  EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  EXPECT_EQ(::write(fds[1], &mark, 1), 1);
  ::close(fds[1]);
  return base::UniqueFd(fds[0]);
}
char mark_of(const base::UniqueFd& fd) {
  char mark = 0;
  EXPECT_EQ(::read(fd.get(), &mark, 1), 1);
  return mark;
}

TEST_F(SocketChannels, DescriptorsTravelWithTheirFrame) {
  join();
  theirs->send(1, "plain");
  SocketChannel::Fds two;
  two.push_back(marked('a'));
  two.push_back(marked('b'));
  theirs->send(2, std::string(150'000, 'x'), std::move(two));
  theirs->send(3, "");
  SocketChannel::Fds one;
  one.push_back(marked('c'));
  theirs->send(4, "", std::move(one));
  ASSERT_TRUE(turn_until(loop, [&] { return heard.size() == 4; }));
  for (std::uint16_t i = 0; i < 4; ++i) EXPECT_EQ(heard[i].type, i + 1);
  EXPECT_EQ(heard[1].payload.size(), 150'000U);
  ASSERT_EQ(received.size(), 3U);
  EXPECT_EQ(mark_of(received[0]), 'a');
  EXPECT_EQ(mark_of(received[1]), 'b');
  EXPECT_EQ(mark_of(received[2]), 'c');
  EXPECT_EQ(::fcntl(received[0].get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(closed, 0);
}

TEST_F(SocketChannels, FramesComeWholeHoweverTheyAreCut) {
  const std::string bytes = header(3, 7) + "abc" + header(0, 8) + header(1, 9) + "z";
  for (const char c : bytes) {
    inject({&c, 1});
    loop.turn();
  }
  ASSERT_TRUE(turn_until(loop, [&] { return heard.size() == 3; }));
  EXPECT_EQ(heard[0].payload, "abc");
  EXPECT_EQ(heard[2].payload, "z");
}

TEST_F(SocketChannels, WhatAPeerSaidBeforeItDiedIsHeardThoughItHearsNothing) {
  inject(header(3, 7) + "abc");
  raw.reset();
  their_socket.reset();
  EXPECT_TRUE(ours->send(1, "to nobody"));
  ours->flush();
  ASSERT_TRUE(turn_until(loop, [&] { return closed == 1; }));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].payload, "abc");
}

TEST_F(SocketChannels, BreachesCloseTheChannelAndSayWhy) {
  struct Breach {
    std::string bytes;
    bool with_fd;
  };
  const std::vector<Breach> breaches = {
      {header(200'001, 1), false},  // larger than the limit
      {header(0, 1, 0, 1), false},  // a reserved byte
      {header(0, 1, 1), false},     // announces a descriptor that did not come
      {header(0, 1, 17), false},    // more than a frame may carry
      {header(0, 1), true},         // brings one that was not announced
  };
  for (const Breach& breach : breaches) {
    auto sockets = *make_socket_pair();
    raw = std::move(sockets.second);
    closed = 0;
    ours = make(std::move(sockets.first), [](std::uint16_t, std::string_view, SocketChannel::Fds) {});
    const base::UniqueFd extra = marked('x');
    inject(breach.bytes, breach.with_fd ? extra.get() : -1);
    EXPECT_TRUE(turn_until(loop, [&] { return closed == 1; })) << base::to_hex(breach.bytes);
    EXPECT_EQ(reason, "the peer broke the channel's framing");
    EXPECT_FALSE(ours->open());
  }
}

TEST_F(SocketChannels, DescriptorsThatPileUpWithinOneFrameAreABreach) {
  inject(header(1000, 1));
  const base::UniqueFd extra = marked('x');
  for (int i = 0; i < 3 * static_cast<int>(kMostFds) && closed == 0; ++i) {
    inject("x", extra.get());
    loop.turn();
  }
  EXPECT_TRUE(turn_until(loop, [&] { return closed == 1; }));
}

TEST_F(SocketChannels, APeerThatDoesNotReadIsToldOfAndNotFromInsideSend) {
  bool accepted = true;
  int sent = 0;
  while (accepted && sent < 100) {
    accepted = ours->send(1, std::string(100'000, 'x'));
    ours->flush();
    ++sent;
    ASSERT_TRUE(closed == 0 || !accepted);
  }
  EXPECT_FALSE(accepted);
  EXPECT_TRUE(turn_until(loop, [&] { return closed == 1; }));
  EXPECT_FALSE(ours->send(1, "x"));
}

// Small frames: it is far from full of bytes.
TEST_F(SocketChannels, DescriptorsThatWaitForAPeerThatDoesNotReadAreBounded) {
  limits.descriptors = 50;
  auto sockets = *make_socket_pair();
  const base::UniqueFd deaf = std::move(sockets.second);
  ours = make(std::move(sockets.first), [](std::uint16_t, std::string_view, SocketChannel::Fds) {});
  const base::UniqueFd watched = marked('x');
  bool accepted = true;
  int sent = 0;
  while (accepted && sent < 10'000) {
    SocketChannel::Fds two;
    two.emplace_back(::fcntl(watched.get(), F_DUPFD_CLOEXEC, 0));
    two.emplace_back(::fcntl(watched.get(), F_DUPFD_CLOEXEC, 0));
    accepted = ours->send(1, "", std::move(two));
    ours->flush();
    ++sent;
    ASSERT_LE(ours->queued_descriptors(), 50U);
  }
  EXPECT_FALSE(accepted);
  EXPECT_GE(sent, 26);
  EXPECT_LT(sent, 10'000);
  EXPECT_TRUE(turn_until(loop, [&] { return closed == 1; }));
  EXPECT_EQ(reason, "the peer does not read: 50 descriptors are waiting");
  EXPECT_EQ(ours->queued_descriptors(), 0U) << "they are let go with the channel";
}

TEST_F(SocketChannels, MayBeClosedByItsOwnFrame) {
  on_frame = [this] { ours->close(); };
  inject(header(0, 1) + header(0, 2));
  for (int i = 0; i < 10; ++i) loop.turn();
  EXPECT_EQ(heard.size(), 1U);
  EXPECT_EQ(closed, 0);
}

// The peer leaves bytes of ours unread, which makes its end an error; what it said before still counts.
TEST_F(SocketChannels, TheLastFramesOfAPeerThatDiesArriveBeforeItsEnd) {
  ours->send(1, "never read");
  ours->flush();
  std::string many;
  for (int i = 0; i < 3; ++i) many += header(50'000, 5) + std::string(50'000, 'x');
  inject(many);
  their_socket.reset();
  raw.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return closed == 1; }));
  EXPECT_EQ(heard.size(), 3U);
}

// Without a turn of the loop: who learns of a peer's end in another way hears its last words first.
TEST_F(SocketChannels, WhatHasArrivedCanBeTakenAtOnce) {
  std::string many;
  for (int i = 0; i < 3; ++i) many += header(50'000, 5) + std::string(50'000, 'x');
  inject(many);
  their_socket.reset();
  raw.reset();
  ours->take_arrived();
  EXPECT_EQ(heard.size(), 3U);
  EXPECT_EQ(closed, 0);
  ASSERT_TRUE(turn_until(loop, [&] { return closed == 1; }));
}

TEST_F(SocketChannels, AFrameThatIsHeldBackComesAgainAndNothingBeforeIt) {
  bool room = false;
  on_frame = [&] {
    if (!room && heard.size() == 2) ours->hold_back();
  };
  inject(header(1, 1) + "a" + header(1, 2) + "b" + header(1, 3) + "c");
  ASSERT_TRUE(turn_until(loop, [&] { return heard.size() == 2; }));
  inject(header(1, 4) + "d");
  for (int i = 0; i < 50; ++i) loop.turn();
  ours->take_arrived();
  EXPECT_EQ(heard.size(), 2U);
  EXPECT_TRUE(ours->send(5, "the other way goes on"));
  ours->flush();
  EXPECT_EQ(ours->queued(), 0U);
  room = true;
  ours->resume();
  ASSERT_TRUE(turn_until(loop, [&] { return heard.size() == 5; }));
  std::string all;
  for (const Frame& frame : heard) all += frame.payload;
  EXPECT_EQ(all, "abbcd");
}

TEST_F(SocketChannels, ThePeersEndIsNoticedOnceItIsReadAgain) {
  bool room = false;
  on_frame = [&] {
    if (!room) ours->hold_back();
  };
  inject(header(1, 1) + "a" + header(1, 2) + "b");
  their_socket.reset();
  raw.reset();
  for (int i = 0; i < 50; ++i) loop.turn();
  EXPECT_TRUE(ours->send(5, "to nobody"));
  for (int i = 0; i < 50; ++i) loop.turn();
  EXPECT_EQ(closed, 0);
  room = true;
  ours->resume();
  ASSERT_TRUE(turn_until(loop, [&] { return closed == 1; }));
  EXPECT_EQ(heard.size(), 3U);
}

}  // namespace
}  // namespace postern::ipc
