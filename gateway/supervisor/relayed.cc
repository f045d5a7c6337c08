// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/relayed.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/bytes.h"
#include "line/tunnel.h"

namespace postern::supervisor {
namespace {

using audit::EventType;
using base::Json;

constexpr std::size_t kLongestRelayedText = 253;
// What the kernel holds between terminator and link: what was cut and is still in there, the link throws away.
constexpr int kHeldBetween = 64 << 10;

std::string text_of_link(const Json& question, const char* key) {
  return base::printable(base::json_text_or(question, key, ""), kLongestRelayedText);
}

struct SocketPair {
  base::UniqueFd link, terminator;
};

base::Result<SocketPair> make_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return base::fail_errno("socketpair", errno);
  SocketPair out{base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kHeldBetween, sizeof kHeldBetween);
  return out;
}

}  // namespace

base::Result<base::UniqueFd> Relayed::open(const Json& question, base::Nanos now) {
  const auto refuse = [&](const std::string& why) {
    note(EventType::TunnelRefused, question, why, now);
    return base::fail(base::Code::Unavailable, base::Side::Component, why);
  };
  if (connections_.take(kConnections, now) > 0) return refuse("too many came at once");
  // The link has read it so; in strange hands it may say what it likes, and without a relay it would look like a client of ours.
  const auto head = line::parse_tunnel_head(base::dump_json(question));
  if (!head.ok()) return refuse(head.error().message);
  const std::vector<Child*> terminators = terminators_();
  if (terminators.empty()) return refuse("no terminator is there to take it");
  auto pair = make_pair();
  if (!pair.ok()) return refuse(pair.error().message);
  note(EventType::TunnelRelayed, question, {}, now);
  terminators[next_++ % terminators.size()]->accepted(head->client, head->relay, std::move(pair->terminator));
  return std::move(pair->link);
}

void Relayed::note(EventType type, const Json& question, const std::string& why, base::Nanos now) {
  PacedEvents& events = type == EventType::TunnelRefused ? refused_ : relayed_;
  if (!events.take(now)) return;
  Json detail{{"relay", text_of_link(question, "relay")},
              {"client", text_of_link(question, "client")},
              {"name", text_of_link(question, "name")}};
  if (!why.empty()) detail["why"] = why;
  events.say_unrecorded(detail);
  record_(type, text_of_link(question, "id"), detail);
}

}  // namespace postern::supervisor
