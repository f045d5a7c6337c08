// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// ULID: 48 bits of milliseconds and 80 random bits, as 26 characters of Crockford's base 32. Sorting the text
// sorts by time; two made within one millisecond by one maker rise too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace postern::base {

inline constexpr std::size_t kUlidLength = 26;

class UlidMaker {
 public:
  // A clock that steps back does not make ids fall: the last millisecond used is kept until the clock has
  // passed it.
  std::string make(Micros now);
  void make(Micros now, std::string& out);  // in place of what it held

 private:
  std::uint64_t last_millisecond_ = 0;
  std::uint64_t high_ = 0;  // 16 random bits
  std::uint64_t low_ = 0;   // 64 random bits
};

// Canonical form only: 26 characters, upper case, first one 0 to 7.
bool is_ulid(std::string_view text);
// The millisecond in a ULID, in microseconds. text must be a ULID.
Micros ulid_time(std::string_view text);

}  // namespace postern::base
