// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/target.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

namespace postern::http {
namespace {

using base::Refusal;

const std::vector<Authority>& ours() {
  static const std::vector<Authority> list = {{"postern.test", 443}};
  return list;
}

std::string canonical(std::string_view target, bool encoded_slash = false) {
  CanonicalTarget out;
  const Verdict verdict = canonicalise(target, {.ours = ours(), .encoded_slash = encoded_slash}, out);
  return verdict.ok() ? std::string(out.text())
                      : "(" + std::string(base::text_of(verdict.refusal).code) + ")";
}

TEST(CanonicalTarget, IsTheExampleOfTheHeader) {
  CanonicalTarget out;
  ASSERT_TRUE(canonicalise("/api/v1/label/%6aob/values?match[]=up%7bjob=%22a%22%7d&&x=1+2", {}, out).ok());
  EXPECT_EQ(out.path(), "/api/v1/label/job/values");
  EXPECT_EQ(out.query(), "match%5B%5D=up%7Bjob%3D%22a%22%7D&x=1%202");
  EXPECT_EQ(out.text(), "/api/v1/label/job/values?match%5B%5D=up%7Bjob%3D%22a%22%7D&x=1%202");
  ASSERT_EQ(out.parameters().size(), 2U);
  EXPECT_EQ(out.parameters().all()[0].name, "match[]");
  EXPECT_EQ(out.parameters().all()[0].value, "up{job=\"a\"}");
  EXPECT_EQ(out.parameters().only("x"), "1 2");
}

TEST(CanonicalTarget, ForgetsTheLastTargetWhenUsedAgain) {
  CanonicalTarget out;
  ASSERT_TRUE(canonicalise("/a%2Fb?c=d", {.encoded_slash = true}, out).ok());
  EXPECT_TRUE(out.encoded_slash());
  ASSERT_TRUE(canonicalise("/e", {}, out).ok());
  EXPECT_EQ(out.text(), "/e");
  EXPECT_EQ(out.query(), "");
  EXPECT_FALSE(out.encoded_slash());
  EXPECT_EQ(out.parameters().size(), 0U);
}

TEST(CanonicalTarget, AnEncodedSlashPassesOnlyWhereAskedForAndNeverHidesDots) {
  EXPECT_EQ(canonical("/a%2fb"), "(target_not_canonical)");
  EXPECT_EQ(canonical("/a%2fb", true), "/a%2Fb");
  for (const char* target : {"/..%2fa", "/a%2f..", "/a%2f.%2fb", "/%2fa", "/a%2f", "/a%2f%2fb", "/a%252fb"}) {
    EXPECT_EQ(canonical(target, true), "(target_not_canonical)") << target;
  }
}

TEST(CanonicalTarget, LimitsAreTheLastSizesThatPass) {
  CanonicalTarget out;
  const TargetRules rules{.path = 8, .segment = 5, .query = 7, .parameters = 2};
  EXPECT_TRUE(canonicalise("/12345/7?a=1&b=2", rules, out).ok());
  EXPECT_EQ(canonicalise("/12345/78", rules, out).refusal, Refusal::TargetTooLong);
  EXPECT_EQ(canonicalise("/123456", rules, out).refusal, Refusal::TargetTooLong);
  EXPECT_EQ(canonicalise("/?a=1&b=22", rules, out).refusal, Refusal::TargetTooLong);
  EXPECT_EQ(canonicalise("/?a&b&c", rules, out).refusal, Refusal::TargetNotCanonical);
}

TEST(CanonicalTarget, PercentDecodeGivesBackWhatWasMeant) {
  EXPECT_EQ(percent_decode("/caf%C3%A9/100%25"), "/caf\xc3\xa9/100%");
  EXPECT_EQ(percent_decode("%"), "%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz"), "%zz");
}

// --- the naive second canonicaliser: no tables, no shared code, whole strings at a time ---

struct Naive {
  std::string path;
  std::string query;
  bool has_query = false;
  std::vector<std::pair<std::string, std::string>> parameters;
};

bool one_of(char c, const char* set) { return c != 0 && std::string(set).find(c) != std::string::npos; }
bool plain_letter(char c) {
  return one_of(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~");
}

std::string hex(char c) {
  char text[4];
  std::snprintf(text, sizeof text, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return text;
}

// Pairs of byte and whether it was encoded.
std::optional<std::vector<std::pair<char, bool>>> naive_bytes(const std::string& text) {
  std::vector<std::pair<char, bool>> out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.emplace_back(text[i], false);
      continue;
    }
    if (i + 2 >= text.size() || !one_of(text[i + 1], "0123456789abcdefABCDEF") ||
        !one_of(text[i + 2], "0123456789abcdefABCDEF")) {
      return std::nullopt;
    }
    out.emplace_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)), true);
    i += 2;
  }
  return out;
}

// Decodes code points by arithmetic and encodes them again: only what comes back equal was well-formed.
bool naive_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80       ? 1
                             : lead / 32 == 6  ? 2
                             : lead / 16 == 14 ? 3
                             : lead / 8 == 30  ? 4
                                               : 0;
    if (size == 0 || i + size > text.size()) return false;
    unsigned long point = size == 1 ? lead : lead % (1U << (7 - size));
    for (std::size_t k = 1; k < size; ++k) {
      const unsigned next = static_cast<unsigned char>(text[i + k]);
      if (next / 64 != 2) return false;
      point = point * 64 + next % 64;
    }
    const std::size_t needed = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (needed != size || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    if (point >= 0x80 && point <= 0x9f) return false;
    i += size;
  }
  return true;
}

bool looks_encoded(const std::string& decoded) {
  for (std::size_t i = 0; i + 2 < decoded.size(); ++i) {
    if (decoded[i] == '%' && one_of(decoded[i + 1], "0123456789abcdefABCDEF") &&
        one_of(decoded[i + 2], "0123456789abcdefABCDEF"))
      return true;
  }
  return false;
}

std::vector<std::string> naive_split(const std::string& text, char at) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == at) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

// Whether a server that knows full width forms, and drops spaces and what is not seen, would find dots alone.
bool naive_dots(const std::string& decoded) {
  std::string plain;
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const std::string three = decoded.substr(i, 3);
    const bool wide = three == "\xef\xbc\x8e" || three == "\xef\xbc\x8f" || three == "\xe2\x80\x8b";
    if (wide) i += 2;
    if (three == "\xe2\x80\x8b" || decoded[i] == ' ') continue;
    plain += three == "\xef\xbc\x8e" ? '.' : three == "\xef\xbc\x8f" ? '/' : decoded[i];
  }
  for (const std::string& part : naive_split(plain, '/')) {
    if (!part.empty() && part.find_first_not_of('.') == std::string::npos) return true;
  }
  return false;
}

bool naive_path(const std::string& path, std::string& out) {
  const std::vector<std::string> segments = naive_split(path, '/');
  for (std::size_t i = 1; i < segments.size(); ++i) {
    out += '/';
    const auto bytes = naive_bytes(segments[i]);
    if (!bytes || (bytes->empty() && i + 1 < segments.size())) return false;
    std::string decoded;
    for (const auto& [c, encoded] : *bytes) {
      decoded += c;
      const bool plain = plain_letter(c) || one_of(c, "!$&'()*+,=:@");
      if (one_of(c, "/\\;") || static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (!plain && !encoded))
        return false;
      out += plain ? std::string(1, c) : hex(c);
    }
    if (naive_dots(decoded) || looks_encoded(decoded) || !naive_utf8(decoded)) return false;
  }
  return true;
}

bool naive_component(const std::string& text, bool name, std::string& decoded, std::string& out) {
  const auto bytes = naive_bytes(text);
  if (!bytes) return false;
  for (auto [c, encoded] : *bytes) {
    if (!encoded && c == '+') {
      c = ' ';
      encoded = true;
    }
    decoded += c;
    const bool reserved = one_of(c, "!$'()*,/:?@");
    if (!encoded && !plain_letter(c) && !reserved && !one_of(c, "[]{}|^`;=")) return false;
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && (name || !one_of(c, "\t\r\n"))) return false;
    out += plain_letter(c) || (reserved && !encoded) ? std::string(1, c) : hex(c);
  }
  return naive_utf8(decoded) && !(name && (decoded.empty() || looks_encoded(decoded)));
}

std::optional<Naive> naive_canonicalise(const std::string& target) {
  if (target.empty() || target[0] != '/') return std::nullopt;
  Naive out;
  const std::size_t mark = target.find('?');
  if (!naive_path(target.substr(0, mark), out.path)) return std::nullopt;
  if (mark == std::string::npos) return out;
  for (const std::string& pair : naive_split(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    out.query += out.has_query ? "&" : "";
    out.has_query = true;
    const std::size_t equals = pair.find('=');
    auto& [name, value] = out.parameters.emplace_back();
    if (!naive_component(pair.substr(0, equals), true, name, out.query)) return std::nullopt;
    if (equals == std::string::npos) continue;
    out.query += '=';
    if (!naive_component(pair.substr(equals + 1), false, value, out.query)) return std::nullopt;
  }
  return out;
}

std::string random_target(std::mt19937& random) {
  static const std::vector<std::string> pieces = {"a",         "b",         "Z",
                                                  "9",         ".",         "..",
                                                  "/",         "/",         "/",
                                                  "//",        "?",         "?",
                                                  "&",         "&",         "=",
                                                  "=",         "+",         "%",
                                                  "%2",        "%25",       "%2e",
                                                  "%2E",       "%2f",       "%5c",
                                                  "%3b",       "%00",       "%0a",
                                                  "%09",       "%7f",       "%41",
                                                  "%7e",       "%c3%a9",    "%C3%A9",
                                                  "%c2%85",    "%c0%af",    "%ff",
                                                  "%e2%82%ac", "%ed%a0%80", "%f0%9f%98%80",
                                                  "%ef%bc%8e", "%ef%bc%8f", "%e2%80%8b",
                                                  "%20",       "%3d",       "%26",
                                                  "%2b",       "%23",       "%3a",
                                                  ":",         "@",         "!",
                                                  "$",         "'",         "(",
                                                  ")",         "*",         ",",
                                                  ";",         "[",         "]",
                                                  "{",         "}",         "|",
                                                  "^",         "`",         "\\",
                                                  "\"",        "<",         ">",
                                                  "#",         "-",         "_",
                                                  "~",         "40",        "zz",
                                                  "api",       "v1",        "query",
                                                  "job",       "%25%34%31", "%2541"};
  std::string out = "/";
  for (unsigned i = random() % 12; i > 0; --i) {
    // One in three is plain, so that a fair share of the targets is accepted.
    out += random() % 3 == 0 ? std::string("x") : pieces[random() % pieces.size()];
  }
  return out;
}

TEST(CanonicalTarget, AgreesWithANaiveSecondOneOverRandomTargets) {
  std::mt19937 random(20260302);
  CanonicalTarget ours_out;
  CanonicalTarget again;
  int accepted_ones = 0;
  constexpr int kTargets = 200'000;
  for (int i = 0; i < kTargets; ++i) {
    const std::string target = random_target(random);
    const Verdict verdict = canonicalise(target, {}, ours_out);
    const std::optional<Naive> naive = naive_canonicalise(target);
    ASSERT_EQ(verdict.ok(), naive.has_value()) << target << ": " << verdict.sentence;
    if (!naive) continue;
    ++accepted_ones;
    ASSERT_EQ(ours_out.text(), naive->path + (naive->has_query ? "?" + naive->query : "")) << target;
    ASSERT_EQ(ours_out.parameters().size(), naive->parameters.size()) << target;
    for (std::size_t k = 0; k < naive->parameters.size(); ++k) {
      ASSERT_EQ(ours_out.parameters().all()[k].name, naive->parameters[k].first) << target;
      ASSERT_EQ(ours_out.parameters().all()[k].value, naive->parameters[k].second) << target;
    }
    // The canonical form is its own canonical form.
    ASSERT_TRUE(canonicalise(ours_out.text(), {}, again).ok()) << target;
    ASSERT_EQ(again.text(), ours_out.text()) << target;
  }
  EXPECT_GT(accepted_ones, kTargets / 20);
  EXPECT_LT(accepted_ones, kTargets * 19 / 20);
}

}  // namespace
}  // namespace postern::http
