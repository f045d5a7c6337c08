// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/ws_frame.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace postern::http {
namespace {

constexpr unsigned kFin = 0x80, kRsv1 = 0x40, kOtherRsv = 0x30, kOpcode = 0x0F, kMasked = 0x80,
                   kLength = 0x7F;
constexpr unsigned kTwoByteLength = 126, kEightByteLength = 127;
constexpr std::size_t kMaskSize = 4;
constexpr std::uint16_t kNoCode = 1005;

constexpr WsVerdict wrong(std::string_view sentence) { return {WsClose::ProtocolError, sentence}; }

constexpr bool is_opcode(unsigned value) { return value <= 2 || (value >= 8 && value <= 10); }

// Section 7.4: those that stand for "none" or "cut off" are not sent, and what nobody has defined neither.
constexpr bool may_be_sent(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

unsigned char first_byte(const WsFrame& frame) {
  return static_cast<unsigned char>((frame.fin ? kFin : 0U) | (frame.compressed ? kRsv1 : 0U) |
                                    static_cast<unsigned>(frame.opcode));
}

}  // namespace

// --- decoder

WsStep WsDecoder::take(std::string_view bytes) {
  WsStep step;
  if (refused_) {
    step.state = WsStep::State::Refused;
    step.verdict = wrong("a frame follows one that was refused");
    return step;
  }
  if (!in_payload_ && !take_header(bytes, step)) {
    refused_ = step.state == WsStep::State::Refused;
    return step;
  }
  return take_payload(bytes.substr(step.consumed), step);
}

// True once the header is complete.
bool WsDecoder::take_header(std::string_view bytes, WsStep& step) {
  while (size_ < header_size()) {
    if (step.consumed == bytes.size()) return false;
    header_[size_++] = static_cast<unsigned char>(bytes[step.consumed++]);
    if (size_ != 2) continue;
    step.verdict = judge_start();
    if (step.verdict.ok()) continue;
    step.state = WsStep::State::Refused;
    return false;
  }
  left_ = read_length();
  const unsigned form = header_[1] & kLength;
  const bool minimal =
      form == kTwoByteLength ? left_ >= kTwoByteLength : form != kEightByteLength || left_ > 0xFFFF;
  if (!minimal || left_ >> 63U != 0) {
    step.state = WsStep::State::Refused;
    step.verdict = wrong("a frame's length is not written in its shortest form");
    return false;
  }
  in_payload_ = first_piece_ = true;
  masked_ = 0;
  return true;
}

// By the first two bytes.
WsVerdict WsDecoder::judge_start() const {
  const unsigned opcode = header_[0] & kOpcode;
  if ((header_[0] & kOtherRsv) != 0) return wrong("a frame has a reserved bit");
  if (!is_opcode(opcode)) return wrong("a frame has a reserved opcode");
  if (((header_[1] & kMasked) != 0) != (from_ == From::Client))
    return wrong(from_ == From::Client ? "a client's frame is not masked" : "a server's frame is masked");
  if (!is_control(static_cast<WsOpcode>(opcode))) return {};
  if ((header_[0] & kFin) == 0) return wrong("a control frame is fragmented");
  if ((header_[0] & kRsv1) != 0) return wrong("a control frame has a reserved bit");
  return (header_[1] & kLength) > kWsControl ? wrong("a control frame is longer than 125 bytes")
                                             : WsVerdict{};
}

std::size_t WsDecoder::header_size() const {
  if (size_ < 2) return 2;
  const unsigned form = header_[1] & kLength;
  const std::size_t length = form == kTwoByteLength ? 2 : form == kEightByteLength ? 8 : 0;
  return 2 + length + ((header_[1] & kMasked) != 0 ? kMaskSize : 0);
}

std::uint64_t WsDecoder::read_length() const {
  const unsigned form = header_[1] & kLength;
  if (form < kTwoByteLength) return form;
  const std::size_t size = form == kTwoByteLength ? 2 : 8;
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < size; ++i) length = length << 8U | header_[2 + i];
  return length;
}

// A control frame is given out whole, of others what is there.
WsStep WsDecoder::take_payload(std::string_view bytes, WsStep step) {
  const auto opcode = static_cast<WsOpcode>(header_[0] & kOpcode);
  const std::size_t there =
      static_cast<std::size_t>(std::min<std::uint64_t>({bytes.size(), left_, kWsPiece}));
  if (left_ > 0 && (there == 0 || (is_control(opcode) && there < left_))) return step;
  piece_.assign(bytes.substr(0, there));
  if (from_ == From::Client) unmask(bytes.substr(0, there));
  left_ -= there;
  step.consumed += there;
  step.state = WsStep::State::Frame;
  step.frame.opcode = first_piece_ ? opcode : WsOpcode::Continuation;
  step.frame.compressed = first_piece_ && (header_[0] & kRsv1) != 0;
  step.frame.fin = left_ == 0 && (header_[0] & kFin) != 0;
  step.frame.payload = piece_;
  first_piece_ = false;
  in_payload_ = left_ > 0;
  if (!in_payload_) size_ = 0;
  return step;
}

void WsDecoder::unmask(std::string_view bytes) {
  const unsigned char* mask = header_.data() + header_size() - kMaskSize;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    piece_[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ mask[(masked_ + i) % kMaskSize]);
  masked_ = (masked_ + bytes.size()) % kMaskSize;
}

// --- text

bool Utf8Pieces::take(std::string_view piece) {
  for (const char c : piece) {
    const auto byte = static_cast<unsigned char>(c);
    if (expected_ == 0) {
      if (byte >= 0x80 && !begin(byte)) return false;
      continue;
    }
    if (byte < low_ || byte > high_) return false;
    low_ = 0x80;
    high_ = 0xBF;
    --expected_;
  }
  return true;
}

// RFC 3629 section 4: the second byte of some is bounded further.
bool Utf8Pieces::begin(unsigned char byte) {
  if (byte < 0xC2 || byte > 0xF4) return false;
  expected_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
  high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
  return true;
}

// --- messages

WsVerdict WsJudge::judge(const WsFrame& frame, base::Nanos now) {
  if (closed_) return wrong("a frame follows a Close");
  const bool costs = is_control(frame.opcode) || (frame.payload.empty() && !frame.fin);
  if (costs && !pay(now)) return {WsClose::Policy, "too many frames bring no message on"};
  if (!is_control(frame.opcode)) return judge_data(frame);
  return frame.opcode == WsOpcode::Close ? judge_close(frame.payload) : WsVerdict{};
}

bool WsJudge::pay(base::Nanos now) {
  if (paid_until_ == 0) paid_until_ = now;
  const base::Nanos earned = std::min<base::Nanos>((now - paid_until_) / kPerFrame, kBudget);
  if (earned > 0) {
    budget_ = std::min(budget_ + static_cast<int>(earned), kBudget);
    paid_until_ = now;
  }
  return --budget_ >= 0;
}

WsVerdict WsJudge::judge_data(const WsFrame& frame) {
  const bool begins = frame.opcode != WsOpcode::Continuation;
  if (begins && open_) return wrong("a message begins within another");
  if (!begins && !open_) return wrong("a message goes on that has not begun");
  if (frame.compressed && (!begins || !deflate_)) return wrong("a frame has a reserved bit");
  if (begins) {
    open_ = true;
    text_ = frame.opcode == WsOpcode::Text;
    compressed_ = frame.compressed;
    size_ = 0;
    utf8_.reset();
  }
  if (frame.payload.size() > max_message_ - size_)
    return {WsClose::TooBig, "a message is longer than the operation allows"};
  size_ += frame.payload.size();
  bytes_ += frame.payload.size();
  const bool readable = text_ && !compressed_;
  if (readable && (!utf8_.take(frame.payload) || (frame.fin && !utf8_.complete())))
    return {WsClose::InvalidData, "a text message is not UTF-8"};
  if (!frame.fin) return {};
  open_ = false;
  ++messages_;
  return {};
}

WsVerdict WsJudge::judge_close(std::string_view payload) {
  closed_ = true;
  close_code_ = kNoCode;
  if (payload.empty()) return {};
  if (payload.size() == 1) return wrong("a Close has half a code");
  const unsigned code = static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8U |
                        static_cast<unsigned char>(payload[1]);
  if (!may_be_sent(code)) return wrong("a Close has a code that is not sent");
  close_code_ = static_cast<std::uint16_t>(code);
  if (!base::is_utf8(payload.substr(2))) return {WsClose::InvalidData, "the reason of a Close is not UTF-8"};
  return {};
}

// --- writing

void write_ws_frame(std::string& out, const WsFrame& frame, const std::optional<WsMask>& mask) {
  const std::size_t size = frame.payload.size();
  const unsigned masked = mask ? kMasked : 0U;
  out += static_cast<char>(first_byte(frame));
  const std::size_t bytes = size < kTwoByteLength ? 0 : size <= 0xFFFF ? 2 : 8;
  const unsigned form = bytes == 0   ? static_cast<unsigned>(size)
                        : bytes == 2 ? kTwoByteLength
                                     : kEightByteLength;
  out += static_cast<char>(masked | form);
  for (std::size_t i = bytes; i-- > 0;)
    out += static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i) & 255U);
  if (!mask) {
    out += frame.payload;
    return;
  }
  for (const unsigned char byte : *mask) out += static_cast<char>(byte);
  const std::size_t begin = out.size();
  out += frame.payload;
  for (std::size_t i = 0; i < size; ++i)
    out[begin + i] = static_cast<char>(static_cast<unsigned char>(out[begin + i]) ^ (*mask)[i % kMaskSize]);
}

std::string ws_close_payload(WsClose code, std::string_view reason) {
  POSTERN_CHECK(reason.size() + 2 <= kWsControl);
  std::string out;
  if (code == WsClose::None) return out;
  const auto value = static_cast<unsigned>(code);
  out += static_cast<char>(value >> 8U);
  out += static_cast<char>(value & 255U);
  return out.append(reason);
}

void to_wire(const WsFrame& frame, std::string& out) {
  out.assign(1, static_cast<char>(first_byte(frame)));
  out += frame.payload;
}

std::optional<WsFrame> from_wire(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > kWsPiece + 1) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes.front());
  if ((first & kOtherRsv) != 0 || !is_opcode(first & kOpcode)) return std::nullopt;
  WsFrame frame{(first & kFin) != 0, (first & kRsv1) != 0, static_cast<WsOpcode>(first & kOpcode),
                bytes.substr(1)};
  const bool fits =
      !is_control(frame.opcode) || (frame.fin && !frame.compressed && frame.payload.size() <= kWsControl);
  return fits ? std::optional(frame) : std::nullopt;
}

}  // namespace postern::http
