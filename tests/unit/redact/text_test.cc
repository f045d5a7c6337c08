// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/redact/fixture.h"

namespace postern::redact {
namespace {

const auto kRules = rules_of({"$..password", "$.list[*].api-key"});

std::string text(std::string_view in) { return redact_everywhere(Form::Text, kRules, in).text; }
std::string yaml(std::string_view in) { return redact_everywhere(Form::Yaml, kRules, in).text; }

TEST(NamedText, AValueEndsWhereItsWritingEnds) {
  const std::string token = token_of("hunter2");
  EXPECT_EQ(text("user=bob password=hunter2 x=y"), "user=bob password=" + token + " x=y");
  EXPECT_EQ(text("a=b&password=hunter2&c=d"), "a=b&password=" + token + "&c=d");
  EXPECT_EQ(text("password: hunter2\nnext"), "password: " + token + "\nnext");
  EXPECT_EQ(text("password: two words\r\nnext"), "password: " + token_of("two words") + "\r\nnext");
  EXPECT_EQ(text("{\"password\": \"hunter2\", \"b\": 1}"), "{\"password\": \"" + token + "\", \"b\": 1}");
  EXPECT_EQ(text("{'password':'hunter2'}"), "{'password':'" + token + "'}");
  EXPECT_EQ(text("'password': 'it''s' x"), "'password': '" + token_of("it''s") + "' x");
  EXPECT_EQ(text(R"("password": "a\"b" x)"), R"("password": ")" + token_of(R"(a\"b)") + "\" x");
  EXPECT_EQ(text(R"(msg="{\"password\":\"hunter2\"}" x)"), R"(msg="{\"password\":\")" + token + R"(\"}" x)");
  EXPECT_EQ(text(R"(msg="{\"password\":\"a\\\"b\"}" x)"),
            R"(msg="{\"password\":\")" + token_of(R"(a\\\"b)") + R"(\"}" x)");
}

TEST(NamedText, ANameIsAWholeWordInAnyCase) {
  const std::string token = token_of("hunter2");
  EXPECT_EQ(text("PASSWORD=hunter2"), "PASSWORD=" + token);
  EXPECT_EQ(text("spring.datasource.password=hunter2"), "spring.datasource.password=" + token);
  EXPECT_EQ(text("run --password=hunter2"), "run --password=" + token);
  EXPECT_EQ(text("api-key: hunter2"), "api-key: " + token);
  for (const char* other : {"db_password=x", "x-password: x", "passwords: x", "password", "password \n= x",
                            "the password, please", "password=", "password:\nx"})
    EXPECT_EQ(text(other), other);
}

TEST(NamedText, ScriptsAndMarkupHaveDetectorsOnly) {
  const std::string script = "f({password: value, a: 'x'}); // postgres://u:hunter2@h";
  EXPECT_EQ(redact_everywhere(Form::Code, kRules, script).text,
            "f({password: value, a: 'x'}); // postgres://u:" + token_of("hunter2") + "@h");
}

TEST(NamedYaml, AValueGoesOnOverTheLinesThatAreIndentedFurther) {
  EXPECT_EQ(yaml("a: 1\npassword: hunter2\nb: 2\n"),
            "a: 1\npassword: \"" + token_of("hunter2") + "\"\nb: 2\n");
  EXPECT_EQ(yaml("password: |\n  one\n\n  two\n\nb: 2\n"),
            "password: \"" + token_of("|\n  one\n\n  two") + "\"\n\nb: 2\n");
  EXPECT_EQ(yaml("password:\n  sub: 1\nb: 2"), "password: \"" + token_of("\n  sub: 1") + "\"\nb: 2");
  EXPECT_EQ(yaml("password:\n- a\n- b\nc: d"), "password: \"" + token_of("\n- a\n- b") + "\"\nc: d");
  EXPECT_EQ(yaml("x:\n  - password: hunter2\n    user: bob\n  - 1\n"),
            "x:\n  - password: \"" + token_of("hunter2") + "\"\n    user: bob\n  - 1\n");
  EXPECT_EQ(yaml("  \"password\": a\n   b\n  c: d\n"),
            "  \"password\": \"" + token_of("a\n   b") + "\"\n  c: d\n");
}

TEST(NamedYaml, QuotesStayAndMayGoOverLines) {
  EXPECT_EQ(yaml("password: 'it''s\n  two'\nb: 1"), "password: '" + token_of("it''s\n  two") + "'\nb: 1");
  EXPECT_EQ(yaml("password: \"a\\\"b\" # c\n"), "password: \"" + token_of("a\\\"b") + "\" # c\n");
  EXPECT_EQ(yaml("password: 'hunter2'"), "password: '" + token_of("hunter2") + "'");
}

TEST(NamedYaml, InAFlowTheRestOfTheLineGoes) {
  EXPECT_EQ(yaml("a: {password: hunter2, b: c}\nd: e\n"),
            "a: {password: " + token_of("hunter2, b: c}") + "\nd: e\n");
}

TEST(NamedYaml, WhatIsFoundIsCountedByKindAndPlace) {
  const Redacted out = redact_everywhere(Form::Yaml, kRules, "password: a\nurl: a://b:c@d\npassword: b\n");
  ASSERT_EQ(out.counts.places.size(), 2U);
  EXPECT_EQ(out.counts.total, 3U);
  EXPECT_EQ(out.counts.places[0].kind, Kind::Field);
  EXPECT_EQ(out.counts.places[0].where, "yaml");
  EXPECT_EQ(out.counts.places[0].count, 2U);
}

}  // namespace
}  // namespace postern::redact
