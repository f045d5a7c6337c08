// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/challenge_server.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/buffer.h"
#include "gateway/http/h1_request.h"

namespace postern::link {
namespace {

constexpr std::string_view kChallengePath = "/.well-known/acme-challenge/";
constexpr int kAcceptsPerTurn = 16;
constexpr http::HeadLimits kChallengeHead{ChallengeServer::kHead, 1024, 50};

}  // namespace

struct ChallengeServer::Visit final : loop::Disposable {
  std::uint64_t id;
  base::UniqueFd socket;
  base::Buffer in{kHead};
  http::RequestParser parser{kChallengeHead};
  loop::Timer deadline;
  std::unique_ptr<loop::Poller> poller;

  Visit(loop::Loop& loop, std::uint64_t number, base::UniqueFd fd, std::function<void()> late)
      : id(number), socket(std::move(fd)), deadline(loop, std::move(late)) {
    deadline.start(kPatience);
  }
};

ChallengeServer::ChallengeServer(loop::Loop& loop, base::UniqueFd listener)
    : loop_(loop), listener_(std::move(listener)) {
  if (!listener_.valid()) return;
  poller_ = std::make_unique<loop::Poller>(loop, listener_.get(), [this](unsigned) { accept(); });
  poller_->want(loop::kReadable);
}

ChallengeServer::~ChallengeServer() = default;

void ChallengeServer::accept() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) return;
    if (visits_.size() == kConnections) end(*visits_.begin()->second);
    const std::uint64_t id = next_++;
    auto visit = std::make_unique<Visit>(loop_, id, std::move(socket), [this, id] {
      if (const auto late = visits_.find(id); late != visits_.end()) end(*late->second);
    });
    Visit& one = *visit;
    visits_.emplace(id, std::move(visit));
    one.poller =
        std::make_unique<loop::Poller>(loop_, one.socket.get(), [this, &one](unsigned) { receive(one); });
    one.poller->want(loop::kReadable);
  }
}

void ChallengeServer::receive(Visit& visit) {
  std::array<char, kHead> piece;
  const ssize_t n = ::recv(visit.socket.get(), piece.data(), visit.in.room(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0 || !visit.in.write({piece.data(), static_cast<std::size_t>(n)})) return end(visit);
  const http::HeadStep step = visit.parser.parse(visit.in.view());
  if (step.state == http::HeadState::NeedMore && visit.in.room() > 0) return;
  if (step.state == http::HeadState::Complete) {
    const http::RequestHead& head = visit.parser.head();
    const std::string out = response_to(head.method == http::Method::Get ? head.target : std::string_view());
    // It fits into an empty socket; whoever does not read it only harms itself.
    ::send(visit.socket.get(), out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(visit.socket.get(), SHUT_WR);
  }
  end(visit);
}

std::string ChallengeServer::response_to(std::string_view target) const {
  std::string body = "not found\n";
  std::string_view status = "404 Not Found";
  if (target.starts_with(kChallengePath)) {
    const auto found = by_token_.find(std::string(target.substr(kChallengePath.size())));
    if (found != by_token_.end()) {
      body = found->second;
      status = "200 OK";
    }
  }
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/octet-stream\r\nX-Content-Type-Options: nosniff\r\nConnection: "
         "close\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Not at once: it may be its own callback that says so.
void ChallengeServer::end(const Visit& visit) {
  auto gone = visits_.extract(visit.id);
  if (gone.empty()) return;
  gone.mapped()->poller->want(0);
  gone.mapped()->deadline.stop();
  loop_.dispose(std::move(gone.mapped()));
}

}  // namespace postern::link
