// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/fields.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

std::string listed(const Fields& fields) {
  std::string out;
  fields.for_each(
      [&](const Field& field) { out.append(field.name).append("=").append(field.value).append(";"); });
  return out;
}

TEST(Fields, KeepOrderAndLowerTheNames) {
  Fields fields;
  ASSERT_TRUE(fields.add("Host", "a"));
  ASSERT_TRUE(fields.add("X-B", ""));
  ASSERT_TRUE(fields.add("x-b", "2"));
  EXPECT_EQ(listed(fields), "host=a;x-b=;x-b=2;");
  EXPECT_EQ(fields.find("x-b"), "");
  EXPECT_EQ(fields.find(FieldId::Host), "a");
  EXPECT_FALSE(fields.find("X-B"));
  EXPECT_EQ(fields[2].value, "2");
}

TEST(Fields, HoldNothingThatCouldBreakALine) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("a") + static_cast<char>(byte) + "b";
    Fields fields;
    const bool named = fields.add(text, "v");
    EXPECT_EQ(named, is_token(text)) << byte;
    const bool valued = fields.add("n", text);
    EXPECT_EQ(valued, byte == '\t' || (byte >= 0x20 && byte != 0x7f)) << byte;
    EXPECT_EQ(fields.size(), static_cast<std::size_t>(named) + static_cast<std::size_t>(valued));
    EXPECT_EQ(fields.has_obs_text(), byte >= 0x80);
  }
  Fields fields;
  EXPECT_FALSE(fields.add("", "v"));
  EXPECT_FALSE(fields.add("a", " v"));
  EXPECT_FALSE(fields.add("a", "v\t"));
  EXPECT_TRUE(fields.empty());
}

TEST(Fields, FindABadByteAtEveryPlaceOfALongValue) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const char bad : {'\0', '\n', '\r', '\x7f', '\x1f'}) {
        std::string value(size, 'x');
        value[at] = bad;
        ASSERT_EQ(classify_value(value), ValueText::Invalid) << size << " " << at;
      }
      std::string value(size, '~');
      value[at] = '\xff';
      ASSERT_EQ(classify_value(value), ValueText::ObsText);
    }
    ASSERT_EQ(classify_value(std::string(size, '!')), ValueText::Ascii);
  }
}

TEST(Fields, RemoveAndSetLeaveTheOthersInPlace) {
  Fields fields;
  fields.put("a", "1");
  fields.put("b", "2");
  fields.put("a", "3");
  fields.set("c", "4");
  EXPECT_EQ(fields.remove("a"), 2U);
  fields.set("b", "5");
  EXPECT_EQ(listed(fields), "c=4;b=5;");
  EXPECT_EQ(fields.remove(FieldId::Host), 0U);
  fields.clear();
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(fields.bytes(), 0U);
}

TEST(FieldsDeath, PuttingABrokenValueIsABug) {
  Fields fields;
  EXPECT_DEATH(fields.put("a", "b\r\nc: d"), "added");
}

TEST(FieldId, EveryNameInTheTableIsFoundAndNoneBeside) {
  for (int i = 1; i <= static_cast<int>(FieldId::PosternEvent); ++i) {
    const FieldRule& rule = rule_of(static_cast<FieldId>(i));
    EXPECT_TRUE(is_lower_token(rule.name));
    EXPECT_EQ(identify(rule.name), rule.id);
    EXPECT_EQ(identify(std::string(rule.name) + "x"), FieldId::Other);
    EXPECT_EQ(identify(rule.name.substr(1)), FieldId::Other) << rule.name;
  }
  EXPECT_EQ(identify(""), FieldId::Other);
  EXPECT_EQ(identify("x"), FieldId::Other);
}

TEST(Lists, AreCutAtCommasAndTrimmed) {
  std::string_view rest = "a, b\t ,,c";
  std::vector<std::string> members;
  for (std::string_view member; next_member(rest, member);) members.emplace_back(member);
  EXPECT_EQ(members, (std::vector<std::string>{"a", "b", "", "c"}));
}

}  // namespace
}  // namespace postern::http
