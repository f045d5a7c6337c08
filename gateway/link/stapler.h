// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Fetches the OCSP responses that listeners show with their certificates (certs/staple.h), each from the responder that
// the certificate names, long before the one before runs out, and again after a failure. What is no good answer is
// never handed on; whoever takes a good one judges it again, because this process reads from the network.
//
// Plain HTTP: a response is signed, and says nothing that is not public (RFC 6960 appendix A).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "certs/staple.h"
#include "gateway/link/call.h"
#include "gateway/link/settings.h"
#include "gateway/loop/loop.h"

namespace postern::link {

// When a response that is good from, until is fetched anew: when half of its time is over, and up to an eighth of it later,
// so that gateways that were started together do not ask together. Not before now + kStapleLeast. chance: 0 to 1.
inline constexpr base::Micros kStapleLeast = 60 * base::kWallSecond;
base::Micros staple_refresh(certs::StapleTimes times, base::Micros now, double chance);
// How long after the failures-th failure in a row: half a minute, doubling up to an hour; and up to half as long again.
base::Micros staple_again_after(int failures, double chance);

class Stapler {
 public:
  using Connected = std::function<void(base::Result<base::UniqueFd>)>;
  using Connect = std::function<void(std::uint32_t place, Connected done)>;
  // place: its name. A good response, or why there is none: told of the first failure after a success alone.
  using Tell = std::function<void(const std::string& place, base::Result<std::string> response)>;

  Stapler(loop::Loop& loop, Connect connect, Tell tell);
  ~Stapler();
  Stapler(const Stapler&) = delete;
  Stapler& operator=(const Stapler&) = delete;

  // All places with staples. Those that are known already keep what was fetched, and when it is fetched again.
  void configure(const Settings& settings);

 private:
  struct One;
  void begin(One& one);
  void connected(const std::string& place, std::uint64_t id, base::Result<base::UniqueFd> socket);
  void ended(const std::string& place, std::uint64_t id, base::Result<Answer> answer);
  void drop(One& one);

  loop::Loop& loop_;
  Connect connect_;
  Tell tell_;
  std::map<std::string, std::unique_ptr<One>, std::less<>> all_;  // by the place's name
  std::uint64_t next_id_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::link
