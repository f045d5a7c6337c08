// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// libpq opens its connections itself and cannot be given one, and the desk may open none. So this program has functions of
// its own in the place of socket(), connect() and getsockname(): the next socket that is asked for in this thread is the
// one that was handed over here, connected by the supervisor. Whatever else asks gets what the kernel says: for the desk,
// that is its end (gateway/proc/profile.cc).
#pragma once

#include "base/unique_fd.h"

namespace postern::mission {

class HandedSocket {
 public:
  // To whoever asks for one within the life of this; taken back by the destructor if nobody has.
  explicit HandedSocket(base::UniqueFd connected);
  ~HandedSocket();
  HandedSocket(const HandedSocket&) = delete;
  HandedSocket& operator=(const HandedSocket&) = delete;
};

}  // namespace postern::mission
