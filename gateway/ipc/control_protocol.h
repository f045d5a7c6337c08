// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the supervisor and a role say to each other over the role's control channel (descriptor 3), a
// SocketChannel.
//
//   supervisor -> role
//   Start          JSON: name, index, its part of the configuration; fds in the order of "fds". The one named
//                  "figures" is the page in which the role counts (figures.h)
//   Channel        text peer ("ledger", "exchange", "keeper.tls" ...), u32 index; fds
//   Reload         JSON: its new part of the configuration; fds in the order of "fds"
//   Drain          finish what is under way, take nothing new. Payload: empty, or the byte 1: another supervisor goes on in our place
//                  (docs/HAND_OVER.md)
//   Connected      id u64; fd
//   ConnectFailed  id u64, text
//   Answer         id u64, JSON
//   Accepted       texts client, relay; fd: a terminator's connection that came through the tunnel
//   Leave          the byte 1: a hand-over comes, clients are told to go; or 0: it does not come after all
//
//   role -> supervisor
//   Confined       fd: the listener of its system call filter; what it refuses from now on, the supervisor answers
//   Ready          JSON: the proof of its confinement (below); the role serves
//   Connect        id u64, node u32: open a connection to this node
//   Ask            id u64, JSON {ask: "status"|"figures"|"reload"|"log_keys"} of the console; {ask: "breach", why} of an enforcer or
//                  the console: its terminator broke the exchange protocol; {ask: "inquire", whose, host, chain} of an enforcer: what
//                  can be learned about a certificate, answered when something was; {ask: "fetched"|"acme"|"line"} of the link,
//                  and {ask: "tunnel", client, relay, name}: a connection to a terminator, answered with Connected; {ask: "left"} of a
//                  terminator: what ran when it was told Leave has ended
//   Drained        nothing is under way any more (after Drain). Payload: u32, how many exchanges were cut for it
//   Failed         text: why it ends now; for people, in status and in the event
//
// The proof: {"kernel": text, "landlock": ABI or 0, "filtered": bool, "profile": SHA-256 of the role's row,
// "attempts", "refused": of the self-test, "missing": [what the kernel lacks and what is lost by it]}
//
// Channel frames come before Start for the channels that exist at the beginning, and again whenever a peer
// was restarted: the new descriptors replace the old ones.
//   "exchange"   (terminator, enforcer, console): memory, wake_me, wake_peer of a ring pair
//   "ledger"     (enforcer, console, link, supervisor itself; the ledger gets "enforcer", "console", "link",
//                "supervisor"): a stream socket
//   "keeper"     (terminator, ledger; the keeper gets "terminator", "ledger" with the index): a SEQPACKET socket
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace postern::ipc {

enum class ToRole : std::uint16_t {
  Start = 1,
  Channel = 2,
  Reload = 3,
  Drain = 4,
  Connected = 5,
  ConnectFailed = 6,
  Answer = 7,
  Accepted = 8,
  Leave = 9,
};
enum class FromRole : std::uint16_t {
  Ready = 33,
  Connect = 34,
  Ask = 35,
  Drained = 36,
  Failed = 37,
  Confined = 38,
};

// Payloads of Drain and Leave, and of a Leave that is taken back.
inline constexpr std::string_view kForAnother("\1", 1), kForNobody("\0", 1);

inline constexpr int kControlFd = 3;
inline constexpr std::string_view kFiguresFd = "figures";
inline constexpr std::string_view kStopWordFd =
    "stop_word";  // of the ledger, and of terminators of enforcers
inline constexpr std::string_view kStopBellFd =
    "stop_bell";                                   // a terminator's; the ledger's have its index behind
inline constexpr std::size_t kReasonLimit = 1024;  // bytes of Failed: the rest is cut off
// Payload of a frame at most: an enforcer's Start carries the roots of each node, about 220 KiB where they
// are the system's.
inline constexpr std::size_t kControlFrame = 24U << 20U;
inline constexpr std::size_t kControlQueue = 2 * kControlFrame;
// Descriptors that wait for one role at most: the connections of an enforcer that is busy (supervisor::kMostConnects), and as many
// again for what reloads and restarted peers bring.
inline constexpr std::size_t kControlDescriptors = 2048;

struct ChannelOffer {
  std::string_view peer;
  std::uint32_t index = 0;
};
struct Numbered {  // Connected, ConnectFailed, Ask, Answer
  std::uint64_t id = 0;
  std::string_view text;
};
struct AcceptedClient {
  std::string_view client, relay;  // as ConnectionOpened has them
};
struct ConnectRequest {
  std::uint64_t id = 0;
  std::uint32_t node = 0;  // index into the configuration's nodes
};

void encode(const ChannelOffer& m, base::BinaryWriter& out);
void encode(const Numbered& m, base::BinaryWriter& out);
void encode(const ConnectRequest& m, base::BinaryWriter& out);
void encode(const AcceptedClient& m, base::BinaryWriter& out);
[[nodiscard]] bool decode(std::string_view payload, ChannelOffer& m);
[[nodiscard]] bool decode(std::string_view payload, Numbered& m);
[[nodiscard]] bool decode(std::string_view payload, ConnectRequest& m);
[[nodiscard]] bool decode(std::string_view payload, AcceptedClient& m);

}  // namespace postern::ipc
