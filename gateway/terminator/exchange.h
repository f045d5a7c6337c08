// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a terminator knows of one exchange, and what it says of it to whoever answers (exchange_protocol.h), the same
// whichever version of HTTP it came over. These functions keep the figures right; when what is said, the wires know.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "gateway/http/message.h"
#include "gateway/http/verdict.h"
#include "gateway/ipc/exchange_protocol.h"

namespace postern::terminator {

class Connection;

// What a connection needs of the terminator that owns it.
class Host {
 public:
  virtual ~Host() = default;
  // False: there is nobody to answer now; nothing was sent.
  virtual bool send(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) = 0;
  // A new exchange id, routed to the connection and its stream (0 in HTTP/1.1).
  virtual std::uint64_t begin_exchange(Connection& connection, std::uint32_t stream) = 0;
  virtual void end_exchange(std::uint64_t id) = 0;
  virtual bool may_multiplex() const = 0;           // a connection may have more than one exchange at a time
  virtual void touch(Connection& connection) = 0;   // has output: call flush() at the end of the turn
  virtual void retire(Connection& connection) = 0;  // is over: destroy it after the turn
  virtual bool draining() const = 0;
  // Nothing may be sent now (ipc/stop_word.h): connection is touched when it may.
  virtual bool stopped(Connection& connection) = 0;
  // So much waits for whoever answers that no connection is to be read: it reads on when it is told.
  virtual bool crowded() = 0;
  virtual std::span<char> scratch() = 0;         // a receive buffer that all connections share within a turn
  virtual std::span<char> record_scratch() = 0;  // the same, for the plaintext of one TLS record
};

struct Exchange {
  std::uint64_t id = 0;
  http::Method method = http::Method::Get;
  bool request_done = false;
  bool refused = false;   // not valid HTTP: nothing behind it can be trusted
  bool orphaned = false;  // whoever answered is gone, and we answered ourselves
  bool response_started = false;
  bool response_ended = false;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::size_t request_credit = ipc::kInitialCredit;  // what we may still send
  std::size_t response_uncredited = 0;               // what arrived and was not yet credited
};

enum class HandOver { Sent, TooLarge, NobodyThere };
HandOver hand_over(Host& host, std::uint64_t connection, Exchange& exchange, const http::RequestHead& head);
// False: there is nobody to be told. first_line: of a head that was not handed over; what follows it may hold
// credentials, and must not reach the log.
bool report_refused(Host& host, std::uint64_t connection, Exchange& exchange, const http::Verdict& verdict,
                    std::string_view first_line);
// piece: at most kBodyPiece, and within the credit.
void pass_body(Host& host, Exchange& exchange, std::string_view piece);
void pass_end(Host& host, Exchange& exchange, const http::Fields& trailers);
void give_credit(Host& host, Exchange& exchange, std::size_t bytes);
void report_gone(Host& host, const Exchange& exchange);
// The last word. unsent: of what left us, what never left the process. complete: the response was sent to its end.
void report_done(Host& host, Exchange& exchange, base::Nanos now, std::uint64_t unsent, bool complete);

// Whether the answer to that method with that status has a body, whatever its head says.
bool has_body(http::Method method, std::uint16_t status);
// False: whoever answers sends what is not a field.
bool read_fields(const std::vector<ipc::WireField>& wire, http::Fields& fields);

// The one answer that a terminator makes itself: whoever answers is not there. No event can be written for it
// here; the supervisor records that the role ended.
inline constexpr std::string_view kOwnAnswer =
    R"({"type":"about:blank","title":"The gateway failed","code":"gateway_error","detail":"A part of the gateway is being restarted. Try again."})";
http::Fields own_answer_fields();
// Marks it as answered: what whoever answered might still say has no place to go.
void orphan(Host& host, Exchange& exchange);

}  // namespace postern::terminator
