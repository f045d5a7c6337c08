// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which nodes of the component answer, as the log's node.up and node.down events say. A node that no event
// speaks about was not checked (yet, or its service has no health check): that is neither up nor down.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/json.h"

namespace postern::console {

class NodeStates {
 public:
  // Takes an event; passes over those that are not about a node. Events may come in any order: the newest
  // counts.
  void take(const base::Json& event);
  // "state" (up, down, not_checked), "since"* and "reason"* of a node, by service and URL.
  base::Json of(const std::string& service, const std::string& url) const;

 private:
  struct Seen {
    bool up = false;
    std::string time, reason;
  };
  static constexpr std::size_t kMost = 10'000;  // configurations change, nodes come and go
  std::map<std::pair<std::string, std::string>, Seen> seen_;
};

}  // namespace postern::console
