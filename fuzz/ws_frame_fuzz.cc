// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Frames of a client or a server (first byte: which, and the size of the pieces): the same messages whole and in pieces, and
// once more where they were written anew, after the way between the doors.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "gateway/http/ws_frame.h"

using namespace postern::http;

// What was said; of a message that breaks a rule, nothing. anew: the same as a server would write it.
static std::string decode(WsDecoder::From from, std::string_view bytes, std::size_t piece,
                          std::string& anew) {
  WsDecoder decoder(from);
  WsJudge judge(1U << 20U, true);
  std::string told, complete, buffer, wire;
  while (true) {
    const WsStep step = decoder.take(buffer);
    buffer.erase(0, step.consumed);
    if (step.state == WsStep::State::Refused || (step.state == WsStep::State::NeedMore && bytes.empty()))
      return complete;
    if (step.state == WsStep::State::NeedMore) {
      buffer += bytes.substr(0, piece);
      bytes.remove_prefix(std::min(piece, bytes.size()));
      continue;
    }
    to_wire(step.frame, wire);
    const auto frame = from_wire(wire);
    POSTERN_CHECK(frame && frame->payload == step.frame.payload && frame->fin == step.frame.fin);
    if (!judge.judge(*frame, 1).ok()) return complete;
    write_ws_frame(anew, *frame);
    if (frame->opcode != WsOpcode::Continuation) told += static_cast<char>(wire[0] & 0x4F);
    told += frame->payload;
    if (frame->fin && !is_control(frame->opcode)) complete = told;
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto from = (data[0] & 1U) != 0 ? WsDecoder::From::Client : WsDecoder::From::Server;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string anew, again;
  const std::string whole = decode(from, bytes, size, anew);
  POSTERN_CHECK(whole == decode(from, bytes, data[0] % 16 + 1U, again));
  POSTERN_CHECK(whole == decode(WsDecoder::From::Server, anew, size, again));
  return 0;
}
