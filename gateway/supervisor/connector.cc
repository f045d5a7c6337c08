// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/connector.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "gateway/loop/dispose_later.h"

namespace postern::supervisor {
namespace {

struct Target {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

struct Resolved {
  std::vector<Target> targets;
  std::string failure;  // empty: there is at least one target
};

base::Error refused(std::string why) {
  return base::fail(base::Code::Unavailable, base::Side::Component, std::move(why));
}

// flags: AI_NUMERICHOST never blocks; without it this is for a thread of the pool.
Resolved resolve(const std::string& host, std::uint16_t port, int flags) {
  Resolved out;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    out.failure = "cannot resolve " + host + ": " + ::gai_strerror(error);
    return out;
  }
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Target target;
    std::memcpy(&target.storage, one->ai_addr, one->ai_addrlen);
    target.size = one->ai_addrlen;
    out.targets.push_back(target);
  }
  ::freeaddrinfo(found);
  if (out.targets.empty()) out.failure = "cannot resolve " + host + ": it has no address";
  return out;
}

}  // namespace

struct Connector::Attempt : std::enable_shared_from_this<Attempt> {
  loop::Loop& loop;
  std::string node;
  std::function<void(base::Result<base::UniqueFd>)> finish;  // empty once it was called
  std::vector<Target> targets;
  std::size_t next = 0;
  std::string failure;
  base::UniqueFd socket;
  std::unique_ptr<loop::Poller> poller;
  std::unique_ptr<loop::Timer> deadline;
  const std::shared_ptr<std::size_t> lookups_left;
  bool looking_up = false;

  Attempt(loop::Loop& of, std::shared_ptr<std::size_t> left) : loop(of), lookups_left(std::move(left)) {}

  void begin(const std::string& host, std::uint16_t port, base::Nanos timeout) {
    deadline = std::make_unique<loop::Timer>(
        loop, [this] { end(refused("no connection to " + node + " within the timeout")); });
    deadline->start(timeout);
    Resolved numeric = resolve(host, port, AI_NUMERICHOST);
    if (numeric.failure.empty()) return take(std::move(numeric));
    const auto result = std::make_shared<Resolved>();
    looking_up = true;
    // The thread may outlive the attempt: it holds a result of its own, and the loop's side asks whether we
    // are still there.
    loop.run_elsewhere([result, host, port] { *result = resolve(host, port, 0); },
                       [result, left = lookups_left, weak = weak_from_this()] {
                         const auto self = weak.lock();
                         if (!self || !self->finish) {
                           --*left;
                           return;
                         }
                         self->looking_up = false;
                         self->take(std::move(*result));
                       });
  }

  void take(Resolved resolved) {
    if (!resolved.failure.empty()) return end(refused(resolved.failure));
    targets = std::move(resolved.targets);
    try_next();
  }

  void try_next() {
    while (next < targets.size()) {
      const Target& target = targets[next++];
      socket.reset(
          ::socket(target.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
      if (!socket.valid()) return end(base::fail_errno("socket", errno));
      const int status =
          ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&target.storage), target.size);
      if (status == 0) return succeed();
      if (errno == EINPROGRESS) return wait();
      failure = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known errors
    }
    end(refused("no connection to " + node + ": " + failure));
  }

  void wait() {
    poller = std::make_unique<loop::Poller>(loop, socket.get(), [this](unsigned) { on_writable(); });
    poller->want(loop::kWritable);
  }

  void on_writable() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    poller.reset();
    if (error == 0) return succeed();
    failure = std::strerror(error);  // NOLINT(concurrency-mt-unsafe)
    try_next();
  }

  void succeed() {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    end(std::move(socket));
  }

  void end(base::Result<base::UniqueFd> result) {
    poller.reset();
    deadline->stop();
    if (looking_up) ++*lookups_left;
    std::exchange(finish, nullptr)(std::move(result));
  }
};

// A late answer of the resolver finds its attempt gone; whoever waited for a connection is told nothing any
// more.
Connector::~Connector() = default;

void Connector::connect(const http::Authority& node, base::Micros timeout, Done done, std::size_t waiting) {
  if (attempts_.size() + *lookups_left_ + waiting >= most_)
    return done(refused("too many connections are being opened at once"));
  const std::uint64_t id = ++last_id_;
  const auto attempt = std::make_shared<Attempt>(loop_, lookups_left_);
  attempts_.emplace(id, attempt);
  attempt->node = http::to_text(node);
  attempt->finish = [this, id, done = std::move(done)](base::Result<base::UniqueFd> result) {
    forget(id);
    done(std::move(result));
  };
  const bool bracketed = node.host.starts_with('[');
  attempt->begin(bracketed ? node.host.substr(1, node.host.size() - 2) : node.host, node.port,
                 timeout * 1000);
}

// Kept until the turn is over: it is the attempt itself that calls this.
void Connector::forget(std::uint64_t id) {
  loop::dispose_later(loop_, std::move(attempts_.extract(id).mapped()));
}

}  // namespace postern::supervisor
