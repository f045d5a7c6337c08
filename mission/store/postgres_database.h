// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one door to PostgreSQL (libpq). A connection that comes and goes: while there is none everything fails with Closed and
// the reason, and whoever has a loop (desk/store_link.h) brings a new one. Behind the seam: acts whose outcome nobody waits for
// go out together with what comes next, in libpq's pipeline mode, so that a turn of the loop costs a round trip for each
// question in it and one for its commit. Statements are prepared once for each connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "mission/store/database.h"

namespace postern::mission {

struct PostgresSettings {
  std::string
      host;  // what its certificate must name; or "/folder" of its Unix socket, and then there is no TLS
  std::uint16_t port = 5432;
  std::string database, user;
  std::string password = {};                         // empty: there is none
  std::string roots_file = {};                       // PEM; needed over the network
  std::string certificate_file = {}, key_file = {};  // ours, PEM; empty: there is none
  // For an answer that needs no disk: whoever asks has one thread, and everybody else waits with it.
  base::Nanos patience = 3 * base::kSecond;
};

class PostgresDatabase final : public Database {
 public:
  explicit PostgresDatabase(PostgresSettings settings);
  ~PostgresDatabase() override;

  // A connection begins: a socket that is connected to PostgreSQL. Then advance(), as often as the socket is ready for what it
  // wants, until it is Ready or Lost. Before Ready the schema is brought up, which blocks.
  enum class State { Lost, WantsToRead, WantsToWrite, Ready };
  State start(base::UniqueFd connected);
  State advance();
  // No connection comes of it, and why: for one who tried.
  void give_up(std::string why);
  State state() const { return state_; }
  int socket() const;                              // of libpq; -1: there is none
  const std::string& why() const { return why_; }  // it is lost, one sentence
  // Called at once when a connection that was Ready is lost. Its socket is open until the next start().
  void on_lost(std::function<void()> lost) { lost_ = std::move(lost); }
  // When the socket can be read and nobody asked anything: what other servers told (tell()), or the end.
  void listen(const std::function<void(std::string_view text)>& heard);
  // The same of what came beside an answer: then the socket says nothing of it. False: nothing did.
  bool deliver(const std::function<void(std::string_view text)>& heard);

  base::Result<std::int64_t> run(std::string_view sql, Values values, const Take& take) override;
  base::Status act(std::string_view sql, Values values) override;
  base::Status begin() override;
  base::Status commit() override;
  void rollback() override;
  bool in_transaction() const override;
  base::Status tell(std::string_view text) override;
  base::Status define(const std::string& sql) override;
  base::Result<std::int64_t> schema_version() override;
  base::Status set_schema_version(std::int64_t version) override;
  std::string_view spell(std::string_view word) const override;

 private:
  struct Connection;
  base::Result<std::int64_t> ask(std::string_view sql, Values values, const Take& take, base::Nanos patience);
  State lose(std::string why);
  State greet();
  base::Status away() const;

  const PostgresSettings settings_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Connection> gone_;  // until the next one: whoever watches its socket lets go of it first
  State state_ = State::Lost;
  std::string why_ = "it was not connected yet";
  std::function<void()> lost_;
};

}  // namespace postern::mission
