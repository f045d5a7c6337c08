// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The desk's store, as its configuration says: a file of SQLite, or PostgreSQL, to which the supervisor opens the connections.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "gateway/roles/role.h"
#include "mission/desk/store_link.h"
#include "mission/store/store.h"

namespace postern::roles {

class DeskStore {
 public:
  // Before the walls: PostgreSQL's files are taken here. Ends the process where SQLite's cannot be opened.
  explicit DeskStore(Role& role);
  ~DeskStore();
  DeskStore(const DeskStore&) = delete;
  DeskStore& operator=(const DeskStore&) = delete;

  mission::Store& store() { return *store_; }
  // Nullptr: it is SQLite's, and ready.
  mission::PostgresDatabase* postgres() { return postgres_; }
  // ready: now, or each time that PostgreSQL is there.
  void start(std::function<void()> ready, std::function<void(std::string_view text)> heard);

 private:
  Role& role_;
  std::unique_ptr<mission::Store> store_;
  mission::PostgresDatabase* postgres_ = nullptr;  // of store_
  std::unique_ptr<mission::StoreLink> link_;
};

}  // namespace postern::roles
