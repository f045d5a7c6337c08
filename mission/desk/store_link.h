// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Keeps the connection to PostgreSQL: asks for a socket, sees to it that the two greet each other, watches for its end and for
// what other servers tell, and comes again with back-off. While it is away requests are answered 503 (commits.h).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/loop/loop.h"
#include "mission/store/postgres_database.h"

namespace postern::mission {

class StoreLink {
 public:
  static constexpr base::Nanos kFirstWait = 100 * base::kMillisecond, kLongestWait = 5 * base::kSecond;
  static constexpr base::Nanos kGreeting = 15 * base::kSecond;  // from the socket until it is ready

  using Connect = std::function<void(std::function<void(base::Result<base::UniqueFd>)> done)>;
  struct Events {
    std::function<void()> ready;                       // each time
    std::function<void(std::string_view text)> heard;  // PostgresDatabase::tell, of anybody
  };
  StoreLink(loop::Loop& loop, PostgresDatabase& database, Connect connect, Events events);
  ~StoreLink();
  StoreLink(const StoreLink&) = delete;
  StoreLink& operator=(const StoreLink&) = delete;

  void start();
  bool ready() const { return database_.state() == PostgresDatabase::State::Ready; }

 private:
  void take(base::Result<base::UniqueFd> socket);
  void go_on(PostgresDatabase::State state);
  void on_readiness();
  void lost(const std::string& why);

  loop::Loop& loop_;
  PostgresDatabase& database_;
  const Connect connect_;
  const Events events_;
  std::unique_ptr<loop::Poller> poller_;  // of libpq's socket, never longer than that
  loop::Timer again_, deadline_;
  base::Nanos wait_ = kFirstWait;
  std::string said_;  // what was logged of its being away, so that it is said once
  std::unique_ptr<loop::Loop::Hook> hook_;
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

}  // namespace postern::mission
