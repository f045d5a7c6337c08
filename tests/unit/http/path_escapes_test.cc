// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Spellings of a way out of a prefix, made by combination, through the canonicaliser and a decision that lists the prefix alone. Whatever
// comes through is read the way components read paths, each naively in its own fashion; none may come out of the prefix, or at another
// place within it than the policy judged. The readers are written from how such servers behave and share nothing with the canonicaliser.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/http/target.h"
#include "policy/decide.h"

namespace postern::http {
namespace {

using Reader = std::string (*)(std::string path);

int hex_digit(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0 ? std::stoi(std::string(1, c), nullptr, 16) : -1;
}

std::string escape_decode(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool whole =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    out += whole ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (whole) i += 2;
  }
  return out;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// Folds "." and "..", as RFC 3986 section 5.2.4 does; an empty segment is one if `empty`.
std::string fold(const std::string& path, bool empty) {
  std::vector<std::string> kept;
  for (std::size_t at = path.starts_with('/') ? 1 : 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string segment = path.substr(at, end - at);
    at = end + 1;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != "." && (empty || !segment.empty())) {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string& segment : kept) out += "/" + segment;
  return out;
}

// What a C string, or a line, would keep.
std::string until(const std::string& text, std::string_view end) {
  return text.substr(0, text.find_first_of(end));
}

// A component that cuts what stands behind ';' off each segment, before it decodes or after.
std::string without_parameters(const std::string& path) {
  std::string out;
  bool skip = false;
  for (const char c : path) {
    skip = c != '/' && (skip || c == ';');
    if (!skip) out += c;
  }
  return out;
}

// As compatibility decomposition (NFKC) and the best fit of Windows code pages have it, and as decoders do that drop what is not seen.
std::string narrow(std::string text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kForms = {{
      {"\xef\xbc\x8e", "."},
      {"\xef\xb9\x92", "."},
      {"\xe2\x80\xa4", "."},
      {"\xe2\x80\xa5", ".."},
      {"\xef\xbc\x8f", "/"},
      {"\xe2\x81\x84", "/"},
      {"\xe2\x88\x95", "/"},
      {"\xef\xbc\xbc", "/"},
      {"\xef\xb9\xa8", "/"},
      {"\xc2\xad", ""},
      {"\xe2\x80\x8b", ""},
      {"\xe2\x81\xa0", ""},
      {"\xef\xbb\xbf", ""},
  }};
  for (const auto& [from, to] : kForms) text = replace_all(std::move(text), from, to);
  return text;
}

// %u002e, as IIS took it.
std::string percent_u(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool here = text[i] == '%' && i + 5 < text.size() && (text[i + 1] | 0x20) == 'u' &&
                      text.substr(i + 2, 2) == "00" && hex_digit(text[i + 4]) >= 0 &&
                      hex_digit(text[i + 5]) >= 0;
    out += here ? static_cast<char>(hex_digit(text[i + 4]) * 16 + hex_digit(text[i + 5])) : text[i];
    if (here) i += 5;
  }
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// White space around a segment falls away; dots beyond two are two.
std::string trimmed(const std::string& path) {
  std::string out;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    std::string segment = replace_all(path.substr(at, end - at), "\xc2\xa0", " ");
    at = end + 1;
    segment.erase(0, std::min(segment.find_first_not_of(" \t"), segment.size()));
    segment.erase(segment.find_last_not_of(" \t") + 1);
    const bool dots = segment.size() > 2 && segment.find_first_not_of('.') == std::string::npos;
    out += (dots ? ".." : segment) + (end < path.size() ? "/" : "");
  }
  return out;
}

struct NamedReader {
  const char* name;
  Reader read;
};
constexpr std::array kReaders = {
    NamedReader{"decodes, then folds", [](std::string p) { return fold(escape_decode(p), false); }},
    NamedReader{"folds, then decodes", [](std::string p) { return escape_decode(fold(p, false)); }},
    NamedReader{"folds without decoding", [](std::string p) { return fold(p, true); }},
    NamedReader{"folds, decodes and folds again",
                [](std::string p) { return fold(escape_decode(fold(p, true)), true); }},
    NamedReader{"decodes twice", [](std::string p) { return fold(escape_decode(escape_decode(p)), false); }},
    NamedReader{"decodes three times",
                [](std::string p) { return fold(escape_decode(escape_decode(escape_decode(p))), false); }},
    NamedReader{"keeps empty segments", [](std::string p) { return fold(escape_decode(p), true); }},
    NamedReader{"cuts parameters, then decodes",
                [](std::string p) { return fold(escape_decode(without_parameters(p)), false); }},
    NamedReader{"decodes, then cuts parameters",
                [](std::string p) { return fold(without_parameters(escape_decode(p)), false); }},
    NamedReader{"takes a backslash for a slash",
                [](std::string p) { return fold(replace_all(escape_decode(p), "\\", "/"), false); }},
    NamedReader{"takes a plain backslash for a slash",
                [](std::string p) { return fold(replace_all(std::move(p), "\\", "/"), false); }},
    NamedReader{"takes %2e for a dot, as browsers do",
                [](std::string p) {
                  return fold(replace_all(replace_all(lower(std::move(p)), "%2e", "."), "\\", "/"), true);
                }},
    NamedReader{
        "ends at NUL",
        [](std::string p) { return fold(until(escape_decode(p), std::string_view("\0", 1)), false); }},
    NamedReader{"ends at a line end",
                [](std::string p) { return fold(until(escape_decode(p), "\r\n"), false); }},
    NamedReader{"drops tabs and line ends",
                [](std::string p) {
                  std::string out = escape_decode(p);
                  std::erase_if(out, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
                  return fold(out, false);
                }},
    NamedReader{"drops all controls",
                [](std::string p) {
                  std::string out = escape_decode(p);
                  std::erase_if(out, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
                  return fold(out, false);
                }},
    NamedReader{"ends at ? and #, once decoded",
                [](std::string p) { return fold(escape_decode(until(p, "?#")), false); }},
    NamedReader{"reads %u", [](std::string p) { return fold(escape_decode(percent_u(p)), false); }},
    NamedReader{"takes long UTF-8 for short",
                [](std::string p) {
                  std::string out = escape_decode(p);
                  for (const std::string_view form : {"\xc0\xae", "\xe0\x80\xae", "\xf0\x80\x80\xae"})
                    out = replace_all(out, form, ".");
                  for (const std::string_view form : {"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf"})
                    out = replace_all(out, form, "/");
                  return fold(out, false);
                }},
    NamedReader{"narrows Unicode and drops what is not seen",
                [](std::string p) { return fold(narrow(escape_decode(p)), false); }},
    NamedReader{"trims names as Windows does",
                [](std::string p) { return fold(trimmed(escape_decode(p)), false); }},
    NamedReader{"narrows and trims",
                [](std::string p) { return fold(trimmed(narrow(escape_decode(p))), false); }},
};

// The reader that gets out of the prefix with this path, or null.
const char* who_escapes(const std::string& path) {
  for (const NamedReader& reader : kReaders) {
    const std::string place = reader.read(path) + "/";
    if (!place.starts_with("/api/open/")) return reader.name;
  }
  return nullptr;
}

constexpr std::array kDots = {
    ".",    "%2e",  "%2E",  "%252e", "%25252e",    "%c0%ae",  "%e0%80%ae", "%u002e", "%ef%bc%8e", "%e2%80%a4",
    "%00.", ".%00", "%09.", ".%20",  "%e2%80%8b.", ".%c2%ad", "..",        "",       "v1",        ".b"};
constexpr std::array kSlashes = {"/",      "//",        "\\", "%2f",   "%5C",  "%252f",
                                 "%c0%af", "%ef%bc%8f", ";/", ";a=b/", "%3b/", "/./"};

template <typename Visit>
void for_each_spelling(Visit&& visit) {
  for (const char* before : kSlashes)
    for (const char* one : kDots)
      for (const char* other : kDots)
        for (const char* after : kSlashes) {
          const std::string way_out = std::string(before) + one + other + after;
          visit("/api/open" + way_out + "shut");
          if (before == kSlashes[0] || after == kSlashes[0])
            visit("/api/open/x" + way_out + ".." + after + "shut");
        }
}

bool allowed(const std::string& target, bool slash, std::string& path) {
  static const auto policy =
      postern::policy::parse_policy(
          "version: 1\ncapabilities:\n  c: { title: T, class: read, operations: [GET /api/open/**] }\n")
          .policy;
  CanonicalTarget out;
  if (!canonicalise(target, {.encoded_slash = slash}, out).ok()) return false;
  path = out.path();
  const std::vector<base::Refusal> standing(1);
  return postern::policy::decide(*policy, {"GET", path, {}, {}, false}, standing).allowed();
}

TEST(PathEscapes, NoSpellingLeadsAnyComponentOutOfThePrefix) {
  int spellings = 0;
  int passed = 0;
  int past_a_rule = 0;
  for_each_spelling([&](const std::string& target) {
    ++spellings;
    past_a_rule += target.starts_with("/api/open/") && who_escapes(target) != nullptr ? 1 : 0;
    // With encoded slashes all that passes without them passes too, the same.
    std::string path;
    if (!allowed(target, true, path)) return;
    ++passed;
    const char* reader = who_escapes(path);
    EXPECT_EQ(reader, nullptr) << target << " is sent as " << path << " to a component that " << reader;
  });
  std::printf(
      "%d spellings: %d of them pass and stay inside; a rule for the prefix as sent would let %d out\n",
      spellings, passed, past_a_rule);
  EXPECT_GE(spellings, 26'000);
  EXPECT_GT(passed, 0) << "nothing passes: nothing was tested";
  EXPECT_GT(past_a_rule, spellings / 20) << "these spellings lead nobody out";
}

TEST(PathEscapes, WhatCouldBeDotsIsRefusedAndOtherNamesAreNot) {
  std::string path;
  for (const char* name : {"...", "%EF%BC%8E%EF%BC%8E", "..%20", "%E2%80%A5", ".%E2%80%8B.", "a%EF%BC%8F..",
                           "%C2%A0.", "%E3%80%82"})
    EXPECT_FALSE(allowed("/api/open/" + std::string(name), false, path)) << name;
  for (const char* name :
       {"a...", ".a", "a%20", "%20", "1.2", "a%EF%BC%8Fb", "%E8%A3%BD%E3%80%82", "%E2%80%A6a"})
    EXPECT_TRUE(allowed("/api/open/" + std::string(name), false, path)) << name;
}

}  // namespace
}  // namespace postern::http
