// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/terminator/frame_relay.h"

#include <utility>

namespace postern::terminator {

std::size_t FrameRelay::take(Host& host, Exchange& exchange, std::string_view bytes, http::Verdict& refused) {
  std::size_t taken = 0;
  while (!exchange.refused && may_take(exchange)) {
    const http::WsStep step = decoder_.take(bytes.substr(taken));
    taken += step.consumed;
    if (step.state == http::WsStep::State::NeedMore) break;
    if (step.state == http::WsStep::State::Refused) {
      refused = http::refused(base::Refusal::WebsocketProtocolError, step.verdict.sentence);
      break;
    }
    if (client_closed_) continue;  // section 1.4: what comes behind a Close is thrown away
    client_closed_ = step.frame.opcode == http::WsOpcode::Close;
    http::to_wire(step.frame, wire_);
    exchange.request_bytes += step.frame.payload.size();
    pass_body(host, exchange, wire_);
  }
  return taken;
}

bool FrameRelay::give(std::string_view wire, std::string& out) {
  const auto frame = http::from_wire(wire);
  if (!frame) return false;
  const std::size_t before = out.size();
  if (said_goodbye_) return true;
  http::write_ws_frame(out, *frame);
  under_way_.push_back({out.size() - before, wire.size()});
  return true;
}

std::size_t FrameRelay::departed(std::size_t bytes) {
  std::size_t due = 0;
  front_ += bytes;
  while (!under_way_.empty() && front_ >= under_way_.front().bytes) {
    front_ -= under_way_.front().bytes;
    due += under_way_.front().due;
    under_way_.pop_front();
  }
  return due;
}

void FrameRelay::goodbye(Why why, std::string& out) {
  if (std::exchange(said_goodbye_, true)) return;
  const std::string payload = why == Why::Cut
                                  ? http::ws_close_payload(http::WsClose::Policy, "access was taken away")
                                  : http::ws_close_payload(http::WsClose::GoingAway, "the gateway stops");
  const std::size_t before = out.size();
  http::write_ws_frame(out, {true, false, http::WsOpcode::Close, payload});
  under_way_.push_back({out.size() - before, 0});
}

}  // namespace postern::terminator
