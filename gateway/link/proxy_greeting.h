// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The dialogue with a proxy before the TLS of the line: CONNECT (RFC 9110 section 9.3.6) over plain TCP, with Basic or Digest
// where it asks for that (proxy_challenge.h). Pure: bytes in, bytes out; the owner opens connections and moves the bytes.
//
// A 407 is answered on a new connection: what it says is in its head, and its body is never read. Nothing of user and
// password is said before the proxy asked; what it asked for is remembered (ProxyMemory) so that the next connection says
// it at once. Who refuses what was said is not asked again: accounts are locked for less.
//
// The proxy is in between, and not believed: what it sends behind its answer, before TLS has begun, is a failure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "gateway/http/h1_response.h"
#include "gateway/link/proxy_challenge.h"

namespace postern::link {

struct ProxyMemory {
  std::optional<ProxyDemand> demand;
  std::uint32_t uses = 0;  // of its nonce
};

struct ProxyLogin {
  std::string user;                              // empty: none is configured
  std::shared_ptr<const base::Secret> password;  // with a user
};

class ProxyGreeting {
 public:
  enum class State : std::uint8_t {
    More,    // send out(), feed what comes
    Again,   // close, open another connection to the proxy, and begin()
    Done,    // the next byte is the TLS connection's
    Failed,  // why()
  };
  static constexpr std::size_t kHeadLimit = 16U << 10U;  // bytes of one head of the proxy
  static constexpr int kMostInterim = 4;                 // 1xx before the answer
  static constexpr int kMostDemands = 3;                 // 407 of one greeting: the first, and stale nonces

  // authority: host:port that is wanted. agent: User-Agent.
  ProxyGreeting(std::string authority, ProxyLogin login, std::shared_ptr<ProxyMemory> memory,
                std::string agent);
  ~ProxyGreeting();
  ProxyGreeting(const ProxyGreeting&) = delete;
  ProxyGreeting& operator=(const ProxyGreeting&) = delete;

  State begin();  // on a new connection
  State feed(std::string_view bytes);
  State end();  // the connection has ended
  State state() const { return state_; }
  std::string_view out() const { return std::string_view(out_).substr(sent_); }
  void sent(std::size_t size);
  const std::string& why() const { return why_; }  // after Failed: one sentence about "it", the proxy

  bool authenticated() const { return answered_; }  // something was said of user and password
  bool denied() const { return denied_; }           // after Failed: they were not accepted

 private:
  State take_head(std::string_view behind);
  State take_demand();
  State fail(std::string why);

  std::string authority_, agent_;
  ProxyLogin login_;
  std::shared_ptr<ProxyMemory> memory_;
  http::ResponseParser parser_;
  std::string in_;  // of a head that is not whole yet
  std::string out_;
  std::size_t sent_ = 0;
  int interim_ = 0, demands_ = 0;
  bool answered_ = false;  // the request on this connection answers a demand
  bool fresh_ = false;     // which the proxy made in this greeting
  bool denied_ = false;
  State state_ = State::More;
  std::string why_;
};

}  // namespace postern::link
