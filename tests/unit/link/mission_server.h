// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The server's end of one line: TLS and HTTP/2 as the product's own servers speak them, on a socket, turned by the test's
// loop. What is answered is the test's.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "gateway/http/h2_session.h"
#include "tests/unit/tls/pair.h"

namespace postern::link {

class MissionServer final : private http::Http2Session::Listener {
 public:
  struct Request {
    std::uint32_t stream = 0;
    http::Method method = http::Method::Get;
    std::string target, host, agent, body;
  };

  MissionServer(tls::ServerContext& context, base::UniqueFd socket)
      : socket_(std::move(socket)), tls_(context.start()) {}

  std::vector<Request> requests;  // that are complete
  bool gone() const { return gone_; }
  std::string protocol() const { return std::string(tls_->protocol()); }
  bool named() const { return !tls_->peer_chain().empty(); }
  std::string failure() const { return tls_->failed() ? tls_->error().message : std::string(); }

  void answer(std::uint32_t stream, int status, std::string_view body, std::string_view retry_after = {}) {
    http::Fields fields;
    fields.put("content-type", "application/json");
    if (!retry_after.empty()) fields.put("retry-after", retry_after);
    h2_.respond(stream, status, std::move(fields), body.empty());
    if (body.empty()) return;
    h2_.body(stream, body);
    h2_.end(stream, {});
  }
  void open(std::uint32_t stream) { h2_.respond(stream, 200, {}, false); }
  void say(std::uint32_t stream, std::string_view text) { h2_.body(stream, text); }
  void end(std::uint32_t stream) { h2_.end(stream, {}); }
  void reset(std::uint32_t stream) { h2_.reset(stream, http::Http2Session::Reset::Internal); }
  void shut_down() { h2_.shut_down_now(); }
  void hang_up() { socket_.reset(); }
  // In place of HTTP/2, of which nothing comes any more.
  void send_plain(std::string_view bytes) {
    plain_ += bytes;
    mute_ = true;
  }

  void turn() {
    if (socket_.get() < 0) return;
    char piece[16'384];
    const ssize_t n = ::recv(socket_.get(), piece, sizeof piece, MSG_DONTWAIT);
    if (n == 0) gone_ = true;
    if (n > 0) {
      EXPECT_TRUE(in_.write({piece, static_cast<std::size_t>(n)}));
    }
    std::string_view rest = in_.view();
    if (!tls_->handshake_done()) static_cast<void>(tls_->handshake(rest, out_));
    if (tls_->handshake_done() && !tls_->failed()) exchange(rest);
    in_.consume(in_.size() - rest.size());
    const ssize_t sent = ::send(socket_.get(), out_.view().data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) out_.consume(static_cast<std::size_t>(sent));
  }

 private:
  void exchange(std::string_view& rest) {
    std::array<char, 16'384> plain{};
    for (;;) {
      const tls::ReadResult got = tls_->read(rest, plain, out_);
      if (got.progress != tls::Progress::Done) break;
      h2_.take({plain.data(), got.size}, 1);
    }
    if (out_.size() > (256U << 10U)) return;
    if (plain_.empty() && !mute_) h2_.produce(plain_, 64U << 10U);
    plain_.erase(0, tls_->write(plain_, out_));
  }

  // http::Http2Session::Listener
  void on_request(std::uint32_t stream, const http::RequestHead& head) override {
    Request request{stream,
                    head.method,
                    head.target,
                    std::string(head.fields.find("host").value_or("")),
                    std::string(head.fields.find("user-agent").value_or("")),
                    {}};
    if (head.body.kind == http::BodyKind::None) return requests.push_back(std::move(request));
    coming_[stream] = std::move(request);
  }
  void on_refused(std::uint32_t, http::Verdict verdict, std::string_view) override {
    ADD_FAILURE() << verdict.sentence;
  }
  void on_body(std::uint32_t stream, std::string_view piece) override {
    coming_[stream].body += piece;
    h2_.consumed(stream, piece.size());
  }
  void on_end(std::uint32_t stream, const http::Fields&) override {
    requests.push_back(std::move(coming_[stream]));
    coming_.erase(stream);
  }
  void on_gone(std::uint32_t) override {}
  void on_framed(std::uint32_t, std::size_t, bool) override {}

  base::UniqueFd socket_;
  std::unique_ptr<tls::Session> tls_;
  http::Http2Session h2_{http::Http2Limits{}, *this};
  std::map<std::uint32_t, Request> coming_;
  base::Buffer in_{1U << 20U}, out_{1U << 20U};
  std::string plain_;
  bool gone_ = false, mute_ = false;
};

}  // namespace postern::link
