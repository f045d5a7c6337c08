// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Which nodes of the component answer, and which credentials they refuse, as the log's node events say. A node
// that no event speaks about was not checked (yet, or its service has no health check): that is neither up nor
// down.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "base/json.h"

namespace postern::console {

class NodeStates {
 public:
  // Takes an event; passes over those that are not about a node. Events may come in any order: the newest
  // counts. What was said of a credential holds until a configuration is put in force.
  void take(const base::Json& event);
  // "state" (up, down, not_checked), "since"* and "reason"* of a node, by service and URL.
  base::Json of(const std::string& service, const std::string& url) const;
  // The credentials that it refuses ("service", "viewer", ..); empty: none that is known.
  base::Json refused_credentials(const std::string& service, const std::string& url) const;

 private:
  struct Seen {
    bool up = false;
    std::string time, reason;
  };
  struct Said {
    bool refused = false;
    std::string time;
  };
  void take_credential(bool refused, const base::Json& detail, const std::string& time);
  static constexpr std::size_t kMost = 10'000;  // configurations change, nodes come and go
  std::map<std::pair<std::string, std::string>, Seen> seen_;
  std::map<std::tuple<std::string, std::string, std::string>, Said> credentials_;  // service, URL, which
  std::string configured_;  // when the configuration in force was put there, as far as events said so
};

}  // namespace postern::console
