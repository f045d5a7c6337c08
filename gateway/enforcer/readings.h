// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How the component is by its own account: asks each node now and then for the metrics and documents that the configuration
// names, takes the numbers out of them, and tells the ledger, together with whether the node is up. One enforcer asks for all.
// It asks as itself, with the least of the service's credentials, in no engineer's name: these are no exchanges of the log,
// like the questions of health.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/enforcer/component_pool.h"
#include "gateway/enforcer/ledger_client.h"

namespace postern::enforcer {

class Readings {
 public:
  static constexpr std::size_t kMostBytes = 8U << 20U;  // of one answer

  Readings(loop::Loop& loop, ComponentPool& pool, LedgerClient& ledger);
  ~Readings();
  // Asks the nodes of the pool's present configuration from now on.
  void restart(const std::shared_ptr<const Settings>& settings);

 private:
  class Node;
  loop::Loop& loop_;
  ComponentPool& pool_;
  LedgerClient& ledger_;
  std::shared_ptr<const Settings> settings_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace postern::enforcer
