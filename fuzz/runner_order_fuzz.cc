// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a ledger that was taken over could say to the runner. Whatever is accepted becomes variables of fixed names, without a control
// byte in any of them; the same bytes as a setup never give a step without an absolute path and a limit.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "gateway/ipc/runner_protocol.h"
#include "gateway/runner/runner.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto order = ipc::parse_runner_order(text); order.ok()) {
    POSTERN_CHECK(!order->id.empty());
    const std::vector<std::string> variables = runner::environment_of(*order);
    POSTERN_CHECK(variables.size() >= 2 && variables.size() <= 10);
    for (const std::string& one : variables) {
      POSTERN_CHECK(one.starts_with("POSTERN_") || one.starts_with("PATH=/") || one == "LANG=C.UTF-8");
      POSTERN_CHECK(
          std::none_of(one.begin(), one.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }));
    }
  }
  if (const auto setup = ipc::parse_runner_setup(text); setup.ok()) {
    for (const auto& [service, lists] : setup->steps) {
      for (const auto& [list, steps] : lists) {
        for (const auto& [number, step] : steps)
          POSTERN_CHECK(step.argv.at(0).starts_with('/') && step.limit > 0);
      }
    }
  }
  return 0;
}
