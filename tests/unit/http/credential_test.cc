// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/credential.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::http {
namespace {

std::string value(CredentialKind kind, std::string_view user, std::string_view text) {
  EXPECT_TRUE(base::init_crypto().ok());
  const auto made = credential_value(kind, user, text);
  return made.ok() ? std::string(made->view()) : "refused: " + made.error().message;
}

TEST(Credential, IsWrittenAsItsSchemeWantsIt) {
  EXPECT_EQ(value(CredentialKind::Bearer, "", "abc.DEF-123\n"), "Bearer abc.DEF-123");
  EXPECT_EQ(value(CredentialKind::Basic, "Aladdin", "open sesame\r\n"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(value(CredentialKind::Header, "", "k3y value"), "k3y value");
}

TEST(Credential, ThatCouldBreakALineIsRefused) {
  for (const CredentialKind kind : {CredentialKind::Bearer, CredentialKind::Basic, CredentialKind::Header}) {
    EXPECT_EQ(value(kind, "u", "a\r\nx: y"), "refused: must hold one line without control characters");
    EXPECT_EQ(value(kind, "u", std::string_view("a\0b", 3)),
              "refused: must hold one line without control characters");
    EXPECT_EQ(value(kind, "u", "\n"), "refused: holds nothing");
    EXPECT_EQ(value(kind, "u", std::string(kCredentialFileLimit + 1, 'a')),
              "refused: is longer than a header field may be");
  }
}

TEST(Credential, IsRefusedWithoutQuotingIt) {
  EXPECT_EQ(value(CredentialKind::Bearer, "", "two words"),
            "refused: must hold a token: printable ASCII without spaces");
  EXPECT_EQ(value(CredentialKind::Header, "", " padded"),
            "refused: must hold what a header field can: printable ASCII, no space at an end");
  EXPECT_EQ(value(CredentialKind::Basic, "a:b", "secret"), "refused: needs a user without a colon");
}

}  // namespace
}  // namespace postern::http
