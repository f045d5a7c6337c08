// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is bound while the process may still be root: the two listeners and the control socket. All
// terminators of a listener accept from one and the same socket, which the supervisor holds for its whole
// life: no connection is lost with a role.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/proc/privileges.h"
#include "gateway/supervisor/config.h"

namespace postern::supervisor {

inline constexpr int kBacklog = 4096;

struct Sockets {
  base::UniqueFd support, admin, intake, control,
      challenge;             // challenge: of Acme with http-01; like the intake's invalid without
  base::UniqueFd hand_over;  // hand-over.sock, for another supervisor of our account
  base::UniqueFd runner;     // to the runner of updates, which is there before (runner.h); invalid without
  Address support_address, admin_address, intake_address,
      challenge_address;  // with the port that the kernel picked where 0 was asked for
  const base::UniqueFd& listener(std::string_view name) const {
    return name == "intake" ? intake : name == "admin" ? admin : support;
  }
};

// Makes the folder of the control socket and the state directory if they are missing (only the last part of
// their paths). The control socket has mode 0660, owned by root and the account's group, or by us alone. A
// dead socket that lies in its place is removed; Exists if a gateway answers there.
base::Result<Sockets> bind_sockets(const Config& config, const std::optional<proc::Account>& account);

base::Result<base::UniqueFd> bind_listener(Address& address);  // writes the port back

inline constexpr std::string_view kHandOverSocket = "hand-over.sock";  // in the state directory; mode 0600
// To the gateway that serves there, which must be of our own account. NotFound: none does.
base::Result<base::UniqueFd> connect_hand_over(const std::string& state_directory);

// The parts of bind_sockets, for another supervisor. account: whose they shall be; nobody: ours.
base::Status make_directory(const std::string& path, mode_t mode,
                            const std::optional<proc::Account>& account);
// Gives a directory that was just made to the account, in whose folder it may lie: whoever is that account may have put something
// else in its place meanwhile, such as a link. Denied: what is there is no empty directory of ours.
base::Status give_directory(const std::string& path, const proc::Account& account);
// Takes two seconds where another one serves there: it may be ending.
base::Result<base::UniqueFd> bind_control(const std::string& path,
                                          const std::optional<proc::Account>& account);

}  // namespace postern::supervisor
