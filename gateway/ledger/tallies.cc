// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/tallies.h"

#include <iterator>

#include "base/saturating.h"

namespace postern::ledger {

void Tally::add(const Tally& more) {
  for (const auto count :
       {&Tally::exchanges, &Tally::refused, &Tally::request_bytes, &Tally::response_bytes, &Tally::redacted})
    this->*count = base::sum_of(this->*count, more.*count);
}

void Tallies::close(std::string_view session) {
  const auto it = of_.find(session);
  if (it != of_.end()) of_.erase(it);
  if (const auto running = receiving_.find(session); running != receiving_.end()) receiving_.erase(running);
}

Tally* Tallies::find(std::string_view session) {
  const auto it = of_.find(session);
  return it == of_.end() ? nullptr : &it->second;
}

Tally Tallies::of(std::string_view session) const {
  const auto it = of_.find(session);
  return it == of_.end() ? Tally{} : it->second;
}

void Tallies::receiving(std::uint64_t enforcer, std::string_view session, std::int64_t bytes) {
  if (find(session) == nullptr) return;
  auto& running = receiving_[std::string(session)];
  if (bytes > 0)
    running[enforcer] = bytes;
  else
    running.erase(enforcer);
  if (running.empty()) receiving_.erase(std::string(session));
}

std::vector<std::pair<std::string, std::int64_t>> Tallies::enforcer_gone(std::uint64_t enforcer) {
  std::vector<std::pair<std::string, std::int64_t>> all;
  for (auto it = receiving_.begin(); it != receiving_.end();) {
    const auto was = it->second.extract(enforcer);
    if (Tally* tally = find(it->first); !was.empty() && tally != nullptr) {
      tally->response_bytes = base::sum_of(tally->response_bytes, was.mapped());
      all.emplace_back(it->first, was.mapped());
    }
    it = it->second.empty() ? receiving_.erase(it) : std::next(it);
  }
  return all;
}

std::int64_t Tallies::received(std::string_view session) const {
  std::int64_t bytes = of(session).response_bytes;
  const auto running = receiving_.find(session);
  if (running == receiving_.end()) return bytes;
  for (const auto& [enforcer, some] : running->second) bytes = base::sum_of(bytes, some);
  return bytes;
}

std::int64_t Tallies::receiving_of(const std::function<bool(std::string_view session)>& which) const {
  std::int64_t bytes = 0;
  for (const auto& [session, running] : receiving_) {
    if (!which(session)) continue;
    for (const auto& [enforcer, some] : running) bytes = base::sum_of(bytes, some);
  }
  return bytes;
}

}  // namespace postern::ledger
