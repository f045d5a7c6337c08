// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/store_link.h"

#include <gtest/gtest.h>

#include "tests/unit/store/postgres_server.h"

namespace postern::mission {
namespace {

class StoreLinkTest : public testing::Test {
 protected:
  StoreLinkTest()
      : guard(loop, [this] {
          ADD_FAILURE() << "it took too long: " << database.why();
          loop.stop();
        }) {
    guard.start(30 * base::kSecond);
  }

  PostgresServer& server = PostgresServer::get();
  loop::Loop loop;
  loop::Timer guard;
  PostgresDatabase database{server.settings(server.new_database())};
  int refusals = 0, asked = 0, ready = 0;
};

TEST_F(StoreLinkTest, TriesAgainUntilItIsThereAndAgainWhenItStops) {
  refusals = 2;
  StoreLink link(loop, database,
                 [&](const auto& done) {
                   ++asked;
                   if (refusals-- > 0)
                     return done(base::fail(base::Code::Unavailable, "no connection to nowhere"));
                   EXPECT_TRUE(asked != 3 || database.why() == "no connection to nowhere") << database.why();
                   done(server.connect());
                 },
                 {[&] {
                    if (++ready == 1) return server.restart("immediate");
                    loop.stop();
                  },
                  [](std::string_view) {}});
  link.start();
  loop.run();
  EXPECT_EQ(ready, 2);
  EXPECT_GE(asked, 4);
  EXPECT_TRUE(link.ready());
}

TEST_F(StoreLinkTest, HearsWhatOthersTell) {
  std::string heard;
  StoreLink link(
      loop, database, [&](const auto& done) { done(server.connect()); },
      {[&] {
         EXPECT_TRUE(database.begin().ok() && database.tell("somebody").ok() && database.commit().ok());
       },
       [&](std::string_view text) {
         heard = text;
         loop.stop();
       }});
  link.start();
  loop.run();
  EXPECT_EQ(heard, "somebody");
}

}  // namespace
}  // namespace postern::mission
