// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The redactor beside a second one that shares nothing with it: the whole text in memory, documents as trees,
// regular expressions over strings. Made-up bodies, the same every time.
#include <random>
#include <regex>

#include "base/json.h"
#include "tests/unit/redact/fixture.h"

namespace postern::redact {
namespace {

const std::vector<std::string> kNames{"password", "user", "data", "token", "list", "x"};
const std::vector<std::string> kTexts{"plain",
                                      "",
                                      "a b",
                                      "https://bob:hunter2@h/x",
                                      "AKIAIOSFODNN7EXAMPLE",
                                      "\n\t\"\\/",
                                      "\xc3\xa9",
                                      "see ghp_0123456789abcdefghijABCDEFGHIJ012345!",
                                      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln",
                                      "12"};

base::Json document(std::mt19937& random, int depth) {
  switch (random() % (depth > 4 ? 4 : 6)) {
    case 0:
      return kTexts[random() % kTexts.size()];
    case 1:
      return static_cast<int>(random() % 2000) - 1000;
    case 2:
      return random() % 2 == 0;
    case 3:
      return nullptr;
    case 4: {
      base::Json list = base::Json::array();
      for (unsigned i = random() % 4; i > 0; --i) list.push_back(document(random, depth + 1));
      return list;
    }
    default: {
      base::Json object = base::Json::object();
      for (unsigned i = random() % 5; i > 0; --i)
        object[kNames[random() % kNames.size()]] = document(random, depth + 1);
      return object;
    }
  }
}

std::string naive_text(const std::string& text) {
  static const std::vector<std::pair<std::regex, int>> kSecrets{
      {std::regex("://[^/@:]*:([^/@]+)@"), 1},
      {std::regex("\\b(AKIA[A-Z0-9]{16})\\b"), 1},
      {std::regex("\\b(ghp_[A-Za-z0-9]{36,})"), 1},
      {std::regex("\\b(eyJ[A-Za-z0-9_-]{12,}\\.eyJ[A-Za-z0-9_.-]*)"), 1}};
  for (const auto& [expression, group] : kSecrets) {
    std::smatch match;
    if (!std::regex_search(text, match, expression)) continue;
    const std::string value = match[group];
    return match.prefix().str() +
           match[0].str().replace(match.position(group) - match.position(0), value.size(), token_of(value)) +
           match.suffix().str();
  }
  return text;
}

bool is_named(const std::vector<std::string>& at) {
  if (!at.empty() && at.back() == "password") return true;                 // $..password
  if (at.size() == 3 && at[0] == "list" && at[2] == "token") return true;  // $.list[*].token
  return at.size() >= 2 && at[0] == "data" && at.back() == "x";            // $.data..x
}

base::Json naive(const base::Json& value, std::vector<std::string>& at) {
  if (is_named(at) && !value.is_null())
    return token_of(value.is_string() ? value.get<std::string>() : base::dump_json(value));
  if (value.is_string()) return naive_text(value.get<std::string>());
  base::Json out = value;
  if (value.is_object() || value.is_array()) {
    for (auto it = out.begin(); it != out.end(); ++it) {
      at.push_back(value.is_object() ? it.key() : "[]");
      *it = naive(*it, at);
      at.pop_back();
    }
  }
  return out;
}

TEST(Agreement, WithTreesAndRegularExpressionsOverDocuments) {
  const auto rules = rules_of({"$..password", "$.list[*].token", "$.data..x"});
  std::mt19937 random(20260301);
  std::uint64_t replaced = 0;
  for (int i = 0; i < 3'000; ++i) {
    const base::Json made = document(random, 0);
    std::vector<std::string> at;
    const std::string text = i % 2 == 0 ? base::dump_json(made) : made.dump(1 + i % 3);
    const Redacted whole = redact_in_pieces(Form::Json, rules, text, {});
    const auto read = base::parse_json(whole.text);
    ASSERT_TRUE(read.ok()) << whole.text;
    EXPECT_EQ(*read, naive(made, at)) << text;
    EXPECT_EQ(redact_in_pieces(Form::Json, rules, text, {}, 1 + random() % 20).text, whole.text) << text;
    replaced += whole.counts.total;
  }
  EXPECT_GT(replaced, 500U);
}

// Fragments of secrets and of what looks like them, in any order, cut anywhere.
TEST(Agreement, WhereATextIsCutChangesNothing) {
  const std::vector<std::string> kPieces{"password",
                                         ": ",
                                         "=",
                                         "\"",
                                         "'",
                                         "\\\"",
                                         "\\",
                                         "\n",
                                         "  ",
                                         "- ",
                                         "hunter2",
                                         "eyJhbGciOiJIUzI1NiJ9",
                                         ".",
                                         "eyJz",
                                         "://",
                                         "u:p@h",
                                         "-----BEGIN ",
                                         "PRIVATE KEY-----",
                                         "MIIEvAIBADANBgkqhkiG9w0BAQEFAASC1234",
                                         "-----END PRIVATE KEY-----",
                                         "AKIA",
                                         "IOSFODNN7EXAMPLE",
                                         "ghp_",
                                         "0123456789abcdefghijABCDEFGHIJ012345",
                                         "secret_key",
                                         "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                         "Bearer ",
                                         "basic ",
                                         "{",
                                         "}",
                                         "[",
                                         "]",
                                         ",",
                                         "null",
                                         "1",
                                         "\\u0041",
                                         "|"};
  const auto rules = rules_of({"$..password", "$.x[*].token"});
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (unsigned n = 1 + random() % 12; n > 0; --n) text += kPieces[random() % kPieces.size()];
    for (const Form form : {Form::Text, Form::Yaml, Form::Json, Form::Code}) {
      const Redacted whole = redact_in_pieces(form, rules, text, {});
      const std::size_t a = random() % (text.size() + 1), b = a + random() % (text.size() + 1 - a);
      ASSERT_EQ(redact_in_pieces(form, rules, text, {a, b}).text, whole.text)
          << text << "\nform " << static_cast<int>(form) << " cut at " << a << ", " << b;
      ASSERT_EQ(redact_in_pieces(form, rules, text, {}, 1).text, whole.text)
          << text << "\nform " << static_cast<int>(form);
    }
  }
}

}  // namespace
}  // namespace postern::redact
