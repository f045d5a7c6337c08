// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What stands in place of a secret, and the count of what was taken out. The same value has the same token
// under one key, so that two lines can still be compared; without the key a token says nothing of its value,
// not even to whoever can guess it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "redact/kind.h"

namespace postern::redact {

inline constexpr std::size_t kMostPlaces =
    16;  // that are told apart; what is found elsewhere is counted all the same

struct Place {
  Kind kind = Kind::Field;
  std::string where;  // "$.users[*].password", "text", "yaml", "header location"
  std::uint64_t count = 0;
};

struct Counts {
  std::uint64_t total = 0;
  std::vector<Place> places;  // at most kMostPlaces

  void add(Kind kind, std::string_view where, std::uint64_t count = 1);
  void add(const Counts& other);
};

class Marks {
 public:
  explicit Marks(std::string_view key) : key_(key) {}

  // A secret begins; its bytes; its token.
  void begin(Kind kind);
  void update(std::string_view bytes) { hash_->update(bytes); }
  void cancel() { hash_.reset(); }          // it was none
  std::string end(std::string_view where);  // "[redacted:4f1c09ab77e2]"

  const Counts& counts() const { return counts_; }

 private:
  std::string key_;
  std::optional<base::KeyedHash> hash_;
  Kind kind_ = Kind::Field;
  Counts counts_;
};

}  // namespace postern::redact
