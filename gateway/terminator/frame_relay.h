// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The frames of one WebSocket at the first door, the same whichever version of HTTP it came over: the client's are held
// to the rules of frames (http::WsDecoder), unmasked and handed over one by one; what whoever answers sends is written
// as a server's frames. What their payloads mean, and whether a message may be what it is, the second door judges.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "gateway/http/verdict.h"
#include "gateway/http/ws_frame.h"
#include "gateway/terminator/exchange.h"

namespace postern::terminator {

class FrameRelay {
 public:
  // Hands over what the exchange's credit lets pass. How many bytes were taken; refused: the client broke the rules,
  // and nothing more is taken.
  std::size_t take(Host& host, Exchange& exchange, std::string_view bytes, http::Verdict& refused);
  // There is credit for a piece and the byte in front of it.
  static bool may_take(const Exchange& exchange) { return exchange.request_credit > http::kWsPiece; }
  bool client_closed() const { return client_closed_; }  // its Close was handed over

  // A frame from whoever answers, for the client: appended to out. False: it is none. After goodbye() nothing is
  // appended any more, and the credit is due at once; otherwise once what was appended is on its way (departed).
  bool give(std::string_view wire, std::string& out);
  std::size_t departed(std::size_t bytes);  // of what was appended; how much of it is due
  bool between_frames() const { return front_ == 0; }
  void discard() { under_way_.clear(); }  // what was appended and has not departed was thrown away

  // A Close of our own, once.
  enum class Why { Cut, Leaving };
  void goodbye(Why why, std::string& out);

 private:
  struct UnderWay {
    std::size_t bytes, due;
  };
  http::WsDecoder decoder_{http::WsDecoder::From::Client};
  bool client_closed_ = false, said_goodbye_ = false;
  std::deque<UnderWay> under_way_;  // as many as the response's credit allows
  std::size_t front_ = 0;           // of the first of them, that has departed
  std::string wire_;
};

}  // namespace postern::terminator
