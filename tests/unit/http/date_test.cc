// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/date.h"

#include <gtest/gtest.h>

namespace postern::http {
namespace {

TEST(Date, WritesTheOneForm) {
  EXPECT_EQ(format_date(784111777 * base::kWallSecond),
            "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 section 5.6.7
  EXPECT_EQ(format_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_date(base::kWallSecond - 1), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Date, ReadsWhatItWrites) {
  for (base::Micros day = 0; day < 40000; day += 13) {
    const base::Micros time = (day * 86400 + day % 86400) * base::kWallSecond;
    ASSERT_EQ(parse_date(format_date(time)), time);
  }
}

TEST(Date, ReadsNothingElse) {
  for (const char* text :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:60 GMT",
        "Fri, 31 Feb 1995 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 6  Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

}  // namespace
}  // namespace postern::http
