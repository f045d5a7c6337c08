// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/signed_grant.h"

#include <gtest/gtest.h>

namespace postern::certs {
namespace {

constexpr base::Micros kEight = 1'772'352'000'000'000;  // 2026-03-01T08:00:00Z

// The example of a document's text.
constexpr std::string_view kGrantText =
    "postern-grant/v1\nfor postern/gw1\nid 01ARZ3NDEKTSV4RRFFQ69G5FAV\nengineer alice\ncapability "
    "metrics.read\n"
    "capability silences.write\nfrom 2026-03-01T08:00:00.000000Z\nuntil 2026-03-01T16:00:00.000000Z\nticket "
    "SUP-4711\n"
    "reason a disk is full\n";

class SignedGrants : public testing::Test {
 protected:
  static SignerKey key(const std::string& name, char seed = 's') {
    return {name, base::Secret(std::string(base::kEd25519SeedSize, seed))};
  }
  static std::string document(std::string_view text, const SignerKey& by) {
    return std::string(text) + "\n" + signature_line(by, text);
  }
  std::string wrong_with(const std::string& bytes) const {
    const auto opened = open_grant(bytes, {verifier_of(key_)});
    return opened.ok() ? std::string() : opened.error().message;
  }
  // The text with a line in place of another, signed.
  std::string wrong_when(const std::string& from, const std::string& to) const {
    std::string text(kGrantText);
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return wrong_with(document(text.replace(at, from.size(), to), key_));
  }
  const bool ready_ = base::init_crypto().ok();
  const SignerKey key_ = key("example.org/grants");
};

TEST_F(SignedGrants, AreWhatTheySay) {
  const auto opened = open_grant(document(kGrantText, key_), {verifier_of(key_)});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const SignedGrant wanted{"postern/gw1",
                           "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                           "alice",
                           "",
                           {"metrics.read", "silences.write"},
                           kEight,
                           kEight + 8LL * 3600 * base::kWallSecond,
                           "SUP-4711",
                           "a disk is full"};
  EXPECT_EQ(opened->grant, wanted);
  EXPECT_EQ(opened->signers, std::vector<std::string>{"example.org/grants"});
  EXPECT_EQ(*format_grant(wanted), kGrantText);
}

TEST_F(SignedGrants, MaySayHowMuchTheyGive) {
  SignedGrant grant{"postern/gw1", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "alice", "viewer", {}, 1, 2, "T", ""};
  grant.exchanges = 100;
  grant.response_bytes = 1 << 20;
  const std::string text = *format_grant(grant);
  EXPECT_NE(text.find("Z\nexchanges 100\nresponse-bytes 1048576\nticket T\n"), std::string::npos) << text;
  EXPECT_EQ(open_grant(document(text, key_), {verifier_of(key_)})->grant, grant);
  for (const std::string wrong :
       {"0", "-1", "0100", "+1", "1e3", "1000000000000001", "99999999999999999999", ""})
    EXPECT_NE(wrong_when("ticket", "exchanges " + wrong + "\nticket"), "") << wrong;
  EXPECT_NE(wrong_when("ticket", "response-bytes 1\nexchanges 1\nticket"), "");
  EXPECT_EQ(wrong_when("ticket", "exchanges 1\nresponse-bytes 1\nticket"), "");
}

TEST_F(SignedGrants, AreNothingWhenOneByteWasChanged) {
  const std::string whole = document(kGrantText, key_);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    EXPECT_NE(wrong_with(bytes), "") << i;
    EXPECT_NE(wrong_with(whole.substr(0, i)), "") << i;
  }
}

TEST_F(SignedGrants, CountEachKeyOnceAndOnlyThoseThatAreKnown) {
  const SignerKey second = key("example.org/second", 't');
  const std::string both =
      document(kGrantText, key_) + signature_line(second, kGrantText) + signature_line(second, kGrantText);
  EXPECT_EQ(open_grant(both, {verifier_of(key_), verifier_of(second)})->signers.size(), 2U);
  EXPECT_EQ(open_grant(both, {verifier_of(second)})->signers, std::vector<std::string>{"example.org/second"});
  EXPECT_EQ(open_grant(both, {verifier_of(key("example.org/third", 'u'))}).error().message,
            "no key of grants.signers has signed this grant");
}

TEST_F(SignedGrants, HaveOneFormOnly) {
  EXPECT_NE(wrong_when("engineer alice", "engineer  alice\nengineer alice"), "");
  EXPECT_NE(wrong_when("08:00:00.000000Z", "08:00:00Z"), "");
  EXPECT_NE(wrong_when("08:00:00.000000Z", "10:00:00.000000+02:00"), "");
  EXPECT_NE(wrong_when("capability metrics.read\ncapability silences.write",
                       "capability silences.write\ncapability metrics.read"),
            "");
  EXPECT_NE(wrong_when("capability silences.write", "capability metrics.read"), "");
  EXPECT_NE(wrong_when("ticket SUP-4711\nreason a disk is full", "reason a disk is full\nticket SUP-4711"),
            "");
  EXPECT_NE(wrong_when("ticket SUP-4711", "role admin\nticket SUP-4711"), "");
  EXPECT_NE(wrong_when("capability metrics.read", "role viewer\ncapability metrics.read"), "");
  EXPECT_NE(wrong_when("postern-grant/v1", "postern-grant/v2"), "");
  EXPECT_NE(wrong_when("reason a disk is full\n", "reason a disk is full\nmore\n"), "");
  for (const char* unseen : {"\xE2\x80\xA8", "\xE2\x80\xAE", "\xC2\x85", "\xE2\x80\x8B"})
    EXPECT_NE(wrong_when("a disk is full\n", std::string("a disk") + unseen + "is full\n"), "")
        << "what is signed is what is read";
  EXPECT_NE(wrong_when("until 2026-03-01T16", "until 2026-03-01T07"), "");
  EXPECT_NE(wrong_when("id 01ARZ3NDEKTSV4RRFFQ69G5FAV", "id 01ARZ"), "");
  EXPECT_EQ(wrong_when("engineer alice", "engineer bob"), "");
}

TEST_F(SignedGrants, ACheckpointIsNoGrant) {
  const std::string checkpoint = "example.org/grants\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
  EXPECT_EQ(wrong_with(document(checkpoint, key_)), "this is not a signed grant: it does not begin as one");
}

TEST_F(SignedGrants, WhatCouldNotBeReadIsNotWritten) {
  SignedGrant grant{"postern/gw1", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "alice", "viewer", {}, 1, 2, "", ""};
  EXPECT_TRUE(format_grant(grant).ok());
  grant.reason = "two\nlines";
  EXPECT_FALSE(format_grant(grant).ok());
  grant.reason = "";
  grant.capabilities = {"metrics.read"};
  EXPECT_FALSE(format_grant(grant).ok()) << "either a role or capabilities";
}

}  // namespace
}  // namespace postern::certs
