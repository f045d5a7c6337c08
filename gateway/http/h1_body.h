// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Takes the framing off a body and puts it on (RFC 9112 sections 6 and 7), piece by piece, without keeping
// any of it. Bare LF is refused, and in a request chunk extensions and white space behind a chunk size too: no client
// that we know sends them, and each has been used to make two parsers disagree. Of an answer they are passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

enum class BodyState {
  More,     // not at its end yet
  Done,     // the body has ended; bytes behind consumed belong to the next message
  Refused,  // not what the framing promised; close the connection
};

struct BodyStep {
  BodyState state = BodyState::More;
  std::size_t consumed = 0;  // take this many bytes off the front of what was given
  std::string_view
      piece;  // content, a view into what was given; may be empty, and may come with More or Done
};

// Whose body it is decides what becomes of trailer fields that have no business there (framing, routing,
// credentials; every field of field_id.h): in a request they are refused, in a response dropped.
enum class BodySide { Request, Response };

class BodyDecoder {
 public:
  // kind None and Sized 0 are Done at the first feed, also of no bytes; so is WebSocket, whose frames are no body.
  BodyDecoder(Framing framing, BodySide side);

  // bytes: what was received and not yet consumed. One step: at most one piece. Call again while something
  // was consumed and the state is More; otherwise wait for more bytes. Bytes that were not consumed must be
  // given again, at the front. No step needs more than kMaxTrailerBytes unconsumed bytes.
  BodyStep feed(std::string_view bytes);

  // The peer closed the connection: true if that is where this body ends (UntilClose, or Done already).
  bool close();

  const Verdict& verdict() const { return verdict_; }   // after Refused
  const Fields& trailers() const { return trailers_; }  // after Done; checked like header fields
  bool done() const { return phase_ == Phase::Done; }
  std::uint64_t content() const { return content_; }  // bytes of content handed out so far

  static constexpr std::size_t kMaxTrailerBytes = 8 * 1024;
  static constexpr std::size_t kMaxTrailers = 32;
  static constexpr std::size_t kMaxExtensionBytes = 256;  // behind one chunk size

 private:
  enum class Phase : std::uint8_t {
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,
    Stream,
    Done,
    Refused
  };

  BodyStep feed_data(std::string_view bytes);
  BodyStep feed_chunk_framing(std::string_view bytes);
  BodyStep feed_trailer(std::string_view bytes);
  Verdict take_framing_byte(char c);
  Verdict take_size_byte(char c);
  Verdict take_extension_byte(char c);
  Verdict take_trailer(std::string_view line);
  BodyStep refuse(Verdict verdict);
  BodyStep end(std::size_t consumed);

  BodySide side_;
  bool chunked_;
  Phase phase_;
  std::uint8_t digits_ = 0;  // of the chunk size that is being read
  std::uint16_t extension_bytes_ = 0;
  std::uint64_t remaining_ = 0;  // of the sized body or of the chunk
  std::uint64_t content_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t scanned_ = 0;  // in the trailer line that is being read
  Fields trailers_;
  Verdict verdict_;
};

// "2f\r\n": what goes before a chunk of size bytes; kChunkEnd goes behind it. For those who write content
// without copying it.
class ChunkHead {
 public:
  explicit ChunkHead(std::uint64_t size);  // size > 0: 0 would end the body
  std::string_view text() const { return {text_ + begin_, sizeof text_ - begin_}; }

 private:
  char text_[18];
  std::size_t begin_;
};
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

class BodyEncoder {
 public:
  explicit BodyEncoder(Framing framing) : framing_(framing), remaining_(framing.size) {}

  // Appends piece to out as it goes over the wire. False, and nothing appended, if the framing has no room
  // for it (None, or more than Sized announced): the message is broken and the connection must be closed.
  [[nodiscard]] bool write(std::string_view piece, std::string& out);
  // Appends what ends the body. False if Sized is still short. Trailers are written only where the framing
  // has them.
  [[nodiscard]] bool finish(const Fields& trailers, std::string& out);

 private:
  Framing framing_;
  std::uint64_t remaining_;
};

}  // namespace postern::http
