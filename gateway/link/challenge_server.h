// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Answers http-01 (RFC 8555 section 8.3) and nothing else: GET of /.well-known/acme-challenge/TOKEN, while the validation of
// that token is under way; 404 to whatever else is sound, the end of the connection to what is not. Whoever is out there
// may connect: connections, bytes and time are bounded, and one answer ends each.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "gateway/loop/loop.h"

namespace postern::link {

class ChallengeServer {
 public:
  static constexpr std::size_t kConnections = 64;               // one more: the oldest ends
  static constexpr std::size_t kHead = 4U << 10U;               // bytes of a request
  static constexpr base::Nanos kPatience = 10 * base::kSecond;  // of one connection, in all

  // listener: bound, and not blocking; invalid: nothing is answered.
  ChallengeServer(loop::Loop& loop, base::UniqueFd listener);
  ~ChallengeServer();
  ChallengeServer(const ChallengeServer&) = delete;
  ChallengeServer& operator=(const ChallengeServer&) = delete;

  // What is answered from now on: key authorizations by token.
  void answer(std::map<std::string, std::string> by_token) { by_token_ = std::move(by_token); }

 private:
  struct Visit;
  void accept();
  void receive(Visit& visit);
  std::string response_to(std::string_view target) const;
  void end(const Visit& visit);

  loop::Loop& loop_;
  base::UniqueFd listener_;
  std::unique_ptr<loop::Poller> poller_;
  std::map<std::uint64_t, std::unique_ptr<Visit>> visits_;  // oldest first
  std::uint64_t next_ = 0;
  std::map<std::string, std::string> by_token_;
};

}  // namespace postern::link
