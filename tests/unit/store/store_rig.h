// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A store of each kind that there is, empty, and a clock that is turned by hand: what is tested with it holds for all of them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/ulid.h"
#include "mission/store/store.h"
#include "tests/unit/store/postgres_server.h"

namespace postern::mission {

inline constexpr base::Micros kStoreTime = 1'790'000'000 * base::kWallSecond;

enum class Kind { Sqlite, Postgres };

class StoreTest : public testing::TestWithParam<Kind> {
 protected:
  StoreTest() {
    char name[] = "/tmp/postern-store-XXXXXX";
    directory = ::mkdtemp(name);
    if (GetParam() == Kind::Postgres) on_server = PostgresServer::get().new_database();
    reopen();
  }
  ~StoreTest() override {
    store.reset();
    std::system(("rm -rf " + directory).c_str());
  }

  base::Result<std::unique_ptr<Store>> open() {
    if (GetParam() == Kind::Sqlite) return open_sqlite_store(directory + "/mission.sqlite");
    auto opened = PostgresServer::get().open(on_server);
    EXPECT_EQ(opened->state(), PostgresDatabase::State::Ready) << opened->why();
    postgres = opened.get();
    return std::make_unique<Store>(std::move(opened));
  }
  void reopen() {  // as after a crash: what was not committed is gone
    store.reset();
    auto opened = open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store = *std::move(opened);
  }

  std::string ulid() { return ulids_.make(clock.wall()); }
  void add_code(const std::string& code) {
    const Enrolment one{ulid(), base::sha256_hex(code), "Example Ltd", clock.wall(),
                        clock.wall() + base::kWallSecond};
    ASSERT_TRUE(store->add_enrolment(one).ok());
    ASSERT_TRUE(store->commit().ok());
  }
  bool use(const std::string& code, std::string* id = nullptr) {
    const Installation made{ulid(), "Example Ltd", "1", clock.wall(), Standing::New, clock.wall()};
    if (id != nullptr) *id = made.id;
    const auto used =
        store->enrol(base::sha256_hex(code), made, {ulid(), made.id, clock.wall(), clock.wall() + 1});
    EXPECT_TRUE(used.ok());
    return used.ok() && *used;
  }
  std::string enrolled() {
    const std::string code = ulid();
    std::string id;
    add_code(code);
    EXPECT_TRUE(use(code, &id));
    EXPECT_TRUE(store->commit().ok());
    return id;
  }
  StoredEvent event_of(const std::string& installation) {
    StoredEvent one;
    one.installation = installation;
    one.id = ulid();
    one.type = "test";
    one.time = one.received = clock.wall();
    return one;
  }
  // Each is kept, or not, without a fault; all of it is committed.
  void keep(const std::vector<StoredEvent>& events) {
    for (const StoredEvent& one : events) ASSERT_TRUE(store->keep_event(one).ok());
    ASSERT_TRUE(store->commit().ok());
  }

  std::string directory;
  std::string on_server;                 // the database's name there
  PostgresDatabase* postgres = nullptr;  // of the newest store
  base::ManualClock clock{kStoreTime};
  std::unique_ptr<Store> store;

 private:
  base::UlidMaker ulids_;
};

}  // namespace postern::mission
