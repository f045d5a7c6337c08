// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Lets the same thing be recorded once per interval, so that a page that is reloaded, or a client that knocks
// all day, does not fill the log with one sentence. Bounded: when it is full, the oldest key is forgotten,
// and the log gets a line more, never one less.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"

namespace postern::face {

class Thinner {
 public:
  Thinner(base::Nanos interval, std::size_t most) : interval_(interval), most_(most) {}
  // Whether key is due at now. Says nothing of having been recorded: recorded() does.
  bool due(const std::string& key, base::Nanos now) const;
  void recorded(const std::string& key, base::Nanos now);

 private:
  base::Nanos interval_;
  std::size_t most_;
  std::map<std::string, base::Nanos> last_;
};

inline constexpr base::Nanos kReadingInterval = 300 * base::kSecond;
inline constexpr base::Nanos kRefusalInterval = 60 * base::kSecond;
inline constexpr std::size_t kThinnerKeys = 10'000;

}  // namespace postern::face
