// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace postern::redact {

void Writer::escape(std::uint64_t place, std::size_t size, std::string_view raw) {
  POSTERN_CHECK(raw.size() <= sizeof(Escape::raw) && place >= place_);
  if (first_ == escapes_.size()) {
    escapes_.clear();
    first_ = 0;
  }
  Escape one{place, static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(raw.size()), {}};
  std::memcpy(one.raw, raw.data(), raw.size());
  escapes_.push_back(one);
}

// An escape whose bytes are not all on the same side is on the side of its first.
void Writer::pass(std::string_view read) {
  const std::uint64_t end = place_ + read.size();
  const std::uint64_t begin = place_;
  while (first_ < escapes_.size() && escapes_[first_].place < end) {
    const Escape& one = escapes_[first_++];
    out_->append(read.substr(place_ - begin, one.place - place_));
    out_->append(one.raw, one.raw_size);
    place_ = std::min<std::uint64_t>(one.place + one.size, end);
  }
  out_->append(read.substr(place_ - begin));
  place_ = end;
}

void Writer::drop(std::size_t size) {
  place_ += size;
  while (first_ < escapes_.size() && escapes_[first_].place < place_) ++first_;
}

}  // namespace postern::redact
