// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What verifying a log's files has found, for people and as JSON: the gateway's log, and Mission Control's.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>

#include "audit/verify.h"
#include "base/json.h"

namespace postern::cli {

std::string grouped(std::uint64_t number);  // 1,234,067

// On standard error, and only if somebody looks.
class LogProgress {
 public:
  void operator()(std::uint64_t done, std::uint64_t total);
  ~LogProgress();

 private:
  bool watched_ = ::isatty(STDERR_FILENO) == 1;
  int shown_ = -1;
};

base::Json report_json(const audit::VerifyReport& report);
std::string report_text(const audit::VerifyReport& report, double seconds);

}  // namespace postern::cli
