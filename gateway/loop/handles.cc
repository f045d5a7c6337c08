// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
// Poller, Timer and Signal. The memory of a libuv handle is never a member of its owner: libuv uses it until
// the close callback has run. It is a State on the heap here, and retire() is the one place that closes it.
#include <uv.h>

#include <utility>

#include "base/check.h"
#include "gateway/loop/loop.h"

namespace postern::loop {
namespace {

// Closes the handle, which is the first member of a State; the close callback frees the State. The owner's
// callback is taken away first, so that nothing can reach a dead owner; if it is running just now, it is kept
// alive until the State goes.
template <typename State>
void retire(State* state) {
  state->retired = true;
  uv_close(reinterpret_cast<uv_handle_t*>(&state->handle),
           [](uv_handle_t* handle) noexcept { delete static_cast<State*>(handle->data); });
}

int to_uv(unsigned events) {
  return ((events & kReadable) != 0 ? UV_READABLE : 0) | ((events & kWritable) != 0 ? UV_WRITABLE : 0);
}

}  // namespace

struct Poller::State {
  uv_poll_t handle;
  std::function<void(unsigned)> on_ready;
  unsigned wanted = 0;
  bool retired = false;
  static void on_poll(uv_poll_t* handle, int status, int ready) noexcept;
};

Poller::Poller(Loop& loop, int fd, std::function<void(unsigned)> on_ready)
    : state_(new State{{}, std::move(on_ready)}) {
  state_->handle.data = state_;
  POSTERN_CHECK(uv_poll_init(loop.handle(), &state_->handle, fd) == 0);
}

Poller::~Poller() { retire(state_); }

unsigned Poller::wanted() const { return state_->wanted; }

// An error is shown as readiness: the next read or write tells what it is. libuv stops watching then, but
// what came before the error may take several reads: watching goes on.
void Poller::State::on_poll(uv_poll_t* handle, int status, int ready) noexcept {
  auto* state = static_cast<State*>(handle->data);
  if (state->retired) return;
  unsigned seen = 0;
  if (status < 0) {
    seen = state->wanted;
    uv_poll_start(handle, to_uv(state->wanted), on_poll);
  }
  if ((ready & UV_READABLE) != 0) seen |= kReadable;
  if ((ready & UV_WRITABLE) != 0) seen |= kWritable;
  state->on_ready(seen);
}

void Poller::want(unsigned events) {
  if (events == state_->wanted) return;
  state_->wanted = events;
  if (events == 0) {
    uv_poll_stop(&state_->handle);
  } else {
    uv_poll_start(&state_->handle, to_uv(events), State::on_poll);
  }
}

struct Timer::State {
  uv_timer_t handle;
  std::function<void()> on_due;
  bool retired = false;
};

Timer::Timer(Loop& loop, std::function<void()> on_due) : state_(new State{{}, std::move(on_due)}) {
  state_->handle.data = state_;
  uv_timer_init(loop.handle(), &state_->handle);
}

Timer::~Timer() { retire(state_); }

void Timer::start(base::Nanos after, base::Nanos every) {
  const auto milliseconds = [](base::Nanos n) {
    return static_cast<std::uint64_t>((n + base::kMillisecond - 1) / base::kMillisecond);
  };
  uv_update_time(state_->handle.loop);
  uv_timer_start(
      &state_->handle,
      [](uv_timer_t* handle) noexcept {
        auto* state = static_cast<State*>(handle->data);
        if (!state->retired) state->on_due();
      },
      milliseconds(after), milliseconds(every));
}

void Timer::stop() { uv_timer_stop(&state_->handle); }
bool Timer::running() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&state_->handle)) != 0;
}

struct Signal::State {
  uv_signal_t handle;
  std::function<void()> on_signal;
  bool retired = false;
};

Signal::Signal(Loop& loop, int number, std::function<void()> on_signal)
    : state_(new State{{}, std::move(on_signal)}) {
  state_->handle.data = state_;
  uv_signal_init(loop.handle(), &state_->handle);
  uv_signal_start(
      &state_->handle,
      [](uv_signal_t* handle, int) noexcept {
        auto* state = static_cast<State*>(handle->data);
        if (!state->retired) state->on_signal();
      },
      number);
}

Signal::~Signal() { retire(state_); }

}  // namespace postern::loop
