// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern hand-over`: starts this very program as `serve --take-over`, in a session of its own, and waits until it serves or has
// ended. What it says until then stands on our standard error; from then on it logs where the gateway before it did.
#pragma once

#include <string>

namespace postern::cli {

// 0: it serves, or (if_new) nothing was to be done. 1: it does not, said why, and the gateway that ran goes on.
int hand_over(const std::string& config_path, bool if_new);

}  // namespace postern::cli
