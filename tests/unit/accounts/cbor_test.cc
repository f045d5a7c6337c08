// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/cbor.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace postern::accounts {
namespace {

std::string bytes(std::string_view hex) { return base::from_hex(hex).value(); }

TEST(Cbor, ReadsTheExamplesOfTheSpecification) {
  struct Example {
    const char* hex;
    std::int64_t number;
  };
  // RFC 8949 appendix A.
  for (const Example& one : {Example{"00", 0},
                             {"17", 23},
                             {"1818", 24},
                             {"1903e8", 1000},
                             {"1a000f4240", 1'000'000},
                             {"20", -1},
                             {"3863", -100},
                             {"3903e7", -1000}}) {
    const std::string text = bytes(one.hex);
    std::string_view in = text;
    const auto item = read_cbor(in);
    ASSERT_TRUE(item) << one.hex;
    EXPECT_EQ(item->kind, Cbor::Kind::Number);
    EXPECT_EQ(item->number, one.number) << one.hex;
    EXPECT_TRUE(in.empty());
  }
}

TEST(Cbor, FindsMembersByNumberAndByText) {
  const std::string good = bytes("a301020326636162634101ff");
  std::string_view in = good;
  const auto map = read_cbor(in);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->find(1, Cbor::Kind::Number)->number, 2);
  EXPECT_EQ(map->find(3, Cbor::Kind::Number)->number, -7);
  EXPECT_EQ(map->find("abc", Cbor::Kind::Bytes)->bytes, "\x01");
  EXPECT_EQ(map->find("abc", Cbor::Kind::Text), nullptr) << "of another kind";
  EXPECT_EQ(map->find(4, Cbor::Kind::Number), nullptr);
  EXPECT_EQ(in, "\xFF") << "what follows is left";
}

TEST(Cbor, RefusesWhatNoAuthenticatorWrites) {
  for (const char* hex : {
           "",  // nothing
           "1800",
           "190017",  // not the shortest form
           "1c",
           "5f",
           "9f",
           "bf",    // reserved, and of indefinite length
           "c000",  // a tag
           "f90000",
           "fb0000000000000000",
           "f0",  // floats, an unassigned simple value
           "42ff",
           "62c3",  // cut
           "a1",
           "a101",        // members that do not come
           "a201010102",  // a key twice
           "a1f401",
           "a1810101",  // keys that are no number and no text
           "8181818181"
           "00",                  // deeper than CTAP allows
           "1b8000000000000000",  // no number of 63 bits
           "9841",                // too many members
       }) {
    const std::string text = bytes(hex);
    std::string_view in = text;
    EXPECT_FALSE(read_cbor(in)) << hex;
    EXPECT_EQ(in, text) << "taken from all the same: " << hex;
  }
}

}  // namespace
}  // namespace postern::accounts
