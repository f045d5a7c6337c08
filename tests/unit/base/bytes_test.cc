// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::base {
namespace {

// Eight bytes are judged at once where they can be: what is wrong must be found wherever it stands.
TEST(Utf8, FindsWhatIsWrongAtEveryPlace) {
  for (const std::string_view wrong :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t after = 0; after < 20; ++after) {
        EXPECT_FALSE(is_utf8(std::string(before, 'a') + std::string(wrong) + std::string(after, 'b')))
            << to_hex(wrong) << " after " << before;
      }
    }
  }
}

TEST(Utf8, TakesWhatIsRightAtEveryPlace) {
  for (const std::string_view right : {"", "z", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\xaa"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      EXPECT_TRUE(is_utf8(std::string(before, 'a') + std::string(right) + std::string(before, 'b')));
    }
  }
}

}  // namespace
}  // namespace postern::base
