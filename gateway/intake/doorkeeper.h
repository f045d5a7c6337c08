// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may send, and how much: the tokens that the ledger names by their hashes, an allowance for each, and a brake for addresses
// whose tokens do not count. What it refuses it counts, for one event a minute. Pure: time is given.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/pace.h"

namespace postern::intake {

inline constexpr std::size_t kLongestToken = 128;  // of what is looked at

struct Token {
  std::string id, name, service, sha256;
  base::Micros expires = 0;  // 0: never
};

class Doorkeeper {
 public:
  static constexpr base::Nanos kWindow = 60 * base::kSecond;  // of a count that is told
  static constexpr int kWrongTokens = 10;                     // of one address within a window; then it waits
  static constexpr std::size_t kMostAddresses = 1'000;

  // Replaces what was there. False: it is not of that form (ipc::IntakeTokens).
  bool take_tokens(const base::Json& json);
  bool knows_tokens() const { return known_; }
  // Events of each token within a minute; as many may come at once.
  void allow(std::int64_t events_per_minute);

  // nullptr: none that counts is like that. The time it takes says nothing about which there are: all are looked at, and what
  // is compared are hashes.
  const Token* find(std::string_view text, base::Micros wall) const;

  // How long the token has to wait before so many events more; 0: it need not, and they are counted.
  base::Nanos wait(const Token& token, std::size_t events, base::Nanos now);
  // What was taken off by wait() for events that were not taken after all, or were known.
  void give_back(const Token& token, std::size_t events);

  // The same for an address (without its port) that showed a wrong token; failed() counts.
  base::Nanos wait_of_address(const std::string& address, base::Nanos now) const;
  void failed(const std::string& address, base::Nanos now);
  void limited(const Token& token, const std::string& address, std::size_t events, base::Nanos now);

  // Counts that are due: at once for the first, then once a minute.
  struct Note {
    std::string token;  // its id; empty: of those without
    std::string address;
    std::int64_t count = 0;
    base::Nanos window = 0;
  };
  std::vector<Note> due(base::Nanos now);

 private:
  struct Wrong {
    int count = 0;
    base::Nanos since = 0;
  };
  struct Count {
    std::string address;
    std::int64_t count = 0;
    base::Nanos since = 0, told = 0;
    bool ever = false;
  };
  base::Rate rate() const;
  void note(const std::string& key, const std::string& address, std::size_t count, base::Nanos now);

  std::vector<Token> tokens_;
  bool known_ = false;
  std::int64_t per_minute_ = 600;
  std::map<std::string, base::Pace> paces_;  // by the token's id
  std::map<std::string, Wrong> addresses_;   // at most kMostAddresses
  std::map<std::string, Count> counts_;      // by the token's id; empty: without
};

}  // namespace postern::intake
