// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/database.h"

#include <gtest/gtest.h>

#include "tests/unit/audit/temporary_folder.h"

namespace postern::audit {
namespace {

TEST(Statement, BindsAnEmptyTextAndNeverNull) {
  const TemporaryFolder folder;
  auto database = Database::open(folder.path() + "/a.db", Database::Mode::ReadWrite);
  ASSERT_TRUE(database.ok()) << database.error().message;
  ASSERT_TRUE(database->run("CREATE TABLE a (word TEXT NOT NULL)").ok());
  auto insert = database->prepare("INSERT INTO a VALUES (?1)");
  ASSERT_TRUE(insert.ok());
  ASSERT_TRUE(insert->start().bind(std::string_view()).run().ok()) << "a view without a pointer is a text";
  auto count = database->prepare("SELECT count(*) FROM a WHERE word = ?1");
  ASSERT_TRUE(count.ok());
  ASSERT_TRUE(*count->start().bind(std::string_view()).step());
  EXPECT_EQ(count->number(0), 1);
}

}  // namespace
}  // namespace postern::audit
