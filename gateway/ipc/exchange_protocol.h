// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The exchange protocol: what a terminator and whoever answers exchanges (enforcer, console) say to each
// other over a pair of shared-memory rings (ring.h). It is the whole talk across the trust boundary between
// the two doors: neither side believes a byte of the other; every field is checked by the reader in its own
// copy, and a breach ends the channel.
//
//   frame = size u32 | type u16 | flags u16 | id u64 | payload     little-endian; size counts the payload only
//
// Connections and exchanges are numbered by the terminator, each from 1 upwards, never reused on a channel.
// Bodies flow by credit: a sender may have at most kInitialCredit bytes of one body under way plus what it
// was given by *Credit frames, so the memory of an exchange is bounded whatever the sizes are.
//
//   terminator -> answerer                  id is of
//   ConnectionOpened                        the connection
//   ConnectionClosed                        the connection
//   RequestHead                             the exchange
//   RequestBody                             the exchange
//   RequestEnd         trailers             the exchange
//   RequestRefused     what was not valid   the exchange
//   ResponseCredit     u32 bytes            the exchange
//   ClientGone                              the exchange
//   ExchangeDone       bytes, cut figures   the exchange
//   ConnectionsRefused because of a limit   nothing (0)
//
//   answerer -> terminator                  id is of
//   ResponseHead       the final status     the exchange
//   InformationalHead  1xx, 100 included    the exchange
//   ResponseBody                            the exchange
//   ResponseEnd        trailers             the exchange
//   RequestCredit      u32 bytes            the exchange
//   Cut                u8 CutReason         the exchange
//   CloseConnection                         the connection
//   Reviewed           u64 stop word        nothing (0): all that it stopped was looked at, and is cut or may go on
//
// An exchange begins with RequestHead or RequestRefused and ends with ExchangeDone, which the terminator
// sends exactly once, after ResponseEnd was written out, after a Cut, or after ClientGone. A request whose
// body kind is None has no RequestEnd. When a body turns out to be wrong, RequestRefused takes the place of
// its RequestEnd. The answerer sends nothing after Cut, and after ResponseEnd at most a Cut: what has not
// been written out by then must not leave. A request of kind Frames asks for a WebSocket, and has no RequestEnd. If
// the answer is 101 of kind Frames, then every RequestBody and ResponseBody from there on is one frame of RFC 6455, as
// gateway/http/ws_frame.h writes it for this; before it there is no RequestBody. With any other answer nothing follows
// the request. Frames for an exchange whose ExchangeDone they crossed mean
// nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/refusal.h"

namespace postern::ipc {

enum class ExchangeFrame : std::uint16_t {
  ConnectionOpened = 1,
  ConnectionClosed = 2,
  RequestHead = 3,
  RequestBody = 4,
  RequestEnd = 5,
  RequestRefused = 6,
  ResponseCredit = 7,
  ClientGone = 8,
  ExchangeDone = 9,
  ConnectionsRefused = 10,
  ResponseHead = 33,
  InformationalHead = 34,
  ResponseBody = 35,
  ResponseEnd = 36,
  RequestCredit = 37,
  Cut = 38,
  CloseConnection = 39,
  Reviewed = 40,
};

inline constexpr std::size_t kFrameHeaderSize = 16;
inline constexpr std::size_t kBodyPiece = 32U << 10U;  // bytes of one RequestBody or ResponseBody at most
inline constexpr std::size_t kInitialCredit = 128U << 10U;  // bytes of one body under way at most
inline constexpr std::size_t kLargestFrame = 96U
                                             << 10U;   // bytes of a payload: a head with all its fields fits
inline constexpr std::size_t kMostClientFields = 256;  // of one head: limits.fields at its largest
// A head of HTTP/2 becomes one of HTTP/1.1: Host, Cookie, and what says that a body or a WebSocket follows come to it.
inline constexpr std::size_t kMostFields = kMostClientFields + 16;
// Exchanges of one connection at a time: one in HTTP/1.1, as many as there are streams in HTTP/2.
inline constexpr std::uint32_t kMostConcurrent = 100;
// Of a channel, where the terminator is told nothing else: from here on a connection has one exchange at a time.
inline constexpr std::size_t kMostMultiplexed = 5'000;
// Of a client's chain, what is told: enough for every chain that a support authority issues.
inline constexpr std::size_t kMostCertificates = 4;
inline constexpr std::size_t kMostExcerpt = 512;              // of a head that is not valid
inline constexpr std::size_t kCertificateBytes = 64U << 10U;  // of all of them together

// How a message's body is delimited, as far as the other side must know.
enum class BodyKind : std::uint8_t { None = 0, Sized = 1, Streamed = 2, Frames = 3 };

// Why the answerer breaks off an exchange: the terminator discards what it has not sent and resets the
// connection.
enum class CutReason : std::uint8_t { Permission = 1, Component = 2, Limit = 3, Internal = 4 };

struct WireField {
  std::string_view name;  // lower case
  std::string_view value;
};

struct ConnectionOpened {
  std::string_view client;  // "192.0.2.7:50123" or "[2001:db8::1]:50123"
  std::string_view tls;     // "TLSv1.3 TLS_AES_128_GCM_SHA256 x25519"; empty on the local socket
  bool resumed = false;
  std::vector<std::string_view> certificates;  // the client's chain in DER, leaf first
  // Of a connection that came through the tunnel: whose relay it came through. client is what that relay claims.
  std::string_view relay = {};
};

struct RequestHead {
  std::uint64_t connection = 0;
  std::uint8_t minor = 1;  // HTTP/1.x
  bool expects_continue = false;
  BodyKind body = BodyKind::None;
  std::uint64_t length = 0;  // for Sized
  std::string_view method;
  std::string_view target;        // as the client sent it
  std::vector<WireField> fields;  // all of them: the reader judges them again
};

struct RequestRefused {
  std::uint64_t connection = 0;
  base::Refusal refusal = base::Refusal::Malformed;  // one that is about the message
  std::string_view why;                              // one sentence of the parser
  std::string_view excerpt;  // the first bytes of the head, at most kMostExcerpt, exactly as received
};

struct ResponseHead {
  std::uint16_t status = 0;
  BodyKind body = BodyKind::None;
  std::uint64_t length = 0;
  bool close = false;  // close the client's connection after this response
  std::vector<WireField> fields;
};

struct ExchangeDone {
  std::uint64_t request_bytes = 0;  // body bytes received from the client
  // Body bytes handed to the kernel for the client; of a response that was broken off, less the framing of
  // what had to be thrown away.
  std::uint64_t response_bytes = 0;
  std::uint64_t after_cut = 0;  // of these, after the Cut frame was read: 0, or a defect
  // Monotonic nanoseconds: of the last of them, or of the cut; of what the stop word had stopped, since when nothing
  // more left.
  std::int64_t ended = 0;
  bool complete = false;  // the response was sent to its end
};

// Connections that were not let in, or were closed because they rested, since this was said last.
struct ConnectionsRefused {
  bool per_address = false;  // because of one address, or of all
  std::uint32_t count = 0;
  std::string_view client;  // the last of them, as in ConnectionOpened
};

// Each encode_ replaces what is in out; each decode_ is false for anything but exactly one well-formed
// message. Views point into the payload given.
void encode(const ConnectionOpened& m, base::BinaryWriter& out);
void encode(const RequestHead& m, base::BinaryWriter& out);
void encode(const RequestRefused& m, base::BinaryWriter& out);
void encode(const ResponseHead& m, base::BinaryWriter& out);
void encode(const ExchangeDone& m, base::BinaryWriter& out);
void encode(const ConnectionsRefused& m, base::BinaryWriter& out);
void encode_trailers(const std::vector<WireField>& trailers, base::BinaryWriter& out);
[[nodiscard]] bool decode(std::string_view payload, ConnectionOpened& m);
[[nodiscard]] bool decode(std::string_view payload, RequestHead& m);
[[nodiscard]] bool decode(std::string_view payload, RequestRefused& m);
[[nodiscard]] bool decode(std::string_view payload, ResponseHead& m);
[[nodiscard]] bool decode(std::string_view payload, ExchangeDone& m);
[[nodiscard]] bool decode(std::string_view payload, ConnectionsRefused& m);
[[nodiscard]] bool decode_trailers(std::string_view payload, std::vector<WireField>& trailers);

}  // namespace postern::ipc
