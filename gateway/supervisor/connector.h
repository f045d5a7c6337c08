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

inline constexpr std::size_t kMostConnects = 1024;  // under way at a time, of all enforcers together

class Connector {
 public:
  using Done = std::function<void(base::Result<base::UniqueFd>)>;

  explicit Connector(loop::Loop& loop) : loop_(loop) {}
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // A name is resolved each time (the system's resolver caches, if it is to) and its addresses tried in the
  // resolver's order; all of it within the timeout. done is called once, perhaps at once: a connected socket
  // with TCP_NODELAY, or an error of side Component with a sentence.
  void connect(const http::Authority& node, base::Micros timeout, Done done);
  std::size_t under_way() const { return attempts_.size(); }

 private:
  struct Attempt;
  void forget(std::uint64_t id);

  loop::Loop& loop_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Attempt>> attempts_;
};

}  // namespace postern::supervisor
