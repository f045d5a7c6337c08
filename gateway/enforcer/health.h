// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Active health checks: asks each node's health path now and then and remembers whether it answers. Every
// enforcer asks for itself, because what counts is whether it can reach the node; one of them records the
// changes as events.
#pragma once

#include <memory>
#include <vector>

#include "gateway/enforcer/component_pool.h"
#include "gateway/enforcer/recorder.h"

namespace postern::enforcer {

class HealthChecks {
 public:
  // Failures in a row after which a node is down; one success brings it back.
  static constexpr int kFailuresToBeDown = 2;

  HealthChecks(loop::Loop& loop, ComponentPool& pool, Recorder& recorder);
  ~HealthChecks();
  // Checks the nodes of the pool's present configuration from now on.
  void restart(bool records);

 private:
  class Check;
  void report(std::size_t node, bool healthy, const std::string& why);

  loop::Loop& loop_;
  ComponentPool& pool_;
  Recorder& recorder_;
  bool records_ = false;
  std::vector<std::unique_ptr<Check>> checks_;
};

}  // namespace postern::enforcer
