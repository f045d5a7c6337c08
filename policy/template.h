// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A path template: which paths an operation or a never rule means. Segments are literals, {name} (exactly one
// segment that is not empty) and, at the end only, ** (zero or more further segments). A trailing slash is an
// empty last segment and significant. Two templates that differ only in the names of their parameters mean
// the same paths.
//
//   /api/v1/label/{name}/values      /static/**      /
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"

namespace postern::policy {

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete, Options };
inline constexpr int kMethods = 7;
using MethodSet = std::uint8_t;  // one bit per Method
inline constexpr MethodSet kEveryMethod = 0x7f;

constexpr MethodSet bit(Method method) { return static_cast<MethodSet>(1U << static_cast<unsigned>(method)); }
std::optional<Method> parse_method(std::string_view text);  // upper case only, as in HTTP
std::string_view to_text(Method method);
// What a rule for method speaks about: GET means HEAD too, because a HEAD asks for no more than a GET tells.
constexpr MethodSet covered_by(Method method) {
  return method == Method::Get ? static_cast<MethodSet>(bit(Method::Get) | bit(Method::Head)) : bit(method);
}

inline constexpr std::size_t kTemplateSegments = 32;  // so that the places of {} fit one word
inline constexpr std::size_t kTemplateLength = 1024;  // bytes
inline constexpr std::size_t kArrangementLimit =
    64;  // different arrangements of operations; of never rules as well

struct Segment {
  bool parameter = false;
  std::string text;  // the literal, or the parameter's name
};

struct Template {
  std::vector<Segment> segments;
  bool tail = false;  // ends with **

  std::string text() const;  // as it was written: "/api/{id}/**"
  std::string key() const;   // the same without names: "/api/{}/**"; equal keys mean equal sets of paths
  // Where the wildcards stand: bit i is set if segment i is a parameter; with ** also the number of segments,
  // from bit 32. The different arrangements in a policy bound what a decision costs: of one arrangement at
  // most one template can match a path, and at any depth at most one prefix can be alive.
  std::uint64_t arrangement() const;
};

// Parses a path template. Each fault is one sentence that says what would be right; mark is where text begins
// in its file.
Template parse_template(std::string_view text, base::Mark mark, std::vector<base::Fault>& faults);

bool matches(const Template& pattern, std::string_view path);  // the definition, slowly; decide() is quick
bool covers(const Template& wide, const Template& narrow);     // every path of narrow is a path of wide
bool overlap(const Template& a, const Template& b);            // some path is in both
std::string witness(const Template& a, const Template& b);     // such a path; a and b overlap

// The canonical form of a path segment, the only one that reaches a decision: unreserved characters,
// sub-delims without
// ";", ":" and "@" as they are, everything else as %XX in upper case; never an encoded slash, backslash or
// control byte, never invalid UTF-8 (RFC 3986 sections 3.3 and 6.2.2). Says what is wrong, or nothing.
std::optional<std::string> canonical_fault(std::string_view segment);

// "/a/b/" -> "a", "b", "". path begins with a slash.
std::vector<std::string_view> split_path(std::string_view path);

}  // namespace postern::policy
