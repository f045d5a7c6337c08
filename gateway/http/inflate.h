// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one door to zlib: takes the coding gzip or deflate (RFC 9110 section 8.4.1) off a body that comes in
// pieces. What comes out is bounded by whoever calls, whatever goes in: a small body that unfolds into a large
// one costs time, never memory.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace postern::http {

enum class Coding { Identity, Gzip, Deflate };

// Of a Content-Encoding; nothing if it is another one, or several.
std::optional<Coding> coding_of(std::string_view content_encoding);

class Inflater {
 public:
  // coding is not Identity. Deflate is taken with the wrapping of RFC 1950 and, as some servers send it,
  // without.
  explicit Inflater(Coding coding);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Takes from the front of in, writes to out (which has room), says how much was written. Call it until that is 0,
  // also when nothing of in is left: what went in may unfold into more than out takes. 0: more must come, or it is
  // complete.
  base::Result<std::size_t> step(std::string_view& in, std::span<char> out);
  bool holds() const;     // out was full the last time: a step without more of the body may write on
  bool complete() const;  // the body may end here

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace postern::http
