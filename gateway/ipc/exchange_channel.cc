// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/exchange_channel.h"

#include <unistd.h>

#include <array>
#include <cstring>

#include "gateway/ipc/figures.h"

namespace postern::ipc {
namespace {

void put_number(char* out, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(value >> (8 * i) & 255U);
}

void wake(int event) {
  const std::uint64_t one = 1;
  count(Figure::WakeUps);
  // An eventfd that is full already wakes its reader; nothing else can go wrong with ours.
  [[maybe_unused]] const ssize_t written = ::write(event, &one, sizeof one);
}

}  // namespace

base::Result<std::unique_ptr<ExchangeChannel>> ExchangeChannel::open(loop::Loop& loop, RingEnds ends,
                                                                     int side, OnFrame on_frame,
                                                                     OnBroken on_broken) {
  auto memory = RingMemory::map(ends.memory.get(), side);
  if (!memory.ok()) return std::move(memory).error();
  ends.memory.reset();
  return std::unique_ptr<ExchangeChannel>(new ExchangeChannel(loop, std::move(ends), std::move(*memory),
                                                              std::move(on_frame), std::move(on_broken)));
}

ExchangeChannel::ExchangeChannel(loop::Loop& loop, RingEnds ends, std::unique_ptr<RingMemory> memory,
                                 OnFrame on_frame, OnBroken on_broken)
    : ends_(std::move(ends)),
      memory_(std::move(memory)),
      writer_(memory_->writer()),
      reader_(memory_->reader()),
      on_frame_(std::move(on_frame)),
      on_broken_(std::move(on_broken)),
      frame_(kLargestFrame),
      waiting_(kMostWaiting, kKeepWaiting),
      poller_(std::make_unique<loop::Poller>(loop, ends_.wake_me.get(), [this](unsigned) { on_wake(); })),
      receive_hook_(loop.at_turn_end(loop::Stage::Receive, [this] { return receive(); })),
      send_hook_(loop.at_turn_end(loop::Stage::Send, [this] { return transmit(); })) {
  poller_->want(loop::kReadable);
}

ExchangeChannel::~ExchangeChannel() = default;

void ExchangeChannel::on_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(ends_.wake_me.get(), &count, sizeof count);
  reader_.awake();
}

void ExchangeChannel::breach(std::string why) {
  if (broken_) return;
  broken_ = true;
  why_ = std::move(why);
}

void ExchangeChannel::close() {
  broken_ = reported_ = true;
  poller_->want(0);
}

// One round of frames. When the ring is empty it announces sleep, so that the peer wakes us; the announcement
// is made here, in the hook, and not when the loop is about to wait, because the other hooks may take long.
bool ExchangeChannel::receive() {
  if (broken_) {
    if (!reported_) {
      reported_ = true;
      poller_->want(0);
      on_broken_(base::fail(base::Code::Invalid, base::Side::Client, why_));
    }
    return false;
  }
  int frames = 0;
  for (; frames < kFramesPerRound && !broken_; ++frames) {
    const std::size_t available = reader_.available();
    if (available < kFrameHeaderSize) break;
    std::array<char, kFrameHeaderSize> header{};
    reader_.peek(0, header.data(), header.size());
    base::BinaryReader in({header.data(), header.size()});
    const std::size_t size = in.u32();
    const auto type = static_cast<ExchangeFrame>(in.u16());
    const std::uint16_t flags = in.u16();
    const std::uint64_t id = in.u64();
    if (size > kLargestFrame || flags != 0) {
      breach("a frame of " + std::to_string(size) + " bytes");
      break;
    }
    if (available < kFrameHeaderSize + size) break;
    reader_.peek(kFrameHeaderSize, frame_.data(), size);
    reader_.consume(kFrameHeaderSize + size);
    on_frame_(type, id, {frame_.data(), size});
  }
  if (frames > 0) count(Figure::FramesReceived, static_cast<std::uint64_t>(frames));
  if (reader_.release()) wake(ends_.wake_peer.get());
  if (reader_.broken()) breach("positions that cannot be");
  if (broken_) return true;
  if (frames > 0) {
    reader_.awake();  // the peer need not wake us while we come back for more
    return true;
  }
  return !reader_.sleep();
}

void ExchangeChannel::put(std::string_view header, std::string_view payload) {
  writer_.write(header);
  writer_.write(payload);
  unpublished_ = true;
}

void ExchangeChannel::send(ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  if (broken_) return;
  POSTERN_CHECK(payload.size() <= kLargestFrame);
  std::array<char, kFrameHeaderSize> header{};
  put_number(header.data(), payload.size(), 4);
  put_number(header.data() + 4, static_cast<std::uint16_t>(type), 2);
  put_number(header.data() + 8, id, 8);
  const std::string_view head(header.data(), header.size());
  if (waiting_.empty() && writer_.room() >= head.size() + payload.size()) {
    put(head, payload);
  } else if (!waiting_.write(head) || !waiting_.write(payload)) {
    breach("a reader that does not read");
  }
}

// What waits goes first, in pieces: the reader takes a frame only once all of it is there.
bool ExchangeChannel::transmit() {
  if (broken_) return false;
  while (!waiting_.empty()) {
    const std::size_t room = std::min(writer_.room(), waiting_.size());
    if (room == 0) break;
    writer_.write(waiting_.view().substr(0, room));
    waiting_.consume(room);
    unpublished_ = true;
  }
  bool worked = false;
  if (unpublished_) {
    unpublished_ = false;
    worked = true;
    if (writer_.publish()) wake(ends_.wake_peer.get());
  }
  if (worked || !waiting_.empty()) level(Figure::ChannelWaiting, waiting_.size());
  if (!waiting_.empty() && !writer_.wait_for(1)) worked = true;
  if (writer_.broken()) breach("positions that cannot be");
  return worked || broken_;
}

}  // namespace postern::ipc
