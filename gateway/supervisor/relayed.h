// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The supervisor's part in the tunnel (gateway/link/tunnel.h): a pair of connected sockets for each connection that Mission
// Control relays, one end for the link, the other for a terminator of the support listener, never of the admin listener. Not a
// byte of it is read here. What the link says of who comes is what Mission Control claims, and stands in the event as that.
//
// Paced: the link reads from the network, and in strange hands may ask as often as it likes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "audit/event.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/supervisor/child.h"
#include "gateway/supervisor/paced_events.h"

namespace postern::supervisor {

class Relayed {
 public:
  using Record =
      std::function<void(audit::EventType type, const std::string& subject, const base::Json& detail)>;
  // terminators: those of the support listener that serve now.
  Relayed(Record record, std::function<std::vector<Child*>()> terminators)
      : record_(std::move(record)), terminators_(std::move(terminators)) {}

  // question: {"id", "relay", "client", "name"}. The link's end, or a sentence.
  base::Result<base::UniqueFd> open(const base::Json& question, base::Nanos now);

  static constexpr base::Rate kConnections{100, base::kSecond / 10};
  static constexpr base::Rate kEvents{60, 2 * base::kSecond};  // of them that are recorded one by one

 private:
  void note(audit::EventType type, const base::Json& question, const std::string& why, base::Nanos now);

  Record record_;
  std::function<std::vector<Child*>()> terminators_;
  std::size_t next_ = 0;
  base::Pace connections_;
  PacedEvents relayed_{kEvents}, refused_{kEvents};
};

}  // namespace postern::supervisor
