// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The tunnel: engineers' connections, which Mission Control's relay accepts, on their way through the line. The installation
// asks, as for everything on the line, and keeps some requests waiting:
//
//   POST kTunnelPath   -> 200, application/octet-stream, at once. The request's body and the answer's are then one connection,
//                      once an engineer comes: what the customer's terminator says goes up, what the engineer says comes down.
//   answer  = head *chunk     head: a TunnelHead, one line of JSON. It comes when an engineer does
//   chunk   = size bytes      size: u16, big-endian. Size 0: the engineer says no more; nothing follows it
//   request = bytes           its end (END_STREAM): the customer's side says no more
//
// The answer ends after both have said all they say. A stream that is reset, or an answer that ends otherwise, is a connection
// that was cut. Neither side reads the bytes: TLS ends at the engineer and at the customer's terminator.
//
// Of what the head says the installation believes nothing: it is what Mission Control claims, for events and for limits.
//
//   {"id":"01HZX3T9GQ6W5JX0V4M2K8N7PD","relay":"mission.vendor.example","client":"192.0.2.7:50123","name":"acme.reach.vendor.example"}
//   00 05 16 03 01 02 00   00 00
//
// Pure; errors are Invalid, a sentence about what came.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::line {

inline constexpr std::string_view kTunnelPath = "/line/v1/tunnel";
inline constexpr std::size_t kMostTunnels = 64;          // of one installation: waiting, and in use
inline constexpr std::size_t kTunnelHeadLimit = 1024;    // bytes, with the newline
inline constexpr std::size_t kTunnelChunk = 16U << 10U;  // bytes of one chunk at most
// Codes of refusals, beside those of protocol.h.
inline constexpr std::string_view kNoRelay = "no_relay";  // 404: this Mission Control relays nobody

struct TunnelHead {
  std::string id;     // ULID: of the connection, the same in both sides' events
  std::string relay;  // DNS name of the Mission Control that relays
  std::string
      client;  // the engineer's address and port as the relay saw them: "192.0.2.7:50123", "[2001:db8::1]:50123"
  std::string name;  // that the engineer asked for (SNI), lower case
};
std::string format(const TunnelHead& head);                         // with its newline
base::Result<TunnelHead> parse_tunnel_head(std::string_view line);  // without it

// A chunk's first two bytes. size: kTunnelChunk at most.
std::string tunnel_chunk(std::size_t size);

// What comes down, piece by piece.
class TunnelReader {
 public:
  enum class What { Nothing, Head, Bytes, End };  // Nothing: more is needed
  struct Piece {
    What what = What::Nothing;
    std::string_view bytes;  // of Bytes; points into what was given
  };
  // Takes the next piece off in. After an error nothing more can be read.
  base::Result<Piece> next(std::string_view& in);
  const TunnelHead& head() const { return head_; }  // after Head
  bool ended() const { return ended_; }

 private:
  bool has_head_ = false, ended_ = false;
  std::string held_;      // of the head, or of a size, that is not whole yet
  std::size_t left_ = 0;  // of the chunk
  TunnelHead head_;
};

}  // namespace postern::line
