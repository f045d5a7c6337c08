// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/json.h"

#include "tests/unit/redact/fixture.h"

namespace postern::redact {
namespace {

std::string json(std::initializer_list<std::string_view> paths, std::string_view in) {
  return redact_everywhere(Form::Json, rules_of(paths), in).text;
}

const std::string kToken = token_of("hunter2");

TEST(Json, AMemberThatIsNamedIsReplacedAtAnyDepthAndOnlyThere) {
  EXPECT_EQ(json({"$..password"}, R"({"a":[{"password":"hunter2","passwords":"x"}],"password" : "hunter2"})"),
            R"({"a":[{"password":")" + kToken + R"(","passwords":"x"}],"password" : ")" + kToken + R"("})");
}

TEST(Json, APathIsFollowedStepByStep) {
  const std::string_view in =
      R"({"data":{"token":"a","x":{"token":"b"}},"token":"c","list":[{"token":"d"},{"y":{"token":"e"}}],"keys":{"k":"f"}})";
  EXPECT_EQ(json({"$.data.token"}, in), std::string(in).replace(in.find("\"a\"") + 1, 1, token_of("a")));
  EXPECT_EQ(json({"$.list[*].token"}, in), std::string(in).replace(in.find("\"d\"") + 1, 1, token_of("d")));
  EXPECT_EQ(json({"$.list[1]..token"}, in), std::string(in).replace(in.find("\"e\"") + 1, 1, token_of("e")));
  EXPECT_EQ(json({"$.keys.*"}, in), std::string(in).replace(in.find("\"f\"") + 1, 1, token_of("f")));
  EXPECT_EQ(json({"$.data..x.token"}, in), std::string(in).replace(in.find("\"b\"") + 1, 1, token_of("b")));
  for (const char* nowhere : {"$.list.token", "$.list[2].token", "$.data.data.token", "$.x..token", "$[*]"})
    EXPECT_EQ(json({nowhere}, nowhere == std::string_view("$[*]") ? "{}" : in),
              nowhere == std::string_view("$[*]") ? "{}" : in);
}

TEST(Json, AValueOfAnyKindBecomesOneTokenAndNullStays) {
  const auto value = [](std::string_view in) {
    return json({"$..password"}, "{\"password\": " + std::string(in) + " ,\"b\":1}");
  };
  const auto is = [](std::string_view hashed) {
    return "{\"password\": \"" + token_of(hashed) + "\" ,\"b\":1}";
  };
  EXPECT_EQ(value("12.5e-3"), is("12.5e-3"));
  EXPECT_EQ(value("-1"), is("-1"));
  EXPECT_EQ(value("true"), is("true"));
  EXPECT_EQ(value("{ \"a\" : [1, \"}\\\"\"] }"), is("{\"a\":[1,\"}\\\"\"]}"));
  EXPECT_EQ(value("[]"), is("[]"));
  EXPECT_EQ(value("\"\""), is(""));
  EXPECT_EQ(value("null"), "{\"password\": null ,\"b\":1}");
}

TEST(Json, WhatPassesPassesByteForByte) {
  for (const std::string_view in :
       {R"( {"a" : [ 1 , 2.50, -0, 1e+9, true,false , null ] , "b\u00e9\/\"" : "x\n\ud83d\ude00\\" } )", "[]",
        "{}", "[[],{}]", "\"\"", "12", "true", "", " \n", "{\"a\":{}}\n{\"a\":1}\n\x1e[1]\n", "[1,]",
        "{\"a\":1,}", "\xef\xbb\xbf{\"a\":1}", "[NaN,Infinity,-Infinity]"}) {
    EXPECT_EQ(json({"$..password", "$.x[*].y"}, in), in);
    EXPECT_EQ(json({}, in), in);
  }
}

TEST(Json, EscapesHideNothing) {
  EXPECT_EQ(json({"$..password"}, R"({"pass\u0077ord":"hunter2"})"),
            R"({"pass\u0077ord":")" + kToken + "\"}");
  EXPECT_EQ(json({}, R"(["https:\/\/bob:hunter\u0032@h\/\u00e9"])"),
            R"(["https:\/\/bob:)" + kToken + R"(@h\/\u00e9"])");
  EXPECT_EQ(json({}, R"({"x":"\u0041KIAIOSFODNN7EXAMPLE"})"),
            "{\"x\":\"" + token_of("AKIAIOSFODNN7EXAMPLE") + "\"}");
  EXPECT_EQ(json({"$..password"}, R"({"log":"{\"password\":\"hunter2\"}"})"),
            R"({"log":"{\"password\":\")" + kToken + R"(\"}"})");
}

TEST(Json, AKeyMayBeASecretToo) {
  const Redacted out = redact_everywhere(Form::Json, rules_of({}), R"({"a":{"AKIAIOSFODNN7EXAMPLE":1}})");
  EXPECT_EQ(out.text, "{\"a\":{\"" + token_of("AKIAIOSFODNN7EXAMPLE") + "\":1}}");
  ASSERT_EQ(out.counts.places.size(), 1U);
  EXPECT_EQ(out.counts.places[0].where, "$.a.*");
}

TEST(Json, APrivateKeyInAStringIsReplacedWhole) {
  std::string key =
      R"(-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIkxbM2VyA6Tz0sYkF2yO2yR6gkqv1kqv1kqv1kqv1kqoAoGCCqGSM49\nAwEHoUQDQgAE\n-----END EC PRIVATE KEY-----)";
  const Redacted out = redact_everywhere(Form::Json, rules_of({}), "{\"k\":\"a\\n" + key + "\\nb\"}");
  EXPECT_EQ(out.counts.total, 1U);
  EXPECT_TRUE(out.text.starts_with("{\"k\":\"a\\n[redacted:")) << out.text;
  EXPECT_TRUE(out.text.ends_with("]\\nb\"}")) << out.text;
}

TEST(Json, ANameThatAnnouncesAnAwsSecretIsEnough) {
  const std::string secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  EXPECT_EQ(json({}, "{\"SecretAccessKey\":\"" + secret + "\"}"),
            "{\"SecretAccessKey\":\"" + token_of(secret) + "\"}");
  for (const char* other : {"{\"SecretAccessKey\":\"short\"}", "{\"SecretAccessKey\":12}",
                            "{\"digest\":\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"}"})
    EXPECT_EQ(json({}, other), other);
}

TEST(Json, WhatIsNoJsonIsTreatedAsTextAndOpensNoHole) {
  for (const char* in :
       {R"({"password" = "hunter2", "b": 1})", R"({password: "hunter2"})", R"({'password': 'hunter2'})",
        R"({"password": hunter2 , "b":1})", R"({"password": 'hunter2'})",
        "{\"a\":1}}{\"password\":\"hunter2\"}", ")]}',\n{\"password\":\"hunter2\"}",
        "/* c */ {\"password\": \"hunter2\"}", "{\"a\" 1, \"password\": \"hunter2\"}", "password: hunter2",
        "{\"password\": -hunter2}", "{\"password\": true hunter2}", "[nul, {\"password\":\"hunter2\"}]",
        "{\"password\":\"hunter2", "{\"password\":[\"hunter2\"", "{\"password\":{\"a\":\"hunter2\"}",
        "{\"password\":\"\\uhunter2\"}"}) {
    const Redacted out = redact_everywhere(Form::Json, rules_of({"$..password"}), in);
    EXPECT_EQ(out.text.find("hunter2"), std::string::npos) << in << "\n" << out.text;
    EXPECT_GE(out.counts.total, 1U) << in << "\n" << out.text;
  }
  for (const char* in :
       {"npm_0123456789abcdefghijABCDEFGHIJ012345", "AKIAIOSFODNN7EXAMPLE", "-AKIAIOSFODNN7EXAMPLE"})
    EXPECT_EQ(redact_everywhere(Form::Json, rules_of({}), in).counts.total, 1U) << in;
}

TEST(Json, DepthIsBoundedAndWhatIsDeeperIsTreatedAsText) {
  std::string in(JsonText::kDepth + 10, '[');
  in += R"({"password":"hunter2"})";
  const Redacted out = redact_in_pieces(Form::Json, rules_of({"$..password"}), in, {});
  EXPECT_EQ(out.text.find("hunter2"), std::string::npos);
}

TEST(Json, PlacesAreNamedByPathWithoutWhatCouldBeSomebodysName) {
  const Redacted out = redact_everywhere(
      Form::Json, rules_of({"$..password"}),
      R"({"users":[{"password":"a"},{"password":"b"}],"by":{"bob@example.com":{"password":"c"},"u-12345":{"password":"d"}}})");
  ASSERT_EQ(out.counts.places.size(), 2U);
  EXPECT_EQ(out.counts.places[0].where, "$.users[*].password");
  EXPECT_EQ(out.counts.places[0].count, 2U);
  EXPECT_EQ(out.counts.places[1].where, "$.by.*.password");
  EXPECT_EQ(out.counts.total, 4U);
}

TEST(Json, MorePlacesThanAreToldApartAreCountedAllTheSame) {
  std::string in = "{";
  for (char c = 'a'; c <= 'z'; ++c) in += std::string(c == 'a' ? "\"" : ",\"") + c + "\":{\"password\":1}";
  const Redacted out = redact_in_pieces(Form::Json, rules_of({"$..password"}), in + "}", {});
  EXPECT_EQ(out.counts.total, 26U);
  EXPECT_EQ(out.counts.places.size(), kMostPlaces);
}

}  // namespace
}  // namespace postern::redact
