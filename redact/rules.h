// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a policy names, compiled: which members of a JSON document, and by which names values are found in
// other text; and texts that are known to be secret. Immutable; made once per policy, shared by all bodies.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/crypto.h"
#include "redact/path.h"
#include "redact/prefilter.h"

namespace postern::redact {

inline constexpr std::size_t kMostPaths = 1'000;
inline constexpr std::size_t kMostStates =
    256;  // steps of all paths that are more than $..name, and one each

class Rules {
 public:
  // How far each path has been followed at a place of a document.
  using States = std::bitset<kMostStates>;

  // Null if the paths have more steps than kMostStates.
  static std::shared_ptr<const Rules> make(const std::vector<Path>& paths);
  // The same, and these texts wherever they stand. They stay where they are, in locked memory. One of less than
  // kLeastLiteral bytes is left out: it would be found where it is not meant.
  using Literals = std::vector<std::shared_ptr<const base::Secret>>;
  std::shared_ptr<const Rules> with(const Literals& literals) const;
  Rules& operator=(const Rules&) = delete;

  States start() const { return start_; }
  States member(const States& of, std::string_view name) const;
  States element(const States& of, std::uint32_t index) const;
  bool accepts(const States& states) const { return (states & accept_).any(); }  // a path ends there
  bool names(std::string_view name) const {                                      // wherever it stands
    return may_be_name(name) && !anywhere_.empty() && anywhere_.contains(std::string(name));
  }

  const Prefilter& text() const { return with_names_; }     // detectors and names
  const Prefilter& code() const { return without_names_; }  // detectors only

 private:
  Rules() = default;
  Rules(const Rules&) = default;
  bool add(const Path& path);
  bool may_be_name(std::string_view name) const {
    return !name.empty() && first_bytes_[static_cast<unsigned char>(name.front())];
  }

  std::size_t states_ = 0;
  States start_, accept_, deep_, any_step_;
  std::unordered_map<std::string, States> by_name_;
  std::unordered_map<std::uint32_t, States> by_index_;
  std::unordered_set<std::string> anywhere_;  // $..name
  std::bitset<256> first_bytes_;              // of all names in paths
  std::vector<std::shared_ptr<const std::string>> last_names_;
  Literals literals_;
  Prefilter with_names_, without_names_;
};

}  // namespace postern::redact
