// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/loop/loop.h"

#include <sched.h>
#include <uv.h>

#include <array>
#include <deque>
#include <list>
#include <utility>
#include <vector>

#include "base/check.h"

namespace postern::loop {

struct Loop::Internals {
  struct Entry {
    std::uint64_t number;
    std::function<bool()> run;
  };
  std::array<std::list<Entry>, 3> hooks;  // by stage; a list, because a hook may go while hooks run
  std::list<Entry>::iterator next;        // the entry to run after the current one, kept valid by ~Hook
  std::size_t running_stage = 0;
  std::uint64_t numbers = 0;
  base::Nanos gives_way_from = 0;
  std::vector<std::unique_ptr<Disposable>> condemned;
  // Heap memory each, freed by their close callbacks: libuv uses a handle until then.
  uv_prepare_t* before_wait = nullptr;
  uv_check_t* after_wait = nullptr;
  uv_idle_t* do_not_wait = nullptr;

  bool run_round();
  void run_hooks();
  bool destroy_condemned();
};

bool Loop::Internals::run_round() {
  bool worked = false;
  for (running_stage = 0; running_stage < hooks.size(); ++running_stage) {
    auto& stage = hooks[running_stage];
    for (auto it = stage.begin(); it != stage.end(); it = next) {
      next = std::next(it);
      worked |= it->run();
    }
  }
  return worked;
}

void Loop::Internals::run_hooks() {
  bool worked = true;
  for (int round = 0; worked && round < kHookRounds; ++round) worked = run_round();
  const bool destroyed = destroy_condemned();
  // Still busy, or a destructor may have left work for a hook: let the sockets have their turn, but come back
  // without waiting.
  if (worked || destroyed) {
    uv_idle_start(do_not_wait, [](uv_idle_t*) noexcept {});
  } else {
    uv_idle_stop(do_not_wait);
  }
}

// Swapped out first: a destructor may condemn another object.
bool Loop::Internals::destroy_condemned() {
  const bool any = !condemned.empty();
  while (!condemned.empty()) {
    auto dying = std::exchange(condemned, {});
    dying.clear();
  }
  return any;
}

Loop::Loop() : uv_(std::make_unique<uv_loop_s>()), internals_(std::make_unique<Internals>()) {
  POSTERN_CHECK(uv_loop_init(uv_.get()) == 0);
  Internals& in = *internals_;
  in.before_wait = new uv_prepare_t;
  in.after_wait = new uv_check_t;
  in.do_not_wait = new uv_idle_t;
  uv_prepare_init(uv_.get(), in.before_wait);
  uv_check_init(uv_.get(), in.after_wait);
  uv_idle_init(uv_.get(), in.do_not_wait);
  in.before_wait->data = in.after_wait->data = &in;
  uv_prepare_start(in.before_wait,
                   [](uv_prepare_t* h) noexcept { static_cast<Internals*>(h->data)->run_hooks(); });
  uv_check_start(in.after_wait,
                 [](uv_check_t* h) noexcept { static_cast<Internals*>(h->data)->run_hooks(); });
  // The hooks alone are no reason to go on.
  uv_unref(reinterpret_cast<uv_handle_t*>(in.before_wait));
  uv_unref(reinterpret_cast<uv_handle_t*>(in.after_wait));
}

Loop::~Loop() {
  Internals& in = *internals_;
  in.destroy_condemned();
  uv_close(reinterpret_cast<uv_handle_t*>(in.before_wait),
           [](uv_handle_t* h) noexcept { delete reinterpret_cast<uv_prepare_t*>(h); });
  uv_close(reinterpret_cast<uv_handle_t*>(in.after_wait),
           [](uv_handle_t* h) noexcept { delete reinterpret_cast<uv_check_t*>(h); });
  uv_close(reinterpret_cast<uv_handle_t*>(in.do_not_wait),
           [](uv_handle_t* h) noexcept { delete reinterpret_cast<uv_idle_t*>(h); });
  // Again after a stop() that nobody waited for, and for what a last callback condemned.
  while (uv_run(uv_.get(), UV_RUN_DEFAULT) != 0 || in.destroy_condemned()) {
  }
  POSTERN_CHECK(uv_loop_close(uv_.get()) == 0);
}

void Loop::run() { uv_run(uv_.get(), UV_RUN_DEFAULT); }
void Loop::stop() { uv_stop(uv_.get()); }
bool Loop::turn() { return uv_run(uv_.get(), UV_RUN_NOWAIT) != 0; }

base::Nanos Loop::now() const { return base::SystemClock().monotonic(); }
base::Micros Loop::wall() const { return base::SystemClock().wall(); }

std::unique_ptr<Loop::Hook> Loop::at_turn_end(Stage stage, std::function<bool()> hook) {
  const auto index = static_cast<std::size_t>(stage);
  const std::uint64_t number = ++internals_->numbers;
  internals_->hooks[index].push_back({number, std::move(hook)});
  return std::unique_ptr<Hook>(new Hook(*this, index, number));
}

Loop::Hook::~Hook() {
  auto& in = *loop_.internals_;
  auto& stage = in.hooks[stage_];
  for (auto it = stage.begin(); it != stage.end(); ++it) {
    if (it->number != number_) continue;
    if (in.next == it) ++in.next;
    stage.erase(it);
    return;
  }
}

bool Loop::give_way() {
  if (now() < internals_->gives_way_from) return false;
  ::sched_yield();
  internals_->gives_way_from = now() + kGivesWayEvery;
  return true;
}

void Loop::dispose(std::unique_ptr<Disposable> object) { internals_->condemned.push_back(std::move(object)); }

void Loop::run_elsewhere(std::function<void()> work, std::function<void()> done) {
  struct Task {
    uv_work_t request;
    std::function<void()> work;
    std::function<void()> done;
  };
  auto task = std::make_unique<Task>();
  task->work = std::move(work);
  task->done = std::move(done);
  task->request.data = task.get();
  const auto run = [](uv_work_t* r) noexcept { static_cast<Task*>(r->data)->work(); };
  const auto finish = [](uv_work_t* r, int) noexcept {
    const std::unique_ptr<Task> owned(static_cast<Task*>(r->data));
    owned->done();
  };
  POSTERN_CHECK(uv_queue_work(uv_.get(), &task->request, run, finish) == 0);
  // The request owns itself until finish runs.
  static_cast<void>(task.release());
}

}  // namespace postern::loop
