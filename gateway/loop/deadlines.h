// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Very many deadlines, cheaply: a wheel of slots, one timer for all. Setting, moving and forgetting a
// deadline takes no allocation and constant time, so a connection can move its own with every byte. Coarse: a
// deadline fires up to two slots late, never early.
#pragma once

#include <array>
#include <functional>

#include "base/clock.h"
#include "gateway/loop/loop.h"

namespace postern::loop {

class Deadlines;

// One deadline, a member of whoever has it. Forgotten when destroyed.
class Deadline {
 public:
  Deadline(Deadlines& wheel, std::function<void()> on_due) : wheel_(wheel), on_due_(std::move(on_due)) {}
  ~Deadline() { clear(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(base::Nanos after);  // from now; replaces the one set before; the callback may set again
  void clear();
  bool running() const { return previous_ != nullptr; }

 private:
  friend class Deadlines;
  Deadlines& wheel_;
  std::function<void()> on_due_;
  base::Nanos due_ = 0;
  Deadline** previous_ = nullptr;  // the pointer that points to us
  Deadline* next_ = nullptr;
};

class Deadlines {
 public:
  static constexpr base::Nanos kSlot = 100 * base::kMillisecond;
  static constexpr std::size_t kSlots = 1024;  // longer ones go round again

  explicit Deadlines(Loop& loop);
  // No Deadline is running any more.
  ~Deadlines() = default;

 private:
  friend class Deadline;
  void insert(Deadline& deadline);
  void advance();

  Loop& loop_;
  std::array<Deadline*, kSlots> slots_{};
  base::Nanos reached_;  // all slots before this time were looked at
  Timer timer_;
};

}  // namespace postern::loop
