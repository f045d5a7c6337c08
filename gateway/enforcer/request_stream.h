// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What follows a request's head: taken from the terminator within its credit, kept while it must wait, passed on
// to what carries it. Whether it is wanted is not its business; that it is what the head announced, and no byte more, is:
// what stands behind a body is another request for whoever reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "gateway/enforcer/component_carrier.h"
#include "gateway/http/fields.h"
#include "gateway/http/message.h"
#include "gateway/ipc/exchange_protocol.h"

namespace postern::enforcer {

class RequestStream {
 public:
  using Send = std::function<void(ipc::ExchangeFrame, std::uint64_t, std::string_view)>;
  // send, for the credit, outlives it.
  RequestStream(const Send& send, std::uint64_t exchange)
      : send_(send), exchange_(exchange), waiting_(ipc::kInitialCredit + ipc::kBodyPiece, 0) {}

  void expect(const http::Framing& body);  // what the head announced; with no body it is done
  bool done() const { return done_; }
  std::uint64_t bytes() const { return bytes_; }                // that have come, wanted or not
  std::string_view waiting() const { return waiting_.view(); }  // kept, and not yet passed on

  // Frames; false if the terminator broke the protocol.
  [[nodiscard]] bool arrived(std::string_view piece);
  [[nodiscard]] bool keep(std::string_view piece) { return waiting_.write(piece); }
  [[nodiscard]] bool end(const std::vector<ipc::WireField>& trailers);
  void break_off() { done_ = true; }  // RequestRefused took the place of its end

  // Of a WebSocket, whose frames do not wait here: so many bytes of them are still to be sent on.
  void passed(std::size_t unsent) { give_credit(unsent); }
  void begin_again() { ended_ = false; }  // on another connection, which has not been told of the end
  // Passes on what waits, and gives the client credit for it. to becomes nullptr if its user gives it up
  // meanwhile, as a user does that hears of its failure. strip: trailers that the component is not sent.
  void pass(ComponentCarrier*& to, const std::vector<std::string>& strip);

 private:
  void pass_end(ComponentCarrier*& to, const std::vector<std::string>& strip);
  void give_credit(std::size_t unsent);

  const Send& send_;
  std::uint64_t exchange_;
  http::Framing body_;
  base::Buffer waiting_;
  std::uint64_t bytes_ = 0;
  std::size_t credit_ = ipc::kInitialCredit;  // what the terminator may still send
  bool done_ = false;
  bool ended_ = false;  // and the component has been told
  http::Fields trailers_;
};

}  // namespace postern::enforcer
