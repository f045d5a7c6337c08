// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A word to the service manager that started us, where there is one: sd_notify(3)'s protocol, datagrams of lines like READY=1.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/unique_fd.h"

namespace postern::proc {

// Connected to $NOTIFY_SOCKET; invalid where nobody wants to hear. Before walls are built.
base::UniqueFd open_notify();
// It believes the main process of the service alone. Lost if it does not listen.
void notify(const base::UniqueFd& socket, std::string_view lines);

// Whether it sees the two as one service: they are in one control group. True where that cannot be known.
bool is_same_service(pid_t one, pid_t other);

}  // namespace postern::proc
