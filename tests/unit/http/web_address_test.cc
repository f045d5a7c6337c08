// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/web_address.h"

#include <gtest/gtest.h>

namespace postern::http {
namespace {

TEST(WebAddress, IsTakenApart) {
  const auto plain = parse_web_address("http://PKI.example/a/b.crl?x=1");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->https);
  EXPECT_EQ(plain->authority, (Authority{"pki.example", 80}));
  EXPECT_EQ(plain->target, "/a/b.crl?x=1");
  EXPECT_EQ(host_to_send(*plain), "pki.example");
  const auto secured = parse_web_address("HTTPS://[2001:db8::1]:8443");
  ASSERT_TRUE(secured);
  EXPECT_TRUE(secured->https);
  EXPECT_EQ(secured->target, "/");
  EXPECT_EQ(host_to_send(*secured), "[2001:db8::1]:8443");
  EXPECT_EQ(parse_web_address("https://a.example?q")->target, "/?q");
  EXPECT_EQ(host_to_send(*parse_web_address("http://a.example:443/")), "a.example:443");
}

TEST(WebAddress, IsNothingElse) {
  for (const char* text :
       {"", "http:", "http://", "http:///a", "ftp://a.example/", "file:///etc/passwd", "//a.example/",
        "http://user@a.example/", "http://a.example/#f", "http://a.example/a b", "http://a.example/\r\nX: y",
        "http://a.example:0/", "http://a.example:70000/", "http://a.example/\xc3\xa4", "javascript://x"}) {
    EXPECT_FALSE(parse_web_address(text)) << text;
  }
  EXPECT_FALSE(parse_web_address("http://a.example/" + std::string(kWebAddressLimit, 'x')));
}

}  // namespace
}  // namespace postern::http
