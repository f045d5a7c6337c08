// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How soon a process runs when it is woken. Where more want to run than there are processors, Linux lets each run for its
// slice (some milliseconds) before the next one; who asked for a shorter one than the running has may interrupt it, for
// no larger share of the time. Linux 6.12 and later; before that it changes nothing.
#pragma once

#include "base/clock.h"

namespace postern::proc {

// For those who hear first that something is taken away.
inline constexpr base::Nanos kShortSlice = base::kMillisecond / 5;

// This thread, and those that it starts. The kernel takes 100 us to 100 ms. False: it would not hear of it, and all is as
// before. Nice values and policies stay as they are.
bool ask_for_slice(base::Nanos slice);
base::Nanos slice_of(int process);  // 0: of this thread; answers 0 where the kernel does not say

}  // namespace postern::proc
