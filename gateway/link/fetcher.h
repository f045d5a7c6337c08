// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Fetches what authorities say of revocations, each long before the one before runs out, and again after a failure: the
// OCSP responses that listeners show with their certificates, those about engineers and nodes, and lists of revoked
// certificates (gateway/supervisor/staples.h, inquiries.h). What came is worth nothing until whoever it is handed to has
// judged it, because this process reads from the network: that judgement decides when it is fetched again, so that a
// forged one does not keep the next one away.
//
// Plain HTTP will do: all of it is signed, and says nothing that is not public (RFC 6960 appendix A, RFC 5280 section 8).
// Redirects are not followed: where we go is the configuration's word, not a server's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "certs/staple.h"
#include "gateway/link/call.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/client_context.h"

namespace postern::link {

struct Fetch {
  std::uint32_t id = 0;  // by which the supervisor knows its address
  std::string name;
  std::string host;                         // Host to send
  std::string target;                       // of the request line
  std::string tls_name;                     // that its certificate must carry
  std::shared_ptr<tls::ClientContext> tls;  // nullptr: plain TCP
  std::string request;                      // an OCSP request in DER, to be posted; empty: GET
  std::size_t limit = 0;                    // bytes of the body
  base::Micros every = 0;                   // at the latest; 0: when half of its time is over
  certs::StapleTimes held;                  // of what there is already; 0: nothing
  base::Micros fetched = 0;                 // when that was; 0: not known
  std::uint64_t asked = 0;                  // a higher one than before: now
};

// Of the part {"fetches":[..]} (gateway/supervisor/parts.h). What is wrong there is a defect.
base::Result<std::vector<Fetch>> read_fetches(const base::Json& part, const base::Clock& clock);

// When what is good from, until and was fetched now is fetched anew: when half of its time is over, and up to an eighth of
// it later, so that gateways that were started together do not ask together; no later than after every, if that is not 0,
// and not before kFetchLeast. chance: 0 to 1.
inline constexpr base::Micros kFetchLeast = 60 * base::kWallSecond;
base::Micros fetch_again(certs::StapleTimes times, base::Micros now, base::Micros every, double chance);
// How long after the failures-th failure in a row: half a minute, doubling up to an hour; and up to half as long again.
base::Micros fetch_after_failure(int failures, double chance);

class Fetcher {
 public:
  // Under way: more wait for one to end. "postern cert refresh" asks for all, which may be hundreds, and connections are
  // bounded (supervisor::kMostLinkConnects), as are our descriptors.
  static constexpr std::size_t kAtOnce = 16;
  using Connected = std::function<void(base::Result<base::UniqueFd>)>;
  using Connect = std::function<void(std::uint32_t place, Connected done)>;
  using Judged = std::function<void(base::Result<certs::StapleTimes>)>;
  // What came, or why nothing did; failures: how many in a row it is, if it is one. judged is called once with how long it
  // is good, or why it is of no use, then or later.
  using Tell = std::function<void(const std::string& name, base::Result<std::string> body, int failures,
                                  Judged judged)>;

  Fetcher(loop::Loop& loop, Connect connect, Tell tell);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // All that is to be fetched. What is known already keeps when it is fetched again.
  void configure(std::vector<Fetch> fetches);

 private:
  struct One;
  void begin(One& one);
  void connected(const std::string& name, std::uint64_t id, base::Result<base::UniqueFd> socket);
  base::Result<std::unique_ptr<Call>> make_call(const Fetch& fetch, std::uint64_t id, base::UniqueFd socket);
  void ended(const std::string& name, std::uint64_t id, base::Result<Answer> answer);
  void judged(const std::string& name, std::uint64_t id, const base::Result<certs::StapleTimes>& times);
  One* find(const std::string& name, std::uint64_t id);
  void drop(One& one);
  std::size_t under_way() const;
  void begin_waiting();

  loop::Loop& loop_;
  Connect connect_;
  Tell tell_;
  std::map<std::string, std::unique_ptr<One>, std::less<>> all_;  // by name
  std::deque<std::string> waiting_;                               // names
  std::uint64_t next_id_ = 1;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::link
