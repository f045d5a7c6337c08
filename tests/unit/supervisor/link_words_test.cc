// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/link_words.h"

#include <gtest/gtest.h>

namespace postern::supervisor {
namespace {

constexpr base::Nanos kBegan = 1000 * base::kSecond, kMinuteHere = 60 * base::kSecond;

TEST(LinkWords, AnHonestLinkIsAlwaysListenedTo) {
  LinkWords words;
  base::Nanos now = kBegan;
  for (int start = 0; start < 3; ++start) EXPECT_TRUE(words.may_speak("list/a", now));
  for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(words.may_speak("list/a", now += 8 * base::kSecond)) << i;
}

TEST(LinkWords, OneThatSaysItAgainAndAgainIsNotAndOtherNamesAreNothingToIt) {
  LinkWords words;
  int heard = 0;
  for (int i = 0; i < 100'000; ++i) heard += words.may_speak("list/a", kBegan + i) ? 1 : 0;
  EXPECT_EQ(heard, LinkWords::kWords.at_once);
  EXPECT_TRUE(words.may_speak("list/b", kBegan));
  EXPECT_TRUE(words.may_speak("list/a", kBegan + kMinuteHere));
}

TEST(LinkWords, WhatIsNotRecordedStandsInTheNextThatIs) {
  LinkWords words;
  base::Json detail = base::Json::object();
  int recorded = 0;
  for (int i = 0; i < 20; ++i) recorded += words.may_record("list/a", false, kBegan, detail) ? 1 : 0;
  EXPECT_EQ(recorded, LinkWords::kEvents.at_once);
  EXPECT_FALSE(detail.contains("unrecorded"));
  EXPECT_TRUE(words.may_record("list/a", true, kBegan, detail)) << "severe";
  EXPECT_EQ(detail["unrecorded"], 16);
  detail = base::Json::object();
  EXPECT_TRUE(words.may_record("list/a", false, kBegan + 11 * kMinuteHere, detail));
  EXPECT_FALSE(detail.contains("unrecorded"));
}

TEST(LinkWords, WhatAPersonAskedForAnewIsHeardAndRecorded) {
  LinkWords words;
  base::Json detail = base::Json::object();
  while (words.may_speak("list/a", kBegan)) {
  }
  for (int i = 0; i < 20; ++i) words.may_record("list/a", false, kBegan, detail);
  words.ask_again();
  EXPECT_TRUE(words.may_speak("list/a", kBegan));
  EXPECT_TRUE(words.may_record("list/a", false, kBegan, detail));
  EXPECT_EQ(detail["unrecorded"], 16) << "what was not recorded before stands there all the same";
}

TEST(LinkWords, NothingIsKeptOfNamesThatAreGone) {
  LinkWords words;
  words.may_speak("list/a", kBegan);
  words.may_speak("list/b", kBegan);
  words.keep_only([](const std::string& name) { return name == "list/b"; });
  EXPECT_EQ(words.size(), 1U);
}

}  // namespace
}  // namespace postern::supervisor
