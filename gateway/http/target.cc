// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/target.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "gateway/http/chars.h"
#include "gateway/http/dots.h"
#include "gateway/http/percent.h"

namespace postern::http {
namespace {

using base::Refusal;

constexpr Verdict doubtful(std::string_view sentence) {
  return refused(Refusal::TargetNotCanonical, sentence);
}
constexpr Verdict too_long(std::string_view sentence) { return refused(Refusal::TargetTooLong, sentence); }

// What stands plain in a canonical path: pchar of RFC 3986 section 3.3 without ';'. Plain whether it was
// encoded or not, since servers decode before they look a path up: "/job%3Astop" and "/job:stop" must be one
// resource to a rule as well.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> table{};
  for (int c = 0; c < 128; ++c) table[static_cast<std::size_t>(c)] = is_unreserved(static_cast<char>(c));
  for (const char c : std::string_view("!$&'()*+,=:@")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kPlain = make_plain();
bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

// The path and what follows, with an absolute target's scheme and authority taken off and checked (RFC 9112
// section 3.2.2).
Verdict take_authority(std::string_view& target, std::span<const Authority> ours, std::string& taken) {
  const std::size_t colon = target.find("://");
  const std::string_view scheme = target.substr(0, colon);
  const bool https = base::equals_ignoring_case(scheme, "https");
  if (colon == std::string_view::npos || (!https && !base::equals_ignoring_case(scheme, "http"))) {
    return doubtful("the target is neither a path nor an http address");
  }
  const std::string_view rest = target.substr(colon + 3);
  // Not at '#': what stands behind it is no path, and with it this is no authority.
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (!is_authority(authority)) return doubtful("the target's authority is not host[:port]");
  if (!names_one_of(ours, authority, https ? 443 : 80)) {
    return refused(Refusal::WrongHost, "the target names a host that is not served here");
  }
  taken = authority;
  target = rest.substr(authority.size());
  return accepted();
}

// A byte that came percent-encoded in a path.
Verdict take_encoded(char byte, bool slash_allowed, bool& slash, std::string& out) {
  const auto value = static_cast<unsigned char>(byte);
  if (value < 0x20 || value == 0x7f) return doubtful("the path holds an encoded control character");
  if (byte == '\\') return doubtful("the path holds an encoded backslash");
  if (byte == ';') return doubtful("the path holds an encoded semicolon");
  if (byte == '/') {
    if (!slash_allowed) return doubtful("the path holds an encoded slash");
    slash = true;
  }
  is_plain(byte) ? out.push_back(byte) : append_percent(byte, out);
  return accepted();
}

Verdict judge_raw(char c) {
  if (c == '\\') return doubtful("the path holds a backslash");
  if (c == ';') return doubtful("the path holds a semicolon");
  if (c == '#') return doubtful("the target holds a fragment");
  return doubtful("the path holds a character that must be percent-encoded");
}

// What a server that decodes "%2F" would see: none of it may be empty.
bool has_empty_part(std::string_view segment) {
  while (true) {
    const std::string_view part = segment.substr(0, segment.find("%2F"));
    if (part.empty()) return true;
    if (part.size() == segment.size()) return false;
    segment.remove_prefix(part.size() + 3);
  }
}

Verdict take_segment(std::string_view raw, bool slash_allowed, bool& any_slash, std::string& out) {
  const std::size_t begin = out.size();
  bool slash = false;
  bool encoded = false;
  for (std::size_t i = 0; i < raw.size();) {
    const std::size_t plain_begin = i;
    while (i < raw.size() && is_plain(raw[i])) ++i;
    out.append(raw, plain_begin, i - plain_begin);
    if (i == raw.size()) break;
    if (raw[i] != '%') return judge_raw(raw[i]);
    const int byte = percent_byte(raw, i);
    if (byte < 0) return doubtful("a percent sign is not followed by two hexadecimal digits");
    if (const Verdict verdict = take_encoded(static_cast<char>(byte), slash_allowed, slash, out);
        !verdict.ok())
      return verdict;
    encoded = true;
    i += 3;
  }
  const std::string_view segment = std::string_view(out).substr(begin);
  any_slash |= slash;
  if (!encoded) {
    const bool dots = !segment.empty() && segment.find_first_not_of('.') == std::string_view::npos;
    return dots ? doubtful("the path holds a dot segment") : accepted();
  }
  if (slash && has_empty_part(segment)) return doubtful("the path holds an encoded slash beside another");
  if (is_encoded_twice(segment)) return doubtful("the path is encoded twice");
  const std::string decoded = percent_decode(segment);
  if (!is_clean_utf8(decoded)) return doubtful("the path is not clean UTF-8");
  if (could_be_dots(decoded)) return doubtful("the path holds what could be read as a dot segment");
  return accepted();
}

Verdict take_path(std::string_view path, const TargetRules& rules, bool& slash, std::string& out) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the '/'
    out.push_back('/');
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    // Well-formed (RFC 3986 section 3.3), so not the client's mistake; but servers disagree on what it names.
    if (segment.empty() && !path.empty())
      return refused(Refusal::OperationNotListed, "the path holds an empty segment: no operation has one");
    if (segment.size() > rules.segment) return too_long("a segment of the path is longer than the limit");
    if (const Verdict verdict = take_segment(segment, rules.encoded_slash, slash, out); !verdict.ok())
      return verdict;
  }
  return accepted();
}

}  // namespace

void CanonicalTarget::clear() {
  text_.clear();
  authority_.clear();
  path_size_ = 0;
  encoded_slash_ = false;
  parameters_.reset(0);
}

void CanonicalTarget::forget() {
  clear();
  text_.shrink_to_fit();
  parameters_.forget();
}

Verdict CanonicalTarget::take(std::string_view target, const TargetRules& rules) {
  if (target == "*") return doubtful("the asterisk form is not forwarded");
  if (!target.starts_with('/')) {
    if (const Verdict verdict = take_authority(target, rules.ours, authority_); !verdict.ok()) return verdict;
  }
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = target.substr(std::min(target.size(), path.size() + 1));
  if (path.size() > rules.path) return too_long("the path is longer than the limit");
  if (query.size() > rules.query) return too_long("the query is longer than the limit");

  // An absolute target may leave the path out (RFC 9112 section 3.2.2 sends "/" on).
  if (const Verdict verdict = take_path(path.empty() ? "/" : path, rules, encoded_slash_, text_);
      !verdict.ok()) {
    return verdict;
  }
  path_size_ = text_.size();
  if (query.empty()) return accepted();
  text_.push_back('?');
  const Verdict verdict =
      parse_parameters(query, rules.parameters, Refusal::TargetNotCanonical, text_, parameters_);
  if (parameters_.size() == 0) text_.resize(path_size_);  // nothing but '&'
  return verdict;
}

Verdict canonicalise(std::string_view target, const TargetRules& rules, CanonicalTarget& out) {
  out.clear();
  const Verdict verdict = out.take(target, rules);
  if (!verdict.ok()) out.clear();
  return verdict;
}

std::string percent_decode(std::string_view canonical) {
  std::string out;
  out.reserve(canonical.size());
  for (std::size_t i = 0; i < canonical.size(); ++i) {
    const int byte = canonical[i] == '%' ? percent_byte(canonical, i) : -1;
    out.push_back(byte < 0 ? canonical[i] : static_cast<char>(byte));
    if (byte >= 0) i += 2;
  }
  return out;
}

}  // namespace postern::http
