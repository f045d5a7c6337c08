// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/socket_channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/bytes.h"

namespace postern::ipc {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kReadPiece = 64U << 10U;

}  // namespace

// Descriptors that leave with the byte at position `at` of the stream, the first byte of their frame.
struct SocketChannel::Outgoing {
  std::uint64_t at;
  Fds fds;
};

SocketChannel::SocketChannel(loop::Loop& loop, base::UniqueFd socket, SocketChannelLimits limits,
                             OnFrame on_frame, OnClosed on_closed)
    : socket_(std::move(socket)),
      limits_(limits),
      on_frame_(std::move(on_frame)),
      on_closed_(std::move(on_closed)),
      in_(limits.frame + kHeader + kReadPiece, kReadPiece),
      out_(limits.queue, kReadPiece),
      poller_(
          std::make_unique<loop::Poller>(loop, socket_.get(), [this](unsigned ready) { on_ready(ready); })),
      hook_(loop.at_turn_end(loop::Stage::Record, [this] { return transmit(); })) {
  poller_->want(loop::kReadable);
}

SocketChannel::~SocketChannel() { close(); }

void SocketChannel::close() {
  poller_.reset();
  socket_.reset();
  let_go();
  received_.clear();
}

void SocketChannel::let_go() {
  attachments_.clear();
  held_ = 0;
}

std::size_t SocketChannel::queued() const { return out_.size(); }

bool SocketChannel::send(std::uint16_t type, std::string_view payload, Fds fds) {
  if (!open() || failing_) return false;
  POSTERN_CHECK(payload.size() <= limits_.frame && fds.size() <= kMostFds);
  if (out_.room() < kHeader + payload.size()) {
    fail(base::fail(base::Code::Limit,
                    "the peer does not read: " + std::to_string(out_.size()) + " bytes are waiting"));
    return false;
  }
  if (held_ + fds.size() > limits_.descriptors) {
    fail(base::fail(base::Code::Limit,
                    "the peer does not read: " + std::to_string(held_) + " descriptors are waiting"));
    return false;
  }
  base::BinaryWriter header;
  header.u32(static_cast<std::uint32_t>(payload.size()));
  header.u16(type);
  header.u8(static_cast<std::uint8_t>(fds.size()));
  header.u8(0);
  POSTERN_CHECK(out_.write(header.bytes()) && out_.write(payload));
  held_ += fds.size();
  if (!fds.empty()) attachments_.push_back({written_, std::move(fds)});
  written_ += kHeader + payload.size();
  return true;
}

void SocketChannel::fail(base::Error why) {
  if (failing_) return;
  failing_ = true;
  failure_ = std::move(why);
}

void SocketChannel::flush() { transmit(); }

// Sends until the kernel's buffer is full. A frame with descriptors starts a sendmsg of its own, so that they
// cannot overtake.
bool SocketChannel::transmit() {
  if (!open()) return false;
  if (failing_) {
    // Told from here and not where it was noticed, so that on_closed never runs inside send().
    poller_.reset();
    socket_.reset();
    let_go();
    on_closed_(failure_);
    return false;
  }
  bool worked = false;
  while (!out_.empty()) {
    std::string_view bytes = out_.view();
    Fds* fds = nullptr;
    if (!attachments_.empty()) {
      if (attachments_.front().at == sent_) {
        fds = &attachments_.front().fds;
        if (attachments_.size() > 1)
          bytes = bytes.substr(0, static_cast<std::size_t>(attachments_[1].at - sent_));
      } else {
        bytes = bytes.substr(0, static_cast<std::size_t>(attachments_.front().at - sent_));
      }
    }
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT: sendmsg does not write
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))] = {};
    if (fds != nullptr) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(fds->size() * sizeof(int));
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(fds->size() * sizeof(int));
      for (std::size_t i = 0; i < fds->size(); ++i) {
        const int fd = (*fds)[i].get();
        std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof fd);
      }
    }
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
      // It is gone and hears nothing, but what it said before counts (an event of what it then sent): receive() reads that, and then
      // finds the end.
      out_.consume(out_.size());
      let_go();
      sent_ = written_;
      break;
    }
    if (n < 0) {
      fail(base::fail_errno("the peer", errno));
      return true;
    }
    if (fds != nullptr) {
      held_ -= fds->size();
      attachments_.pop_front();
    }
    sent_ += static_cast<std::uint64_t>(n);
    out_.consume(static_cast<std::size_t>(n));
    worked = true;
  }
  watch();
  return worked;
}

void SocketChannel::watch() {
  poller_->want((held_back_ ? 0 : loop::kReadable) | (out_.empty() ? 0 : loop::kWritable));
}

void SocketChannel::hold_back() {
  if (!open()) return;
  held_back_ = true;
  watch();
}

void SocketChannel::resume() {
  if (!open() || !std::exchange(held_back_, false)) return;
  if (!failing_ && !take_frames())
    fail(base::fail(base::Code::Invalid, "the peer broke the channel's framing"));
  if (open()) watch();
}

void SocketChannel::on_ready(unsigned ready) {
  if ((ready & loop::kReadable) != 0 && !held_back_) receive();
  if (open() && (ready & loop::kWritable) != 0) transmit();
}

void SocketChannel::take_arrived() {
  while (open() && !failing_ && !held_back_ && receive()) {
  }
}

bool SocketChannel::receive() {
  char* into = in_.reserve(std::min(kReadPiece, in_.room()));
  iovec piece{into, std::min(kReadPiece, in_.room())};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))];
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  for (cmsghdr* header = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr; header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      received_.emplace_back(fd);
    }
  }
  if (n <= 0) {
    fail(n == 0 ? base::fail(base::Code::Closed, "the peer closed the channel")
                : base::fail_errno("the peer", errno));
  } else if ((message.msg_flags & MSG_CTRUNC) != 0) {
    fail(base::fail(base::Code::Limit, "more descriptors at once than a frame may carry"));
  } else {
    in_.commit(static_cast<std::size_t>(n));
    if (!take_frames()) fail(base::fail(base::Code::Invalid, "the peer broke the channel's framing"));
  }
  return true;
}

bool SocketChannel::take_frames() {
  while (open() && !failing_ && !held_back_ && in_.size() >= kHeader) {
    base::BinaryReader reader(in_.view());
    const std::size_t size = reader.u32();
    const std::uint16_t type = reader.u16();
    const std::size_t count = reader.u8();
    if (reader.u8() != 0 || size > limits_.frame || count > kMostFds) return false;
    if (in_.size() < kHeader + size) break;
    // The descriptors came with the frame's first byte, so they are here.
    if (count > received_.size()) return false;
    Fds fds;
    for (std::size_t i = 0; i < count; ++i) {
      fds.push_back(std::move(received_.front()));
      received_.pop_front();
    }
    on_frame_(type, in_.view().substr(kHeader, size), std::move(fds));
    if (open() && !held_back_) in_.consume(kHeader + size);
  }
  // Descriptors that no frame announced are only possible while their one frame is still under way.
  return !open() || received_.size() <= (in_.empty() ? 0 : kMostFds);
}

base::Result<std::pair<base::UniqueFd, base::UniqueFd>> make_socket_pair() {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
    return base::fail_errno("socketpair", errno);
  return std::pair(base::UniqueFd(fds[0]), base::UniqueFd(fds[1]));
}

}  // namespace postern::ipc
