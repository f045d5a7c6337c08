// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/slice.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace postern::proc {
namespace {

// struct sched_attr of sched_setattr(2) in its first version. The kernel's own header and the C library's cannot both be
// included.
struct Scheduling {
  std::uint32_t size = sizeof(Scheduling);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // of the ordinary policy: the slice
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
static_assert(sizeof(Scheduling) == 48);

constexpr std::uint32_t kOrdinary = 0;  // SCHED_OTHER

bool read_scheduling(int process, Scheduling& scheduling) {
  return ::syscall(SYS_sched_getattr, process, &scheduling, sizeof scheduling, 0) == 0;
}

}  // namespace

bool ask_for_slice(base::Nanos slice) {
  Scheduling scheduling;
  if (!read_scheduling(0, scheduling) || scheduling.policy != kOrdinary) return false;
  scheduling.runtime = static_cast<std::uint64_t>(slice);
  return ::syscall(SYS_sched_setattr, 0, &scheduling, 0) == 0;
}

base::Nanos slice_of(int process) {
  Scheduling scheduling;
  if (!read_scheduling(process, scheduling) || scheduling.policy != kOrdinary) return 0;
  return static_cast<base::Nanos>(scheduling.runtime);
}

}  // namespace postern::proc
