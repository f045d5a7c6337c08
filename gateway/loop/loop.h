// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The event loop of a process: one loop, one thread. The one door to libuv.
//
// A turn of the loop is: timers, then whatever is ready, then the turn-end hooks. Work that should be batched
// (wake-ups of the peer process, records to the ledger, writes to sockets) is collected during a turn and
// done in the hooks, in the order of their stage.
//
// No object dies inside its own callback: hand it to dispose(), which destroys it after the turn's hooks.
// What its destructor leaves to be done is done before the loop waits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

struct uv_loop_s;

namespace postern::loop {

// Readiness of a descriptor; combine with |.
inline constexpr unsigned kReadable = 1;
inline constexpr unsigned kWritable = 2;

// Anything that may be handed to Loop::dispose().
class Disposable {
 public:
  virtual ~Disposable() = default;
};

// The order of the hooks of one turn. Records leave before what they record.
enum class Stage { Receive, Record, Send };

class Loop {
 public:
  Loop();
  // Every Poller, Timer, Signal and Process of this loop is gone by now.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();   // until stop(), or until nothing is left to wait for
  void stop();  // ends run() after this turn
  // One turn without waiting; true while something is left to wait for. For tests.
  bool turn();

  base::Nanos now() const;    // monotonic, read now
  base::Micros wall() const;  // wall clock, read now

  // Registers a hook for the life of the returned token. A hook returns true if it found work, then the hooks
  // run again before the loop waits (at most kHookRounds times; then the loop polls without waiting and comes
  // back).
  class Hook {
   public:
    ~Hook();

   private:
    friend class Loop;
    Hook(Loop& loop, std::size_t stage, std::uint64_t number) : loop_(loop), stage_(stage), number_(number) {}
    Loop& loop_;
    std::size_t stage_;
    std::uint64_t number_;
  };
  std::unique_ptr<Hook> at_turn_end(Stage stage, std::function<bool()> hook);

  void dispose(std::unique_ptr<Disposable> object);

  // Runs work on a thread of the pool (password hashing, fdatasync), then done on the loop's thread. It
  // cannot be called back: whoever may be gone by then lets done find out.
  void run_elsewhere(std::function<void()> work, std::function<void()> done);

  // Lets whatever waits for this processor run first: before long work that other processes should not have to wait for. Of many
  // calls in a row one does (kGivesWayEvery); false: this one did not.
  bool give_way();
  static constexpr base::Nanos kGivesWayEvery = 10 * base::kMillisecond;

  uv_loop_s* handle() const { return uv_.get(); }

  static constexpr int kHookRounds = 8;

 private:
  struct Internals;
  std::unique_ptr<uv_loop_s> uv_;
  std::unique_ptr<Internals> internals_;
};

// Watches a descriptor that it does not own; the owner destroys the Poller first and closes the descriptor
// after.
class Poller {
 public:
  Poller(Loop& loop, int fd, std::function<void(unsigned ready)> on_ready);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  // What to watch for; 0 stops watching. Cheap when nothing changes.
  void want(unsigned events);
  unsigned wanted() const;

 private:
  struct State;
  State* state_;  // owned by libuv from the close on; see handles.cc
};

class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_due);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  void start(base::Nanos after, base::Nanos every = 0);  // millisecond resolution; every = 0: once
  void stop();
  bool running() const;

 private:
  struct State;
  State* state_;
};

class Signal {
 public:
  Signal(Loop& loop, int number, std::function<void()> on_signal);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

 private:
  struct State;
  State* state_;
};

}  // namespace postern::loop
