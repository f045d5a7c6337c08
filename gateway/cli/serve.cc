// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/serve.h"

namespace postern::cli {

int serve(const std::string& config_path, supervisor::Begin begin) {
  return supervisor::supervise(config_path, begin);
}

}  // namespace postern::cli
