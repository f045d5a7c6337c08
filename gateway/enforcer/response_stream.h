// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What goes back to the terminator for one exchange: interim heads, the head, a body within its credit, the
// end or a cut. It frames and counts; what is answered, and by whom, is not its business.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/http/fields.h"
#include "gateway/ipc/exchange_protocol.h"

namespace postern::enforcer {

class ResponseStream {
 public:
  using Send = std::function<void(ipc::ExchangeFrame, std::uint64_t, std::string_view)>;
  // Of a head on its way into a frame; one for all streams, since a frame is sent as soon as it is made.
  struct Making {
    ipc::ResponseHead head;
    base::BinaryWriter frame;
  };
  // send and making outlive it.
  ResponseStream(const Send& send, Making& making, std::uint64_t exchange)
      : send_(send), making_(making), exchange_(exchange) {}

  bool begun() const { return begun_; }  // the head was sent: the status cannot be changed any more
  bool ended() const { return ended_; }
  std::size_t credit() const { return credit_; }    // bytes of body that may be sent now
  std::uint64_t handed() const { return handed_; }  // bytes of body that were sent
  // Bytes that a terminator can have made of them: frames of a WebSocket have longer headers on the wire.
  std::uint64_t most_sent() const { return handed_ + framing_; }
  [[nodiscard]] bool give_credit(std::uint32_t bytes);        // false: more than was used
  void interim(int status, const http::Fields& fields = {});  // one that does not fit into a frame is dropped

  // False, and nothing was sent: a head that does not fit into a frame is larger than any client would take.
  [[nodiscard]] bool head(int status, const http::Fields& fields, ipc::BodyKind kind, std::uint64_t length);
  void body(std::string_view bytes);  // at most credit() bytes
  void frame(std::string_view wire);  // of a WebSocket; at most credit() bytes
  void end(const http::Fields& trailers);
  // The body of an answer of our own and its end, as fast as credit comes in.
  void whole_body(std::string bytes);
  void cut(ipc::CutReason reason);

 private:
  void pump();
  void make(int status, const http::Fields& fields);
  bool send_made(ipc::ExchangeFrame type);

  const Send& send_;
  Making& making_;
  std::uint64_t exchange_;
  std::size_t credit_ = ipc::kInitialCredit;
  std::uint64_t handed_ = 0, framing_ = 0;
  bool begun_ = false;
  bool ended_ = false;
  bool own_ = false;  // own_body_ is being sent, then the end
  std::string own_body_;
  std::size_t own_sent_ = 0;
};

}  // namespace postern::enforcer
