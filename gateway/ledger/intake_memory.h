// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the intake has taken, as far as it must be known to take nothing twice: of each token the newest ids that its sender gave
// (their hashes); and when each registered remote gateway was heard from last. The ids follow from the log, of which they are read again
// at start; who was heard when does not, so after a start every gateway has its whole time again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>

#include "audit/event.h"
#include "base/clock.h"
#include "gateway/state/state.h"

namespace postern::ledger {

// A sender sends again what was not answered, which is one batch of 100: this is two hundred of them.
inline constexpr std::size_t kIntakeIdsOfToken = 20'000;
inline constexpr std::size_t kMostIntakeTokens = 64;

// Of a gateway that was lost: heard so often in a row, it is back. Once might be the last word of one that goes on dying.
inline constexpr int kReturnsAfter = 2;

class IntakeMemory {
 public:
  explicit IntakeMemory(const base::Clock& clock) : clock_(clock), began_(clock.monotonic()) {}
  // Events of the log, in their order, at start and then as they are written.
  void take_line(std::string_view line);
  void saw(const audit::EventFields& event);
  bool has(std::string_view token, std::string_view id) const;
  // Forgets tokens that there are no more.
  void keep_only(const std::map<std::string, state::IntakeToken, std::less<>>& tokens);

  // By state::remote_gateway_key().
  void hear(const std::string& gateway);
  int times_heard(const std::string& gateway) const;          // since it was lost
  base::Micros silent_for(const std::string& gateway) const;  // one that was never heard: since the start

 private:
  struct Ids {
    std::deque<std::uint64_t> order;
    std::unordered_set<std::uint64_t> all;
  };
  struct Heard {
    base::Nanos at = 0;  // monotonic: a clock that is put right makes nobody silent
    int times = 0;       // since it was lost
  };
  const base::Clock& clock_;
  base::Nanos began_;
  std::map<std::string, Ids, std::less<>> ids_;  // by the token's id
  std::map<std::string, Heard, std::less<>> heard_;
};

}  // namespace postern::ledger
