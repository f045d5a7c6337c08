// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Certificates that were judged good a short while ago, by their bytes: each request brings its own, and verifying a signature
// costs more than all else about it. Whether the store still believes one is asked each time, and is not remembered here. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"

namespace postern::mission {

class ShownCertificates {
 public:
  static constexpr base::Micros kGoodFor = 600 * base::kWallSecond;
  static constexpr std::size_t kMost = 50'000;

  struct Name {
    std::string installation, serial;
    bool replaced = false;
  };
  std::optional<Name> find(const std::vector<std::string>& chain, base::Micros now) const {
    const auto found = known_.find(hash_of(chain));
    // Neither after its time, nor after a clock that was turned back.
    if (found == known_.end() || now >= found->second.until || now < found->second.since) return std::nullopt;
    return found->second.name;
  }
  // until: of the leaf.
  void keep(const std::vector<std::string>& chain, Name name, base::Micros now, base::Micros until) {
    if (known_.size() >= kMost) known_.clear();  // then each is judged once more
    known_[hash_of(chain)] = {std::move(name), now, std::min(until, now + kGoodFor)};
  }

  // That another one was made since, which never changes again: whose pace it has (line_api.cc).
  void replaced(const std::vector<std::string>& chain) {
    if (const auto found = known_.find(hash_of(chain)); found != known_.end())
      found->second.name.replaced = true;
  }

 private:
  struct Known {
    Name name;
    base::Micros since = 0, until = 0;
  };
  static base::Sha256 hash_of(const std::vector<std::string>& chain) {
    std::string all;
    for (const std::string& one : chain) all += std::to_string(one.size()) + ":" + one;
    return base::sha256(all);
  }
  std::map<base::Sha256, Known> known_;
};

}  // namespace postern::mission
