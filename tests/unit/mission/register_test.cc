// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/register.h"

#include <gtest/gtest.h>

namespace postern::mission {
namespace {

// The example of register.h.
constexpr std::string_view kExample =
    R"({"did":"issued","time":"2026-03-01T12:00:00.000000Z","serial":"3fa20c","name":"alice","emails":["alice@vendor.example"],"uris":[],"purposes":[],"from":"2026-03-01T11:00:00.000000Z","until":"2026-03-08T12:00:00.000000Z","sha256":"c0ffee","key":"new"}
{"did":"revoked","time":"2026-03-02T12:00:00.000000Z","serial":"3fa20c","reason":"keyCompromise"}
{"did":"listed","time":"2026-03-02T12:01:00.000000Z","number":1,"until":"2026-03-09T12:01:00.000000Z","revoked":1}
)";

std::string issued(const std::string& serial, base::Micros until = 100) {
  Issued one;
  one.serial = serial;
  one.name = "bob";
  one.emails = {"bob@vendor.example"};
  one.until = until;
  return line_of(one);
}
std::string wrong_with(const std::string& text) {
  const auto read = Register::parse(text);
  return read.ok() ? std::string() : read.error().message;
}

TEST(Register, ReadsWhatItWroteAndTheExample) {
  const auto read = Register::parse(kExample);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const Issued& alice = read->issued().at(0);
  EXPECT_EQ(alice.reason, "keyCompromise");
  EXPECT_EQ(read->last_list()->number, 1U);
  Issued as_issued = alice;
  as_issued.revoked = 0;
  EXPECT_EQ(line_of(as_issued) + line_of_revocation(alice.serial, alice.reason, alice.revoked) +
                line_of(*read->last_list()),
            kExample);
}

TEST(Register, AnEmptyOneIsARegister) { EXPECT_TRUE(Register::parse("").ok()); }

TEST(Register, WhatCannotBeIsSaidWithItsLine) {
  const std::string one = issued("aa01");
  EXPECT_EQ(wrong_with(one + one), "line 2 of the register has a serial number that stands there already");
  EXPECT_EQ(wrong_with(line_of_revocation("aa01", "superseded", 1)),
            "line 1 of the register revokes what was not issued");
  const std::string revoked = line_of_revocation("aa01", "superseded", 1);
  EXPECT_EQ(wrong_with(one + revoked + revoked), "line 3 of the register revokes what was revoked before");
  EXPECT_EQ(wrong_with(line_of(Listed{2, 1, 2, 0}) + line_of(Listed{2, 1, 2, 0})),
            "line 2 of the register speaks of a list whose number does not rise");
  EXPECT_EQ(wrong_with("nonsense\n"), "line 1 of the register is no JSON object");
  EXPECT_EQ(wrong_with("{\"did\":\"issued\"}\n"),
            "line 1 of the register does not say all of what was issued");
  EXPECT_EQ(wrong_with("{\"did\":\"else\"}\n"), "line 1 of the register says something unknown");
}

TEST(Register, ALineThatIsNotWholeIsToldAtEveryByte) {
  const std::string whole = issued("aa01"), second = issued("aa02");
  for (std::size_t size = 1; size < second.size(); ++size) {
    const std::string why = wrong_with(whole + second.substr(0, size));
    EXPECT_TRUE(why.starts_with("line 2 of the register is not whole")) << why;
  }
}

TEST(Register, IsSearchedByTheBeginningOfASerialNumber) {
  const auto read = *Register::parse(issued("aabb01") + issued("aabb02") + issued("cc00") + issued("cc0011"));
  EXPECT_EQ(read.find("AABB01")->serial, "aabb01");
  EXPECT_EQ(read.find("aabb").error().code, base::Code::Invalid) << "two begin so";
  EXPECT_EQ(read.find("cc00")->serial, "cc00") << "a whole one is that one";
  EXPECT_EQ(read.find("dd00").error().code, base::Code::NotFound);
  EXPECT_EQ(read.find("aa").error().code, base::Code::Invalid);
}

TEST(Register, EachRevocationStandsInOneListThatWasMadeAfterTheEnd) {
  const std::string before = issued("aa01", 100) + line_of_revocation("aa01", "superseded", 50);
  EXPECT_EQ(Register::parse(before)->to_be_listed().size(), 1U);
  EXPECT_EQ(Register::parse(before + line_of(Listed{1, 90, 200, 1}))->to_be_listed().size(), 1U);
  EXPECT_EQ(Register::parse(before + line_of(Listed{1, 90, 200, 1}) + line_of(Listed{2, 110, 200, 1}))
                ->to_be_listed()
                .size(),
            0U);
}

}  // namespace
}  // namespace postern::mission
