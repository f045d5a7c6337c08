// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Opens TCP connections to component nodes for the enforcers, and to places outside for the link, who cannot. It
// connects and hands over: not a byte is read or written here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/http/authority.h"
#include "gateway/loop/loop.h"

namespace postern::supervisor {

// Under way at a time: of all enforcers together, and of each link, apart from theirs. A link that sees 64 people sign in
// (link/openid_client.h) and reaches everybody else besides needs no more; it reads from the network, and in strange hands may
// ask as often as it likes.
inline constexpr std::size_t kMostConnects = 1024, kMostLinkConnects = 128;

class Connector {
 public:
  using Done = std::function<void(base::Result<base::UniqueFd>)>;

  // most: under way at a time.
  explicit Connector(loop::Loop& loop, std::size_t most = kMostConnects) : loop_(loop), most_(most) {}
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // A name is resolved each time (the system's resolver caches, if it is to) and its addresses tried in the
  // resolver's order; all of it within the timeout. done is called once, perhaps at once: a connected socket
  // with TCP_NODELAY, or an error of side Component with a sentence. waiting: sockets that whoever asks was given
  // before and has not taken; they count as if they were under way.
  void connect(const http::Authority& node, base::Micros timeout, Done done, std::size_t waiting = 0);
  std::size_t under_way() const { return attempts_.size(); }

 private:
  struct Attempt;
  void forget(std::uint64_t id);

  loop::Loop& loop_;
  const std::size_t most_;
  // Of attempts that ended while the resolver was still at it: it cannot be stopped, and has few threads.
  std::shared_ptr<std::size_t> lookups_left_ = std::make_shared<std::size_t>(0);
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Attempt>> attempts_;
};

}  // namespace postern::supervisor
