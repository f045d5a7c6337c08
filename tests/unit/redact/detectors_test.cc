// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/redact/fixture.h"

namespace postern::redact {
namespace {

const auto kNone = rules_of({});

struct Secret {
  Kind kind;
  std::string text;    // where it stands
  std::string secret;  // what of it must go
};

std::string pem(std::string_view label, std::size_t lines) {
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t i = 0; i < lines; ++i) {
    std::string line = std::to_string(i);
    while (line.size() < 64) line += "MIIEvAIBADANBgkqhkiG9w0BAQEFAASC/+"[line.size() % 34];
    out += line + "\n";
  }
  return out + "-----END " + std::string(label) + "-----";
}

const std::string kJwt =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_"
    "XgL0n3I9PlFUP0THsR8U";

std::vector<Secret> secrets() {
  const std::string b36 = "0123456789abcdefghijABCDEFGHIJ012345",
                    aws = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  std::vector<Secret> all{
      {Kind::PrivateKey, pem("PRIVATE KEY", 3), pem("PRIVATE KEY", 3)},
      {Kind::PrivateKey, pem("RSA PRIVATE KEY", 2), pem("RSA PRIVATE KEY", 2)},
      {Kind::PrivateKey, pem("OPENSSH PRIVATE KEY", 2), pem("OPENSSH PRIVATE KEY", 2)},
      {Kind::PrivateKey, pem("PGP PRIVATE KEY BLOCK", 2), pem("PGP PRIVATE KEY BLOCK", 2)},
      {Kind::PrivateKey, base::to_base64(pem("PRIVATE KEY", 2)), base::to_base64(pem("PRIVATE KEY", 2))},
      {Kind::PrivateKey, base::to_base64(pem("EC PRIVATE KEY", 2)),
       base::to_base64(pem("EC PRIVATE KEY", 2))},
      {Kind::PrivateKey, base::to_base64(pem("ENCRYPTED PRIVATE KEY", 2)),
       base::to_base64(pem("ENCRYPTED PRIVATE KEY", 2))},
      {Kind::Jwt, kJwt, kJwt},
      {Kind::Jwt, "token=" + kJwt + "&x", kJwt},
      {Kind::Jwt, "%22" + kJwt, kJwt},
      {Kind::Jwt, "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y2lwaGVy.dGFn",
       "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y2lwaGVy.dGFn"},
      {Kind::UrlPassword, "postgres://bob:hunter2@db:5432/x", "hunter2"},
      {Kind::UrlPassword, "redis://:hunter2@cache", "hunter2"},
      {Kind::UrlPassword, "https://bob:hun@ter2@h/", "hun@ter2"},
      {Kind::AwsKey, "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"},
      {Kind::AwsKey, "ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"},
      {Kind::AwsKey, "aws_secret_access_key = " + aws, aws},
      {Kind::AwsKey, "SecretAccessKey: \"" + aws + "\"", aws},
      {Kind::AwsKey, "AWS_SECRET_ACCESS_KEY=" + aws, aws},
      {Kind::Authorization, "Authorization: Bearer abc123def456ghi789x", "abc123def456ghi789x"},
      {Kind::Authorization, "authorization: basic Ym9iOmh1bnRlcjI=", "Ym9iOmh1bnRlcjI="},
  };
  for (const char* prefix :
       {"ghp_",     "gho_",   "ghu_",  "ghs_",      "ghr_",  "npm_",    "hf_",      "github_pat_",
        "glpat-",   "xoxb-",  "xoxp-", "xapp-",     "AIza",  "GOCSPX-", "ya29.",    "sk_live_",
        "rk_test_", "whsec_", "hvs.",  "dckr_pat_", "glsa_", "sk-ant-", "sk-proj-", "postern-pass-v1."})
    all.push_back({Kind::Token, prefix + b36, prefix + b36});
  all.push_back({Kind::Token, "SG." + b36 + "." + b36, "SG." + b36 + "." + b36});
  all.push_back({Kind::Token, "AccountKey=" + b36 + b36 + "==;x", b36 + b36 + "=="});
  all.push_back({Kind::Token, "https://hooks.slack.com/services/T0/B0/" + b36, "T0/B0/" + b36});
  return all;
}

TEST(Detectors, ASecretIsReplacedWhereverTheTextIsCut) {
  for (const Secret& one : secrets()) {
    for (const char* around : {" ", "\"", "\n", "=", ","}) {
      const std::string text = "in front" + std::string(around) + one.text + std::string(around) + "behind";
      const Redacted out = redact_everywhere(Form::Text, kNone, text);
      std::string expected = text;
      // An equals sign or a comma may be part of what stands in front of it.
      expected.replace(expected.find(one.secret), one.secret.size(), "#");
      EXPECT_EQ(out.text.find(one.secret), std::string::npos) << text;
      ASSERT_EQ(out.counts.total, 1U) << text << "\n" << out.text;
      EXPECT_EQ(out.counts.places[0].kind, one.kind) << text;
      const std::string head = expected.substr(0, expected.find('#'));
      EXPECT_EQ(out.text.substr(0, head.size()), head) << text;
      EXPECT_EQ(out.text.substr(head.size(), 10), "[redacted:") << out.text;
      if (std::string_view(around) == " " || std::string_view(around) == "\"") {
        EXPECT_TRUE(out.text.ends_with(std::string(around) + "behind")) << out.text;
      }
    }
  }
}

TEST(Detectors, TheSameValueHasTheSameTokenWhateverItStandsIn) {
  EXPECT_NE(redact_everywhere(Form::Text, kNone, "a://u:hunter2@h").text.find(token_of("hunter2")),
            std::string::npos);
  EXPECT_EQ(redact_everywhere(Form::Text, rules_of({"$..password"}), "password=hunter2").text,
            "password=" + token_of("hunter2"));
  EXPECT_EQ(redact_everywhere(Form::Json, rules_of({"$..password"}), "{\"password\":\"hunter\\u0032\"}").text,
            "{\"password\":\"" + token_of("hunter2") + "\"}");
  EXPECT_EQ(redact_everywhere(Form::Yaml, rules_of({"$..password"}), "password: hunter2\n").text,
            "password: \"" + token_of("hunter2") + "\"\n");
}

TEST(Detectors, ATokenThatIsTheUserOfAUrlGoesWithThePassword) {
  const std::string github = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
  for (const Form form : {Form::Text, Form::Code}) {
    EXPECT_EQ(redact_everywhere(form, kNone, "git clone https://" + github + ":x-oauth-basic@host/a b").text,
              "git clone https://" + token_of(github + ":x-oauth-basic") + "@host/a b");
    EXPECT_EQ(redact_everywhere(form, kNone, "a://u." + github + ":hunter2@h").text,
              "a://u." + token_of(github + ":hunter2") + "@h");
  }
}

TEST(Detectors, AnotherKeyGivesAnotherToken) {
  Redactor other(Form::Text, kNone, std::string(base::KeyedHash::kKeySize, 'o'));
  std::string out;
  other.feed("a://u:hunter2@h ", out);
  other.finish(out);
  EXPECT_EQ(out.find("hunter2"), std::string::npos);
  EXPECT_EQ(out.find(token_of("hunter2")), std::string::npos);
}

TEST(Detectors, WhatIsNoSecretPassesByteForByte) {
  const std::string image = base::to_base64(base::random_bytes(3'000));
  for (const std::string& text : std::vector<std::string>{
           "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
           "da39a3ee5e6b4b0d3255bfef95601890afd80709",
           "550e8400-e29b-41d4-a716-446655440000",
           "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
           "data:image/"
           "png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"
           "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
           "up{instance=\"10.0.0.7:9090\",job=\"api\",pod_template_hash=\"6d4cf56db6\"} 1",
           "http://10.0.0.7:9090/a@b https://user@host/x http://[::1]:80/ mailto:a@b.example",
           "see https://example.com/a:b@c and //cdn.example/x:y@z",
           "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END "
           "CERTIFICATE-----\n",
           "if (line == \"-----BEGIN PRIVATE KEY-----\") { return read_key(file); }",
           "basic instrumentation, basic authentication-schemes, bearer of-tidings-of-great-joy",
           "the secret key is to keep secret_key: short and AKIAshort, AKIAIOSFODNN7EXAMPLEandmore",
           "eyJ alone, eyJhbGciOiJIUzI1NiJ9 without a dot, eyJhbGciOiJIUzI1NiJ9.and one more",
           "sk_live_short ghp_short high_ghp_ npm_config_registry npm_package_version xoxo-",
           image,
       }) {
    EXPECT_EQ(redact_everywhere(Form::Text, kNone, text).text, text);
    EXPECT_EQ(redact_everywhere(Form::Text, rules_of({"$..password"}), text).text, text);
  }
}

TEST(Detectors, AKeyOfAnyLengthIsReplacedAndNothingIsKept) {
  const std::string key = pem("RSA PRIVATE KEY", 50'000);
  ASSERT_GT(key.size(), 3'000'000U);
  const Redacted out = redact_in_pieces(Form::Text, kNone, "a\n" + key + "\nb\n", {}, 7'001);
  EXPECT_EQ(out.text, "a\n" + token_of(key) + "\nb\n");
}

TEST(Detectors, AKeyThatIsCutOffIsReplacedUpToTheEnd) {
  const std::string key = pem("PRIVATE KEY", 3).substr(0, 150);
  EXPECT_EQ(redact_everywhere(Form::Text, kNone, "a\n" + key).text, "a\n" + token_of(key));
}

TEST(Detectors, WhatDoesNotEndWithinTheWindowIsTakenForASecret) {
  const std::string run(2 * Scanner::kWindow, 'a');
  for (const std::string& begin : {std::string("https://bob:"), std::string("eyJhbGciOiJIUzI1NiJ9")}) {
    const Redacted out = redact_in_pieces(Form::Text, kNone, "x " + begin + run + "\ny", {}, 1'000);
    EXPECT_EQ(out.text.find(run.substr(0, 100)), std::string::npos) << begin;
    EXPECT_TRUE(out.text.ends_with("]\ny")) << out.text;
  }
}

TEST(Detectors, ACompleteLineIsNotHeldBack) {
  Redactor redactor(Form::Text, rules_of({"$..password"}), kKey);
  std::string out;
  for (const char* line : {"data: {\"a\":1}\n\n", "data: https://example.com/\n", "data: bearer\n",
                           "data: eyJ\n", "data: ghp_\n", "data: password\n"}) {
    out.clear();
    redactor.feed(line, out);
    EXPECT_EQ(out, line);
  }
}

}  // namespace
}  // namespace postern::redact
