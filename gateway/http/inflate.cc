// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/check.h"

namespace postern::http {
namespace {

// zlib's way to say which wrapping: bits of the window, plus 16 for gzip, negative for none.
constexpr int kWindow = 15;
constexpr int kGzip = kWindow + 16;

base::Error broken() {
  return base::fail(base::Code::Invalid, base::Side::Component, "the component's compressed body is damaged");
}

}  // namespace

std::optional<Coding> coding_of(std::string_view content_encoding) {
  if (content_encoding.empty() || base::equals_ignoring_case(content_encoding, "identity"))
    return Coding::Identity;
  if (base::equals_ignoring_case(content_encoding, "gzip") ||
      base::equals_ignoring_case(content_encoding, "x-gzip"))
    return Coding::Gzip;
  if (base::equals_ignoring_case(content_encoding, "deflate")) return Coding::Deflate;
  return std::nullopt;
}

struct Inflater::Stream {
  z_stream zlib{};
  Coding coding;
  bool begun = false;  // zlib knows the wrapping
  bool ended = false;  // at the end of a member
  bool full = false;   // out was filled the last time: zlib may hold more of it

  explicit Stream(Coding of) : coding(of) {}
  ~Stream() {
    if (begun) inflateEnd(&zlib);
  }
  void begin(char first) {
    // A window of at most 32 KiB and the method deflate: the first byte of RFC 1950.
    const auto byte = static_cast<unsigned char>(first);
    const bool wrapped = (byte & 0x0FU) == 8 && (byte >> 4U) <= 7;
    const int bits = coding == Coding::Gzip ? kGzip : wrapped ? kWindow : -kWindow;
    POSTERN_CHECK(inflateInit2(&zlib, bits) == Z_OK);
    begun = true;
  }
};

Inflater::Inflater(Coding coding) : stream_(std::make_unique<Stream>(coding)) {
  POSTERN_CHECK(coding != Coding::Identity);
}

Inflater::~Inflater() = default;

base::Result<std::size_t> Inflater::step(std::string_view& in, std::span<char> out) {
  const auto most = [](std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
  };
  while (!in.empty() || holds()) {
    if (!stream_->begun) stream_->begin(in.front());
    z_stream& zlib = stream_->zlib;
    if (stream_->ended) {
      // A gzip body may have several members (RFC 1952 section 2.2); behind anything else nothing may follow.
      if (stream_->coding != Coding::Gzip || inflateReset(&zlib) != Z_OK) return broken();
      stream_->ended = false;
    }
    // zlib's interface is older than const; it does not write to what it reads.
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    zlib.avail_in = most(in.size());
    zlib.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib.avail_out = most(out.size());
    const uInt given = zlib.avail_in, room = zlib.avail_out;
    const int result = ::inflate(&zlib, Z_NO_FLUSH);
    in.remove_prefix(given - zlib.avail_in);
    stream_->ended = result == Z_STREAM_END;
    stream_->full = zlib.avail_out == 0;
    const bool nothing_left = result == Z_BUF_ERROR && given == 0;
    if (result != Z_OK && result != Z_STREAM_END && !nothing_left) return broken();
    if (zlib.avail_out < room) return std::size_t{room - zlib.avail_out};
  }
  return std::size_t{0};
}

bool Inflater::holds() const { return stream_->full && !stream_->ended; }

bool Inflater::complete() const { return !stream_->begun || stream_->ended; }

}  // namespace postern::http
