// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/challenges.h"

#include <algorithm>

#include "accounts/webauthn.h"
#include "base/crypto.h"

namespace postern::face {

std::string Challenges::issue(Purpose purpose, std::string_view owner, std::string_view binding,
                              base::Nanos now) {
  make_room(owner, now);
  std::string challenge = base::random_bytes(accounts::kChallengeSize);
  issued_.push_back({challenge, std::string(owner), std::string(binding), purpose, now + kLife});
  return challenge;
}

bool Challenges::take(std::string_view challenge, Purpose purpose, std::string_view binding,
                      base::Nanos now) {
  const auto at = std::find_if(issued_.begin(), issued_.end(), [&](const Issued& one) {
    return base::equals_constant_time(one.challenge, challenge);
  });
  if (at == issued_.end()) return false;
  const Issued one = std::move(*at);
  issued_.erase(at);
  return one.until > now && one.purpose == purpose && base::equals_constant_time(one.binding, binding);
}

void Challenges::make_room(std::string_view owner, base::Nanos now) {
  std::erase_if(issued_, [now](const Issued& one) { return one.until <= now; });
  const auto is_theirs = [owner](const Issued& one) { return one.owner == owner; };
  const auto theirs = static_cast<std::size_t>(std::count_if(issued_.begin(), issued_.end(), is_theirs));
  if (theirs >= kMostOfOwner) issued_.erase(std::find_if(issued_.begin(), issued_.end(), is_theirs));
  if (issued_.size() >= kMost) issued_.pop_front();
}

}  // namespace postern::face
