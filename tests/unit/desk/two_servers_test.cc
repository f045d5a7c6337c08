// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two servers on one PostgreSQL that change the same thing at the same time: what one of them did is not undone by what the other one
// had read before.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "mission/store/postgres_database.h"
#include "tests/unit/desk/updates_rig.h"
#include "tests/unit/store/postgres_server.h"

namespace postern::mission {
namespace {

using base::Json;
using ::testing::HasSubstr;

constexpr base::Nanos kPatience = 60 * base::kSecond;  // no test is decided by how long somebody waits

class TwoServers : public UpdatesRig {
 protected:
  TwoServers() {
    auto ours = connected();
    here = ours.get();
    begin(std::make_unique<Store>(std::move(ours)));
    other = std::make_unique<Store>(connected());
    eye = connected();
  }

  std::unique_ptr<PostgresDatabase> connected() {
    PostgresSettings settings = server.settings(name);
    settings.patience = kPatience;
    auto out = std::make_unique<PostgresDatabase>(settings);
    EXPECT_EQ(bring_together(*out, server.connect()), PostgresDatabase::State::Ready) << out->why();
    return out;
  }
  // The other server commits once act waits for what it has touched; or once act is over, which did not wait then.
  template <typename Act>
  void while_the_other_holds_it(const Act& act) {
    std::atomic<bool> over = false;
    std::thread there([&] {
      std::int64_t waiting = 0;
      while (waiting == 0 && !over) {
        const auto looked = eye->run("SELECT COUNT(*) FROM pg_locks WHERE NOT granted", {},
                                     [&](const Row& row) { waiting = row.number(0); });
        if (!looked.ok()) break;
      }
      EXPECT_TRUE(other->commit().ok());
    });
    act();
    over = true;
    there.join();
  }

  void publish_it() {
    upload();
    ASSERT_EQ(publish_all().status, 200);
  }
  // Not committed yet.
  void suspend_there(const std::string& why) {
    auto offer = *other->hold_offer(kTestUpdate);
    ASSERT_TRUE(offer);
    offer->suspended = why;
    ASSERT_TRUE(other->set_offer(*offer).ok());
  }
  Json shown() { return get("/api/v1/updates/" + std::string(kTestUpdate)); }

  PostgresServer& server = PostgresServer::get();
  std::string name = server.new_database();
  PostgresDatabase* here = nullptr;       // the rig's store
  std::unique_ptr<Store> other;           // another server's
  std::unique_ptr<PostgresDatabase> eye;  // looks on
};

TEST_F(TwoServers, AnUpdateThatIsSuspendedThereWhileItIsOfferedFurtherHereStaysSuspended) {
  publish_it();
  suspend_there("it loses samples");
  while_the_other_holds_it([&] { offer(2); });
  EXPECT_EQ(shown()["suspended"], "it loses samples");
  EXPECT_EQ(shown()["ring"], 2);
}

TEST_F(TwoServers, AnUpdateThatIsSuspendedThereWhileItIsPublishedAgainHereStaysSuspended) {
  publish_it();
  suspend_there("it loses samples");
  vendor.publish_next();
  while_the_other_holds_it([&] { ASSERT_EQ(publish_all().status, 200); });
  EXPECT_EQ(shown()["suspended"], "it loses samples");
  EXPECT_EQ(get("/api/v1/updates")["timestamp"]["version"], 2);
}

TEST_F(TwoServers, WhatIsPublishedThereWhileItIsSuspendedHereStaysPublished) {
  publish_it();
  auto fresh = *other->hold_offer(kTestUpdate);
  ASSERT_TRUE(fresh);
  fresh->sha256 = std::string(64, 'f');
  ASSERT_TRUE(other->set_offer(*fresh).ok());
  while_the_other_holds_it([&] {
    ASSERT_EQ(post("/api/v1/updates/" + std::string(kTestUpdate) + "/suspend", {{"why", "it loses samples"}})
                  .status,
              200);
  });
  EXPECT_EQ(shown()["sha256"], fresh->sha256);
  EXPECT_EQ(shown()["suspended"], "it loses samples");
}

TEST_F(TwoServers, OfTwoPublicationsTheOlderOneIsRefused) {
  publish_it();
  const update::Vendor older = vendor;
  vendor.publish_next();
  const update::Vendor second = vendor;
  vendor.publish_next();
  // The other server publishes the third.
  const auto trust = *other->hold_update_trust();
  ASSERT_TRUE(trust);
  Json kept = trust->kept;
  kept["timestamp"] = vendor.timestamp;
  kept["snapshot"] = vendor.snapshot;
  kept["targets"] = vendor.targets;
  ASSERT_TRUE(other->set_update_trust({trust->pinned, kept}).ok());
  vendor = second;
  while_the_other_holds_it([&] { EXPECT_THAT(publish_all().body, HasSubstr("version 3 is known")); });
  EXPECT_EQ(get("/api/v1/updates")["timestamp"]["version"], 3);
}

TEST_F(TwoServers, OfFailuresThatAreToldToBothAtOnceTheLaterOneCountsBoth) {
  const Enrolled one = enrolled(), two = enrolled(), three = enrolled();
  publish_it();
  offer(9, 50);
  // As note_update does it there: one of three.
  ASSERT_TRUE((*other->hold_offer(kTestUpdate)).has_value());
  ASSERT_TRUE(other->set_update_state({one.id, "", kTestUpdate, "failed", clock.wall()}).ok());
  EXPECT_EQ(*other->count_failures(kTestUpdate, kLastRing), 1);
  while_the_other_holds_it([&] { tell(two, "update.ended", "rolled_back"); });
  EXPECT_EQ(shown()["suspended"],
            "2 of 3 installations of ring 9 reported that it failed or was rolled back");
  EXPECT_TRUE(offers_of(three).offers[0].suspended);
}

// What was not kept is not what there is, though the version that it would have had is another change's by then.
TEST_F(TwoServers, AfterAChangeOfPeopleThatWasLostWhatTheOtherServerMadeIsSeen) {
  Commits commits_there(loop, *other);
  Parts parts_there{clock,
                    {kTestDomain, 86400 * base::kWallSecond, "1.2.3"},
                    *certs::ClientVerifier::make({.roots_pem = authority.certificate_pem}),
                    *other,
                    commits_there,
                    nullptr,
                    nullptr,
                    nullptr,
                    nullptr};
  Registrar there(parts_there);
  ASSERT_TRUE(there.open("").ok());
  const std::string cookie = sign_in("vera");
  int status = 0;
  const auto done = [&](const face::Registrar::Answer& answer) { status = answer.status; };
  registrar->order("remove", {{"name", "ole"}, {"actor", "person:admin"}, {"from", "x"}}, done);
  server.ask(name,
             "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname=current_database() "
             "AND state='idle in transaction'");
  commits->flush();
  EXPECT_EQ(status, 503);
  EXPECT_FALSE(registrar->up());
  registrar->order("remove", {{"name", "ole"}, {"actor", "person:admin"}, {"from", "x"}}, done);
  status = 0;
  commits->flush();
  EXPECT_EQ(status, 503);

  there.order("lock", {{"name", "vera"}, {"actor", "person:admin"}, {"from", "x"}}, done);
  commits_there.flush();
  ASSERT_EQ(status, 200);
  ASSERT_EQ(bring_together(*here, server.connect()), PostgresDatabase::State::Ready) << here->why();
  registrar->look();
  ASSERT_TRUE(registrar->up());
  EXPECT_TRUE(registrar->accounts().find("vera")->locked);
  EXPECT_NE(registrar->accounts().find("ole"), nullptr);
  EXPECT_EQ(at_page(http::Method::Get, "/api/v1/me", {}, cookie).status, 401) << "she was signed out";
  registrar->order("remove", {{"name", "ole"}, {"actor", "person:admin"}, {"from", "x"}}, done);
  commits->flush();
  EXPECT_EQ(status, 200);
  there.look();
  EXPECT_TRUE(there.accounts().find("vera")->locked);
}

}  // namespace
}  // namespace postern::mission
