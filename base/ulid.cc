// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/ulid.h"

#include <cstring>

#include "base/crypto.h"

namespace postern::base {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

std::string UlidMaker::make(Micros now) {
  std::string out;
  make(now, out);
  return out;
}

void UlidMaker::make(Micros now, std::string& out) {
  const auto millisecond = static_cast<std::uint64_t>(now < 0 ? 0 : now) / 1000 & 0xFFFF'FFFF'FFFFULL;
  if (millisecond > last_millisecond_) {
    last_millisecond_ = millisecond;
    char random[10];
    fill_random(random, sizeof random);
    std::memcpy(&low_, random, 8);
    // The top bit stays clear: there are always 2^79 ids left above the first one of a millisecond.
    high_ = (static_cast<std::uint64_t>(static_cast<unsigned char>(random[8])) << 8U |
             static_cast<unsigned char>(random[9])) &
            0x7FFFU;
  } else if (++low_ == 0) {
    ++high_;
  }
  // 130 bits, of which the top two are zero: 48 of time, 16 high, 64 low; written from the lowest digit up.
  __extension__ unsigned __int128 value = static_cast<unsigned __int128>(last_millisecond_) << 80U |
                                          static_cast<unsigned __int128>(high_) << 64U | low_;
  out.resize(kUlidLength);
  for (std::size_t i = kUlidLength; i > 0; --i) {
    out[i - 1] = kCrockford[static_cast<std::size_t>(value & 31U)];
    value >>= 5U;
  }
}

bool is_ulid(std::string_view text) {
  if (text.size() != kUlidLength || text.front() > '7') return false;
  for (const char c : text) {
    if (kCrockford.find(c) == std::string_view::npos) return false;
  }
  return true;
}

Micros ulid_time(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text.substr(0, 10)) value = value << 5U | kCrockford.find(c);
  return static_cast<Micros>(value) * 1000;
}

}  // namespace postern::base
