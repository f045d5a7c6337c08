// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/network.h"

#include <gtest/gtest.h>

namespace postern::base {
namespace {

bool in(std::string_view network, std::string_view address) {
  const auto parsed = parse_network(network);
  EXPECT_TRUE(parsed.has_value()) << network;
  return parsed && contains(*parsed, address);
}

TEST(Network, HoldsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(in("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(in("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(in("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(in("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(in("2001:db8::/32", "2001:db8:1::7"));
  EXPECT_FALSE(in("2001:db8::/32", "2001:db9::"));
  EXPECT_TRUE(in("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(in("192.0.2.7", "192.0.2.8"));
}

TEST(Network, TakesAMappedAddressForWhatItIs) {
  EXPECT_TRUE(in("192.0.2.0/24", "::ffff:192.0.2.7"));
  EXPECT_FALSE(in("0.0.0.0/0", "2001:db8::1")) << "every IPv4 address, and no other";
  EXPECT_TRUE(in("::/0", "192.0.2.7"));
}

TEST(Network, RefusesWhatIsNoneAndWhatIsASlip) {
  for (const char* wrong :
       {"", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/024", "192.0.2.0/-1", "192.0.2.7/24",
        "2001:db8::1/32", "::/129", "300.0.0.1", "fe80::1%eth0", "[::1]", "192.0.2.0/24/8", "host"})
    EXPECT_FALSE(parse_network(wrong).has_value()) << wrong;
}

TEST(Network, HoldsNothingThatIsNoAddress) {
  EXPECT_FALSE(in("::/0", ""));
  EXPECT_FALSE(in("::/0", "local"));
  EXPECT_FALSE(in("::/0", "192.0.2.7:443"));
}

TEST(Network, CountsWhomeverOwnsAnIpv6NetworkAsOneOrigin) {
  EXPECT_EQ(origin_of("2001:db8:0:7::1"), origin_of("2001:db8:0:7:ffff::2"));
  EXPECT_EQ(origin_of("[2001:db8:0:7::1]"), origin_of("2001:db8:0:7::1"));
  EXPECT_NE(origin_of("2001:db8:0:7::1"), origin_of("2001:db8:0:8::1"));
  EXPECT_EQ(origin_of("192.0.2.7"), "192.0.2.7");
  EXPECT_NE(origin_of("::ffff:192.0.2.7"), origin_of("::ffff:192.0.2.8"));
  EXPECT_EQ(origin_of("a name"), "a name");
}

}  // namespace
}  // namespace postern::base
