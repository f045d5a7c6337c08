// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is done on the store between two commits, all of it or nothing. The first act begins the transaction. After a failure
// nothing is done until commit(), which says so: a database may have rolled back by itself, and what came then would be
// kept alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "mission/store/database.h"

namespace postern::mission {

class Turn {
 public:
  explicit Turn(Database& database) : database_(database) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  base::Status read(std::string_view sql, Values values, const Take& take);
  // Its outcome is nobody's question: the fastest.
  base::Status act(std::string_view sql, Values values);
  // How many rows it touched. take: for what it returns.
  base::Result<std::int64_t> touch(std::string_view sql, Values values, const Take& take = nullptr);
  base::Status tell(std::string_view text);  // to other servers, with the commit
  bool open() const {
    return open_ || failed_.has_value();
  }  // there is something to commit, or it has failed
  base::Status commit();
  void undo();  // all since the last commit

  // Every row, or the only one, as make has it.
  template <typename Make>
  auto all(std::string_view sql, Values values, Make make)
      -> base::Result<std::vector<decltype(make(std::declval<const Row&>()))>> {
    std::vector<decltype(make(std::declval<const Row&>()))> out;
    base::Status done = read(sql, values, [&](const Row& row) { out.push_back(make(row)); });
    if (!done.ok()) return std::move(done).error();
    return out;
  }
  template <typename Make>
  auto one(std::string_view sql, Values values, Make make)
      -> base::Result<std::optional<decltype(make(std::declval<const Row&>()))>> {
    std::optional<decltype(make(std::declval<const Row&>()))> out;
    base::Status done = read(sql, values, [&](const Row& row) { out = make(row); });
    if (!done.ok()) return std::move(done).error();
    return out;
  }
  base::Result<std::int64_t> number(std::string_view sql, Values values);  // 0: there is no row

 private:
  base::Status begin();
  template <typename Outcome>
  Outcome noted(Outcome outcome);

  Database& database_;
  base::Status check();
  bool open_ = false;
  std::optional<base::Error> failed_;  // with what, first
};

}  // namespace postern::mission
