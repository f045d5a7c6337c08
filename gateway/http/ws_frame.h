// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// WebSocket frames (RFC 6455 section 5): bytes in, frames out, and back. A decoder holds one direction of a connection
// to the rules of frames; a judge, behind it, to those of messages. Between the two doors a frame travels as one byte,
// the first one of RFC 6455, and its payload (to_wire). So nobody on the other side of a door ever sees a length or a
// mask that somebody else wrote.
//
// What comes in is cut anew: no frame that a decoder gives out has more than kWsPiece bytes. A frame, a message of
// frames, and where they are cut may be of any size; memory is not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::http {

inline constexpr std::size_t kWsPiece = 16U
                                        << 10U;  // bytes of one frame's payload, once it is past a decoder
inline constexpr std::size_t kWsControl = 125;   // bytes of a control frame's payload
inline constexpr std::size_t kWsHeader = 14;     // bytes of a frame's header at most

enum class WsOpcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };
constexpr bool is_control(WsOpcode opcode) { return opcode >= WsOpcode::Close; }

// RFC 6455 section 7.4.1.
enum class WsClose : std::uint16_t {
  None = 0,  // nothing is wrong; on the wire: a Close without a code
  Normal = 1000,
  GoingAway = 1001,
  ProtocolError = 1002,
  InvalidData = 1007,
  Policy = 1008,
  TooBig = 1009,
  Internal = 1011,
};

struct WsFrame {
  bool fin = true;
  bool compressed = false;  // RSV1
  WsOpcode opcode = WsOpcode::Text;
  std::string_view payload;
};

// What is wrong: the code for whoever did it, and a literal. Normal traffic has none.
struct WsVerdict {
  WsClose close = WsClose::None;
  std::string_view sentence;
  bool ok() const { return close == WsClose::None; }
};

struct WsStep {
  enum class State : std::uint8_t { NeedMore, Frame, Refused };
  State state = State::NeedMore;
  std::size_t consumed = 0;  // also where more is needed
  WsFrame frame;             // of Frame; its payload is valid until the next call
  WsVerdict verdict;         // of Refused, which is the last step
};

class WsDecoder {
 public:
  enum class From : std::uint8_t { Client, Server };  // a client masks, a server does not (section 5.1)
  explicit WsDecoder(From from) : from_(from) {}

  // bytes: what was received and not yet consumed. One frame at most; of a long one as much as is there.
  WsStep take(std::string_view bytes);
  bool between_frames() const { return !in_payload_ && size_ == 0; }

 private:
  bool take_header(std::string_view bytes, WsStep& step);
  WsVerdict judge_start() const;
  std::size_t header_size() const;
  std::uint64_t read_length() const;
  WsStep take_payload(std::string_view bytes, WsStep step);
  void unmask(std::string_view bytes);

  From from_;
  std::array<unsigned char, kWsHeader> header_{};
  std::size_t size_ = 0;  // of header_
  bool in_payload_ = false, first_piece_ = false;
  std::uint64_t left_ = 0;  // of the payload
  std::size_t masked_ = 0;  // bytes unmasked so far, modulo 4
  std::string piece_;
  bool refused_ = false;
};

// Text that comes in pieces (RFC 3629): shortest forms, no surrogates, nothing above U+10FFFF.
class Utf8Pieces {
 public:
  bool take(std::string_view piece);                // false: it is none
  bool complete() const { return expected_ == 0; }  // no character is cut off
  void reset() { expected_ = 0; }

 private:
  bool begin(unsigned char byte);
  unsigned expected_ = 0;  // continuation bytes
  unsigned char low_ = 0x80, high_ = 0xBF;
};

// One direction's frames as messages (sections 5.4, 5.5, 7.4, 8.1).
class WsJudge {
 public:
  // deflate: it was agreed on, and a message's first frame may have RSV1.
  WsJudge(std::uint64_t max_message, bool deflate) : max_message_(max_message), deflate_(deflate) {}

  WsVerdict judge(const WsFrame& frame, base::Nanos now);
  bool closed() const { return closed_; }  // a Close has come; nothing may follow
  // Of that Close; 1005: it had none; 0: there was no Close.
  std::uint16_t close_code() const { return close_code_; }
  std::uint64_t messages() const { return messages_; }
  std::uint64_t bytes() const { return bytes_; }  // payload of messages
  bool message_compressed() const { return compressed_; }
  bool message_is_text() const { return text_; }

 private:
  // Control frames and empty fragments bring nothing on: so many at once, and so many a second for ever.
  static constexpr int kBudget = 100;
  static constexpr base::Nanos kPerFrame = base::kSecond / 10;

  WsVerdict judge_data(const WsFrame& frame);
  WsVerdict judge_close(std::string_view payload);
  bool pay(base::Nanos now);

  std::uint64_t max_message_;
  bool deflate_;
  bool open_ = false;  // within a message
  bool text_ = false, compressed_ = false, closed_ = false;
  std::uint64_t size_ = 0, messages_ = 0, bytes_ = 0;
  std::uint16_t close_code_ = 0;
  Utf8Pieces utf8_;
  int budget_ = kBudget;
  base::Nanos paid_until_ = 0;
};

// Appends the frame as it goes over a connection; with a mask, as a client's.
using WsMask = std::array<unsigned char, 4>;
void write_ws_frame(std::string& out, const WsFrame& frame, const std::optional<WsMask>& mask = std::nullopt);
// The payload of a Close. reason: at most 123 bytes of UTF-8.
std::string ws_close_payload(WsClose code, std::string_view reason);

// Between the two doors. Nothing: it is no frame that a decoder gives out.
void to_wire(const WsFrame& frame, std::string& out);  // replaces what is in out
std::optional<WsFrame> from_wire(std::string_view bytes);

}  // namespace postern::http
