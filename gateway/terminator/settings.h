// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a terminator is told: limits and timeouts. It knows no policy, no path and no key.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "gateway/http/h1_request.h"
#include "gateway/ipc/exchange_protocol.h"

namespace postern::terminator {

struct Limits {
  http::HeadLimits head;
  std::size_t connections = 10'000;
  std::size_t connections_per_address = 1'000;
  std::uint64_t exchanges_per_connection = 1'000'000;  // then the response says "Connection: close"
  std::size_t multiplexed =
      ipc::kMostMultiplexed;                  // exchanges of all: beyond, a connection has one at a time
  std::uint64_t request_body = 64ULL << 20U;  // bytes that come; beyond: body_too_large
};

struct Timeouts {
  base::Nanos handshake = 10 * base::kSecond;  // from accept to the handshake's end
  base::Nanos head = 15 * base::kSecond;       // from a head's first byte to its last
  base::Nanos body_idle =
      30 * base::kSecond;  // between two pieces of a request body, and for a client that does not read
  base::Nanos keep_alive = 75 * base::kSecond;  // between two exchanges
  base::Nanos drain = 30 * base::kSecond;       // for exchanges under way when the gateway stops
  base::Nanos hand_over = 2 * base::kSecond;    // and when another terminator goes on accepting
};

// How long a connection that we end stays readable, so that the client gets our last bytes and not a reset
// (RFC 9112 section 9.6).
inline constexpr base::Nanos kLinger = 2 * base::kSecond;
// What a client may still send meanwhile before it is cut off.
inline constexpr std::size_t kLingerBytes = 1U << 20U;

}  // namespace postern::terminator
