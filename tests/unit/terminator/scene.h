// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A real terminator on a real loopback socket, clients that speak TLS to it, and an answerer that a test
// plays by hand, all in one process and one loop. Whatever the terminator says is held to the exchange protocol.
#pragma once

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/terminator/terminator.h"
#include "tests/unit/terminator/protocol_judge.h"
#include "tests/unit/tls/pair.h"

namespace postern::terminator {

using Type = ipc::ExchangeFrame;

class Client {
 public:
  // buffer: of the kernel, for what it has not read; 0: as large as the kernel likes.
  Client(std::uint16_t port, std::unique_ptr<tls::Session> session, int buffer = 0)
      : session_(std::move(session)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (buffer > 0) ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    // Or a second small piece waits until the first one is acknowledged, which takes the peer its time.
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  void send(std::string_view text) { unsent_ += text; }
  void say_goodbye() { goodbye_ = true; }  // close_notify, when all is sent

  void pump() {
    if (!socket.valid() || reset || ended) return;
    std::array<char, 16384> piece{};
    while (reads) {
      const ssize_t n = ::recv(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (n == 0) ended = true;
      if (n < 0 && errno == ECONNRESET) reset = true;
      if (n <= 0) break;
      EXPECT_TRUE(in_.write({piece.data(), static_cast<std::size_t>(n)}));
    }
    std::string_view in = in_.view();
    if (!session_->handshake_done()) {
      if (session_->handshake(in, out_) == tls::Progress::Failed) failed = true;
    }
    while (session_->handshake_done() && !session_->failed()) {
      const tls::ReadResult result = session_->read(in, piece, out_);
      if (result.progress != tls::Progress::Done) break;
      got.append(piece.data(), result.size);
    }
    in_.consume(in_.size() - in.size());
    if (session_->handshake_done()) {
      unsent_.erase(0, session_->write(unsent_, out_));
      if (unsent_.empty() && std::exchange(goodbye_, false)) session_->close(out_);
    }
    const ssize_t n = ::send(socket.get(), out_.view().data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) out_.consume(static_cast<std::size_t>(n));
  }
  bool resumed() const { return session_->handshake_done() && session_->resumed(); }
  bool has(std::string_view text) const { return got.find(text) != std::string::npos; }

  std::string got;
  bool ended = false, reset = false, failed = false, reads = true;
  base::UniqueFd socket;

 private:
  std::unique_ptr<tls::Session> session_;
  base::Buffer in_{8U << 20U}, out_{8U << 20U};
  std::string unsent_;
  bool goodbye_ = false;
};

struct Frame {
  Type type;
  std::uint64_t id;
  std::string payload;
};

// Whoever answers: a channel, and the judge of what comes over it.
struct Answerer {
  void send(Type type, std::uint64_t id, std::string_view payload = {}) {
    judge.said(type, id, payload);
    channel->send(type, id, payload);
  }
  ProtocolJudge judge;
  std::unique_ptr<ipc::ExchangeChannel> channel;
};

class TerminatorScene : public ::testing::Test {
 protected:
  explicit TerminatorScene(const std::string& protocol = "http/1.1") {
    server = std::make_unique<tls::Server>(
        *certs::make_server_certificate(root, {"gateway.example"},
                                        certs::valid_for(tls::kNow, 30 * tls::kDay), certs::KeyType::P256),
        clock, "", true);
    trusts = *tls::ClientContext::make({root.certificate_pem, protocol}, clock);
  }
  ~TerminatorScene() override {
    terminator.reset();
    answerer.reset();
    loop.turn();
    elsewhere.turn();
  }
  void start() {
    base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    // Connections inherit it.
    if (buffers > 0) ::setsockopt(listener.get(), SOL_SOCKET, SO_SNDBUF, &buffers, sizeof buffers);
    ASSERT_EQ(::listen(listener.get(), 64), 0);
    socklen_t size = sizeof at;
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port = ntohs(at.sin_port);
    terminator = std::make_unique<Terminator>(loop, std::move(listener), limits, timeouts);
    terminator->set_context(std::move(server->context));
    join(loop);
  }
  // An answerer, also after the one before it is gone. On another loop it stands still until that one is turned.
  void join() { join(loop); }
  void join(loop::Loop& its_loop) {
    auto ends = *ipc::make_ring_pair();
    ASSERT_TRUE(terminator->set_channel(std::move(ends.first)).ok());
    frames.clear();
    answerer = std::make_unique<Answerer>();
    answerer->channel = *ipc::ExchangeChannel::open(
        its_loop, std::move(ends.second), 1,
        [this](Type type, std::uint64_t id, std::string_view payload) {
          if (const std::string breach = answerer->judge.heard(type, id, payload); !breach.empty())
            ADD_FAILURE() << breach << ": frame " << static_cast<int>(type) << " of " << id;
          frames.push_back({type, id, std::string(payload)});
        },
        [](const base::Error& why) { ADD_FAILURE() << why.message; });
  }
  Client& connect() {
    clients.push_back(std::make_unique<Client>(port, *trusts->start("gateway.example"), buffers));
    return *clients.back();
  }
  template <typename Condition>
  [[nodiscard]] bool turn_until(Condition condition, int turns = 30'000) {
    for (int i = 0; i < turns; ++i) {
      if (condition()) return true;
      loop.turn();
      for (auto& client : clients) client->pump();
    }
    return condition();
  }
  std::size_t count(Type type) const {
    return static_cast<std::size_t>(
        std::count_if(frames.begin(), frames.end(), [&](const Frame& f) { return f.type == type; }));
  }
  const Frame* find(Type type, std::size_t which = 0) const {
    for (const Frame& frame : frames)
      if (frame.type == type && which-- == 0) return &frame;
    return nullptr;
  }
  // The exchange of the request that the client sends now.
  std::uint64_t request(Client& client, std::string_view text) {
    const std::size_t before = count(Type::RequestHead);
    client.send(text);
    EXPECT_TRUE(turn_until([&] { return count(Type::RequestHead) > before; })) << text;
    const Frame* head = find(Type::RequestHead, before);
    return head == nullptr ? 0 : head->id;
  }
  ipc::RequestHead head(const Frame& frame) {
    ipc::RequestHead read;
    EXPECT_TRUE(ipc::decode(frame.payload, read));
    return read;
  }
  void respond_head(std::uint64_t id, int status, ipc::BodyKind kind, std::uint64_t length = 0) {
    ipc::ResponseHead wire;
    wire.status = static_cast<std::uint16_t>(status);
    wire.body = kind;
    wire.length = length;
    wire.fields = {{"x-from", "answerer"}};
    base::BinaryWriter out;
    ipc::encode(wire, out);
    answerer->send(Type::ResponseHead, id, out.bytes());
  }
  void respond_end(std::uint64_t id, const std::vector<ipc::WireField>& trailers = {}) {
    base::BinaryWriter out;
    ipc::encode_trailers(trailers, out);
    answerer->send(Type::ResponseEnd, id, out.bytes());
  }
  void respond(std::uint64_t id, std::string_view body, int status = 200) {
    respond_head(id, status, ipc::BodyKind::Sized, body.size());
    if (!body.empty()) answerer->send(Type::ResponseBody, id, body);
    respond_end(id);
  }
  ipc::ExchangeDone done(std::size_t which = 0) {
    ipc::ExchangeDone read;
    EXPECT_TRUE(turn_until([&] { return count(Type::ExchangeDone) > which; }));
    const Frame* frame = find(Type::ExchangeDone, which);
    EXPECT_TRUE(frame != nullptr && ipc::decode(frame->payload, read));
    return read;
  }
  std::string bodies() const {
    std::string all;
    for (const Frame& frame : frames)
      if (frame.type == Type::RequestBody) all += frame.payload;
    return all;
  }
  void give_credit(std::uint64_t id, std::uint32_t bytes) {
    base::BinaryWriter out;
    out.u32(bytes);
    answerer->send(Type::RequestCredit, id, out.bytes());
  }

  base::ManualClock clock{tls::kNow};
  certs::Credentials root = tls::authority("Test root");
  std::unique_ptr<tls::Server> server;
  std::unique_ptr<tls::ClientContext> trusts;
  loop::Loop loop, elsewhere;
  Limits limits;
  Timeouts timeouts;
  int buffers = 0;  // of the kernel, at both ends of a connection; 0: as large as it likes
  std::uint16_t port = 0;
  std::unique_ptr<Terminator> terminator;
  std::unique_ptr<Answerer> answerer;
  std::vector<Frame> frames;
  std::vector<std::unique_ptr<Client>> clients;
};

}  // namespace postern::terminator
