// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two exchanges as one connection: an installation's request for the tunnel (line/tunnel.h), and the engineer's connection as the
// relay brings it. What one says the other is told, a piece at a time, and given back to whoever said it once it is; nothing is
// read. Whoever breaks off breaks off the other.
//
// Each of the four halves belongs to an exchange and dies with it, in any order.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gateway/answer/call.h"
#include "line/tunnel.h"

namespace postern::mission {

class Joint : public std::enable_shared_from_this<Joint> {
 public:
  // Called once: the connection is over, or the installation's request is although nobody came. Not from within a call to this.
  explicit Joint(std::function<void(Joint& joint)> on_over) : on_over_(std::move(on_over)) {}
  Joint(const Joint&) = delete;
  Joint& operator=(const Joint&) = delete;

  // The answer to the installation's request. Once.
  answer::Response to_installation();
  // An engineer came: the head that the installation is told, and the answer to the relay's exchange. Once, and after the other.
  answer::Response to_engineer(const line::TunnelHead& head);
  void break_off(std::string_view why);

  bool joined() const { return joined_; }
  bool over() const { return over_; }
  std::uint64_t down() const { return ways_[0].bytes; }  // bytes of the engineer, and of the installation
  std::uint64_t up() const { return ways_[1].bytes; }
  const std::string& why() const { return why_; }  // it was broken off; empty: both said all they had to say

 private:
  enum Direction : std::size_t { Down = 0, Up = 1 };
  struct Way {
    std::string held;
    std::size_t taken = 0;  // of held
    bool ended = false;     // nothing more comes
    bool done = false;      // and all of it was told
    std::uint64_t bytes = 0;
    std::function<void()> wake;                  // of whoever tells it
    std::function<void(std::size_t)> give_back;  // to whoever says it
  };
  class Speaker;
  class DownSource;
  class UpSource;
  void wake(Direction way);
  void settle();

  std::function<void(Joint& joint)> on_over_;
  std::array<Way, 2> ways_;
  std::string head_;  // to be told before all else
  bool joined_ = false, broken_ = false, over_ = false, end_told_ = false;
  std::string why_;
};

}  // namespace postern::mission
