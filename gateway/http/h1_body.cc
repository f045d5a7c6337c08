// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1_body.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "gateway/http/chars.h"
#include "gateway/http/forwarding.h"
#include "gateway/http/head_line.h"

namespace postern::http {
namespace {

constexpr std::uint8_t kMaxSizeDigits = 16;
constexpr std::uint64_t kMaxChunk = std::numeric_limits<std::int64_t>::max();

}  // namespace

BodyDecoder::BodyDecoder(Framing framing, BodySide side)
    : side_(side), chunked_(framing.kind == BodyKind::Chunked), phase_(Phase::Done) {
  switch (framing.kind) {
    case BodyKind::None:
    case BodyKind::WebSocket:
      break;
    case BodyKind::Sized:
      remaining_ = framing.size;
      if (remaining_ != 0) phase_ = Phase::Data;
      break;
    case BodyKind::Chunked:
      phase_ = Phase::Size;
      break;
    case BodyKind::UntilClose:
      phase_ = Phase::Stream;
      break;
  }
}

BodyStep BodyDecoder::feed(std::string_view bytes) {
  switch (phase_) {
    case Phase::Done:
      return {BodyState::Done, 0, {}};
    case Phase::Refused:
      return {BodyState::Refused, 0, {}};
    case Phase::Stream:
      content_ += bytes.size();
      return {BodyState::More, bytes.size(), bytes};
    case Phase::Data:
      return feed_data(bytes);
    case Phase::Trailer:
      return feed_trailer(bytes);
    default:
      return feed_chunk_framing(bytes);
  }
}

BodyStep BodyDecoder::feed_data(std::string_view bytes) {
  const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), remaining_));
  remaining_ -= piece.size();
  content_ += piece.size();
  if (remaining_ != 0) return {BodyState::More, piece.size(), piece};
  phase_ = chunked_ ? Phase::DataCr : Phase::Done;
  return {chunked_ ? BodyState::More : BodyState::Done, piece.size(), piece};
}

// Everything between two pieces of content: the end of one chunk and the size of the next (RFC 9112
// section 7.1).
BodyStep BodyDecoder::feed_chunk_framing(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && phase_ != Phase::Data && phase_ != Phase::Trailer) {
    if (const Verdict verdict = take_framing_byte(bytes[used++]); !verdict.ok()) return refuse(verdict);
  }
  BodyStep step{BodyState::More, 0, {}};
  if (phase_ == Phase::Data) step = feed_data(bytes.substr(used));
  if (phase_ == Phase::Trailer) step = feed_trailer(bytes.substr(used));
  step.consumed += used;
  return step;
}

Verdict BodyDecoder::take_framing_byte(char c) {
  switch (phase_) {
    case Phase::DataCr:
      phase_ = Phase::DataLf;
      return c == '\r' ? accepted() : malformed("a chunk is not followed by CR LF");
    case Phase::DataLf:
      phase_ = Phase::Size;
      digits_ = 0;
      extension_bytes_ = 0;
      return c == '\n' ? accepted() : malformed("a chunk is not followed by CR LF");
    case Phase::Extension:
      return take_extension_byte(c);
    case Phase::SizeLf:
      phase_ = remaining_ == 0 ? Phase::Trailer : Phase::Data;
      return c == '\n' ? accepted() : malformed("a chunk size does not end in CR LF");
    default:
      return take_size_byte(c);
  }
}

Verdict BodyDecoder::take_size_byte(char c) {
  const int digit = hex_value(c);
  if (digit >= 0) {
    if (++digits_ > kMaxSizeDigits) return malformed("a chunk size has more than 16 digits");
    remaining_ = remaining_ << 4U | static_cast<std::uint64_t>(digit);
    return accepted();
  }
  if (digits_ == 0) return malformed("a chunk does not begin with its size");
  if (remaining_ > kMaxChunk) return malformed("a chunk size is beyond 2^63-1");
  const bool extended = c == ';' || c == ' ' || c == '\t';
  if (extended && side_ == BodySide::Response) {
    phase_ = Phase::Extension;
    return accepted();
  }
  if (c == ';') return malformed("chunk extensions are not accepted");
  if (c != '\r') return malformed("a chunk size does not end in CR LF");
  phase_ = Phase::SizeLf;
  return accepted();
}

// What it says is nobody's business but the two that agreed on it: it ends where its line ends, and is not passed on.
Verdict BodyDecoder::take_extension_byte(char c) {
  if (c == '\r') {
    phase_ = Phase::SizeLf;
    return accepted();
  }
  if (++extension_bytes_ > kMaxExtensionBytes) return malformed("a chunk extension is longer than the limit");
  return c == '\t' || (c >= ' ' && c <= '~') ? accepted()
                                             : malformed("a chunk extension holds a byte that may not be");
}

BodyStep BodyDecoder::feed_trailer(std::string_view bytes) {
  const std::size_t room = kMaxTrailerBytes - trailer_bytes_;
  std::size_t begin = 0;
  while (true) {
    const HeadLine line = next_line(bytes, begin, scanned_, room);
    if (line.state == HeadLine::State::BareLf)
      return refuse(malformed("a trailer line does not end in CR LF"));
    if (line.state == HeadLine::State::TooLong)
      return refuse(malformed("the trailers are longer than the limit"));
    if (line.state == HeadLine::State::NeedMore) break;
    if (line.text.empty()) return end(begin);
    if (const Verdict verdict = take_trailer(line.text); !verdict.ok()) return refuse(verdict);
  }
  trailer_bytes_ += begin;
  scanned_ -= begin;
  return {BodyState::More, begin, {}};
}

Verdict BodyDecoder::take_trailer(std::string_view line) {
  if (const Verdict verdict = take_field_line(line, kMaxTrailers, trailers_); !verdict.ok()) return verdict;
  if (side_ == BodySide::Response) return accepted();
  if (trailers_.has_obs_text()) return malformed("a trailer's value holds bytes outside ASCII");
  return may_be_trailer(trailers_[trailers_.size() - 1])
             ? accepted()
             : malformed("a field stands in the trailers that may not");
}

BodyStep BodyDecoder::refuse(Verdict verdict) {
  phase_ = Phase::Refused;
  if (side_ == BodySide::Response) verdict.refusal = base::Refusal::ComponentMalformed;
  verdict_ = verdict;
  return {BodyState::Refused, 0, {}};
}

BodyStep BodyDecoder::end(std::size_t consumed) {
  trailers_.remove_if([](const Field& field) { return !may_be_trailer(field); });
  phase_ = Phase::Done;
  return {BodyState::Done, consumed, {}};
}

bool BodyDecoder::close() {
  if (phase_ == Phase::Stream) phase_ = Phase::Done;
  return phase_ == Phase::Done;
}

ChunkHead::ChunkHead(std::uint64_t size) : begin_(sizeof text_) {
  POSTERN_CHECK(size > 0);
  text_[--begin_] = '\n';
  text_[--begin_] = '\r';
  for (; size != 0; size >>= 4U) text_[--begin_] = "0123456789abcdef"[size & 15U];
}

bool BodyEncoder::write(std::string_view piece, std::string& out) {
  if (piece.empty()) return true;
  switch (framing_.kind) {
    case BodyKind::None:
    case BodyKind::WebSocket:
      return false;
    case BodyKind::Sized:
      if (piece.size() > remaining_) return false;
      remaining_ -= piece.size();
      out.append(piece);
      return true;
    case BodyKind::Chunked:
      out.append(ChunkHead(piece.size()).text()).append(piece).append(kChunkEnd);
      return true;
    case BodyKind::UntilClose:
      out.append(piece);
      return true;
  }
  return false;
}

bool BodyEncoder::finish(const Fields& trailers, std::string& out) {
  if (framing_.kind == BodyKind::Sized && remaining_ != 0) return false;
  if (framing_.kind != BodyKind::Chunked) return true;
  out.append("0\r\n");
  trailers.for_each(
      [&](const Field& field) { out.append(field.name).append(": ").append(field.value).append("\r\n"); });
  out.append("\r\n");
  return true;
}

}  // namespace postern::http
