// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Questions to the log that may take long (a text that stands nowhere: half a second), asked on other threads so that
// nobody else waits for the answer. Each has a reader to itself while it runs.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "console/log_reader.h"
#include "gateway/loop/loop.h"

namespace postern::console {

class Searches {
 public:
  static constexpr std::size_t kAtOnce = 2;  // of the pool's four threads: passwords are verified there too
  static constexpr std::size_t kWaiting = 100;  // further ones, in the order in which they were asked

  // Of the state directory, as LogReader.
  Searches(loop::Loop& loop, const std::string& state_directory);
  Searches(const Searches&) = delete;
  Searches& operator=(const Searches&) = delete;

  // Runs look on another thread, then done on the loop's, unless this is gone by then. False: too many wait already,
  // and neither will be called.
  using Look = std::function<void(LogReader& log)>;
  [[nodiscard]] bool ask(Look look, std::function<void()> done);

  std::size_t under_way() const;

 private:
  struct Desk {  // outlives this while a thread sits at it
    explicit Desk(const std::string& state_directory) : log(state_directory) {}
    LogReader log;
    bool busy = false;
  };
  struct Asked {
    Look look;
    std::function<void()> done;
  };
  void begin(const std::shared_ptr<Desk>& desk, Asked asked);
  void ended(const std::shared_ptr<Desk>& desk, const Asked& asked);

  loop::Loop& loop_;
  std::array<std::shared_ptr<Desk>, kAtOnce> desks_;
  std::deque<Asked> waiting_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace postern::console
