// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace postern::cli {
namespace {

TEST(Table, AlignsColumnsWithoutTrailingSpaces) {
  const base::Json items{{{"name", "alice"}, {"n", 7}}, {{"name", "b"}, {"n", 1234}}};
  EXPECT_EQ(to_table(items, {{"NAME", "name"}, {"N", "n", Kind::Number}, {"E", "missing"}}, "None."),
            "NAME      N  E\nalice     7  -\nb      1234  -\n");
}

TEST(Table, SaysThatThereIsNothing) {
  EXPECT_EQ(to_table(base::Json::array(), {{"A", "a"}}, "No sessions."), "No sessions.\n");
}

TEST(Table, MakesHostileTextHarmless) {
  const base::Json items{{{"name", "\x1b[2Jevil\nline"}}};
  const std::string out = to_table(items, {{"NAME", "name"}}, "");
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
}

TEST(Table, JsonForAProgramDrivesNoTerminal) {
  const base::Json value{{"name", "\x1b[2J\xC2\x9B\xE2\x80\xAE\xC3\xBC"}};
  const std::string out = to_json_line(value);
  EXPECT_EQ(out, "{\"name\":\"\\u001b[2J\\u009b\\u202e\\u00fc\"}\n");
  EXPECT_EQ(base::parse_json(out).value(), value);
}

TEST(Table, ReadsInsideObjectsAndJoinsLists) {
  const base::Json object{{"a", {{"b", "deep"}}}, {"list", {"x", "y"}}};
  EXPECT_EQ(to_lines(object, {{"Deep", "a.b"}, {"Some list", "list", Kind::List}}),
            "Deep:       deep\nSome list:  x, y\n");
}

TEST(Table, ShowsTimesInTheLocalZone) {
  EXPECT_EQ(local_time("not a time"), "not a time");
  ::setenv("TZ", "UTC-02:00", 1);
  ::tzset();
  EXPECT_TRUE(local_time("2026-03-01T08:09:10.123456Z").starts_with("2026-03-01 10:09:10"));
}

}  // namespace
}  // namespace postern::cli
