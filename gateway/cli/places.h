// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where a gateway is to be found, from its postern.yaml. Reads three keys and judges nothing else: a command
// must reach a running gateway also while somebody is editing its configuration.
#pragma once

#include <string>

#include "base/result.h"

namespace postern::cli {

struct Places {
  std::string control_socket;   // absolute
  std::string state_directory;  // absolute
  std::string log_key;          // absolute, or no file (gateway/supervisor/secret.h)
};
// The error says what to do.
// control_socket: where it is if the file does not say.
base::Result<Places> find_places(const std::string& config_path,
                                 const std::string& control_socket = "/run/postern/control.sock");

}  // namespace postern::cli
