// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace postern::base {
namespace {

// A connection's first allocation: most request heads fit, and the C library keeps pieces of that size at hand.
constexpr std::size_t kSmallest = 1024;

}  // namespace

char* Buffer::reserve(std::size_t wanted) {
  POSTERN_CHECK(wanted <= room());
  if (capacity_ - end_ >= wanted) return memory_.get() + end_;
  const std::size_t held = size();
  if (capacity_ - held >= wanted && begin_ >= held) {
    std::memmove(memory_.get(), memory_.get() + begin_, held);
  } else {
    capacity_ = std::max({kSmallest, capacity_ * 2, held + wanted});
    // new char[] without (): the memory is written before it is read.
    std::unique_ptr<char[]> larger(new char[capacity_]);
    if (held > 0) std::memcpy(larger.get(), memory_.get() + begin_, held);
    memory_ = std::move(larger);
  }
  begin_ = 0;
  end_ = held;
  return memory_.get() + end_;
}

void Buffer::commit(std::size_t written) {
  POSTERN_CHECK(written <= capacity_ - end_ && written <= room());
  end_ += written;
}

bool Buffer::write(std::string_view bytes) {
  if (bytes.size() > room()) return false;
  if (bytes.empty()) return true;
  std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
  commit(bytes.size());
  return true;
}

void Buffer::consume(std::size_t count) {
  POSTERN_CHECK(count <= size());
  begin_ += count;
  if (begin_ == end_) clear();
}

void Buffer::clear() {
  begin_ = end_ = 0;
  // Small memory is kept: giving it back and taking it again on every exchange would cost more than it saves.
  if (capacity_ > keep_) {
    memory_.reset();
    capacity_ = 0;
  }
}

}  // namespace postern::base
