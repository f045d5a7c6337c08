// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <string>

#include "base/plain_text.h"

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

// Each byte at each place of a word, with the same byte or a plain one behind it.
TEST(PlainFront, EndsAtTheFirstByteThatIsNot) {
  for (std::size_t length = 0; length < 40; ++length) {
    EXPECT_EQ(plain_front(std::string(length, 'x')), length);
    for (int c = 0; c < 256; ++c) {
      const bool plain = c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
      for (const char behind : {static_cast<char>(c), 'x', '\x1f', '\x80'}) {
        const std::string text = std::string(length, 'x') + static_cast<char>(c) + std::string(9, behind);
        const bool goes_on = plain && behind >= 0x20;
        const bool all = goes_on && behind != '"' && behind != '\\' && behind != '\x7f';
        ASSERT_EQ(plain_front(text), all ? text.size() : length + (plain ? 1 : 0)) << c << " at " << length;
      }
    }
  }
}

TEST(Printable, ShowsWhatCouldDriveATerminalOrTurnTheTextBesideIt) {
  EXPECT_EQ(printable("plain \xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "plain \xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(printable("\x1b[2J\n"), "\\x1b[2J\\x0a");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b");
  for (const char* trick : {"\xE2\x80\x8B", "\xE2\x80\x8F", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAA",
                            "\xE2\x80\xAE", "\xE2\x81\xA0", "\xE2\x81\xA9", "\xEF\xBB\xBF"})
    EXPECT_EQ(printable(trick).size(), 12U) << to_hex(trick);
  for (const char* harmless :
       {"\xE2\x80\x8A", "\xE2\x80\x90", "\xE2\x80\xA7", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE2\x81\xAA"})
    EXPECT_EQ(printable(harmless), harmless) << to_hex(harmless);
  EXPECT_EQ(printable("\xE2\x80"), "\\xe2\\x80") << "not well-formed";
}

}  // namespace
}  // namespace postern::base
