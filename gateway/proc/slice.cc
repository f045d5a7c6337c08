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
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;  // of the ordinary policy: the slice
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};
static_assert(sizeof(Attributes) == 48);

constexpr std::uint32_t kOrdinary = 0;  // SCHED_OTHER

bool read_attributes(Attributes& attributes) {
  return ::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0;
}

}  // namespace

bool ask_for_slice(base::Nanos slice) {
  Attributes attributes;
  if (!read_attributes(attributes) || attributes.policy != kOrdinary) return false;
  attributes.runtime = static_cast<std::uint64_t>(slice);
  return ::syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

base::Nanos slice_of_this() {
  Attributes attributes;
  if (!read_attributes(attributes) || attributes.policy != kOrdinary) return 0;
  return static_cast<base::Nanos>(attributes.runtime);
}

}  // namespace postern::proc
