// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The ledger's end of the socket to the runner (gateway/runner/runner.h), which the supervisor made before its wall and hands to each
// ledger in turn: what the runner answered to a former one waits in it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/unique_fd.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

class RunnerLink {
 public:
  struct Calls {
    std::function<void(const base::Json& answer)> answered;
    std::function<void()> gone;
  };
  RunnerLink(loop::Loop& loop, Calls calls) : loop_(loop), calls_(std::move(calls)) {}

  void attach(base::UniqueFd socket);
  bool there() const { return poller_ != nullptr; }
  // Empty: it was sent; otherwise why not. artefact: a file to send with it; empty: none.
  std::string send(const base::Json& order, const std::string& artefact);

 private:
  void receive();

  loop::Loop& loop_;
  Calls calls_;
  base::UniqueFd socket_;
  std::unique_ptr<loop::Poller> poller_;
};

}  // namespace postern::ledger
