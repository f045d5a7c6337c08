// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/authority.h"

#include <gtest/gtest.h>

#include <vector>

namespace postern::http {
namespace {

TEST(Authority, IsKeptInLowerCaseWithItsPort) {
  EXPECT_EQ(parse_authority("Postern.Test"), (Authority{"postern.test", 0}));
  EXPECT_EQ(parse_authority("postern.test:8443"), (Authority{"postern.test", 8443}));
  EXPECT_EQ(parse_authority("192.0.2.7:1"), (Authority{"192.0.2.7", 1}));
  EXPECT_EQ(parse_authority("[2001:DB8::1]:65535"), (Authority{"[2001:db8::1]", 65535}));
  EXPECT_EQ(to_text(*parse_authority("A:1")), "a:1");
  EXPECT_EQ(to_text(*parse_authority("[::1]")), "[::1]");
}

TEST(Authority, AcceptsIpv6InEveryForm) {
  for (const char* text : {"[::]", "[::1]", "[1::]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:192.0.2.1]",
                           "[::ffff:192.0.2.1]", "[fe80::1]", "[1::8]", "[1:2:3:4:5:6:7::]"}) {
    EXPECT_TRUE(is_authority(text)) << text;
  }
}

TEST(Authority, RefusesWhatTwoReadersCouldTakeForTwoHosts) {
  for (const char* text : {"",
                           ":",
                           ":80",
                           "a:",
                           "a:0",
                           "a:080",
                           "a:65536",
                           "a:+1",
                           "a b",
                           "a/b",
                           "a@b",
                           "a?",
                           "a#",
                           "a%20",
                           "a\\b",
                           "a,b",
                           ".",
                           "a.",
                           ".a",
                           "a..b",
                           "127.1",
                           "1",
                           "0x7f.1",
                           "1.2.3",
                           "1.2.3.256",
                           "01.2.3.4",
                           "1.2.3.4.5",
                           "[]",
                           "[:]",
                           "[:::]",
                           "[::1",
                           "::1",
                           "[1:2:3:4:5:6:7]",
                           "[1:2:3:4:5:6:7:8:9]",
                           "[1::2::3]",
                           "[12345::]",
                           "[g::]",
                           "[::1%eth0]",
                           "[v1.a]",
                           "[::1]a",
                           "[::1]:",
                           "[1:2:3:4:5:6:7::8]",
                           "[:1]",
                           "[1:]",
                           "[::1.2.3]",
                           "[1.2.3.4]",
                           "[::1.2.3.4:1]"}) {
    EXPECT_FALSE(is_authority(text)) << text;
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

TEST(Authority, BoundsItsLengths) {
  EXPECT_TRUE(is_authority(std::string(63, 'a') + ".test"));
  EXPECT_FALSE(is_authority(std::string(64, 'a') + ".test"));
  std::string name;
  for (int i = 0; i < 126; ++i) name += "a.";
  EXPECT_TRUE(is_authority(name + "a"));    // 253
  EXPECT_FALSE(is_authority(name + "aa"));  // 254
}

TEST(Authority, OursAreComparedWithTheDefaultPortFilledIn) {
  const std::vector<Authority> ours = {{"postern.test", 8443}, {"any.test", 0}, {"default.test", 443}};
  EXPECT_TRUE(names_one_of(ours, "POSTERN.test:8443"));
  EXPECT_FALSE(names_one_of(ours, "postern.test"));
  EXPECT_TRUE(names_one_of(ours, "any.test:7"));
  EXPECT_TRUE(names_one_of(ours, "default.test"));
  EXPECT_FALSE(names_one_of(ours, "default.test", 80));
  EXPECT_FALSE(names_one_of(ours, "postern.test.evil:8443"));
  EXPECT_FALSE(names_one_of(ours, "user@any.test"));
  EXPECT_FALSE(names_one_of({}, "any.test"));
}

}  // namespace
}  // namespace postern::http
