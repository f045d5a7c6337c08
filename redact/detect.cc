// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/detect.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::redact {
namespace {

using State = Finding::State;

constexpr std::string_view kAlnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr CharSet kLetterOrDigit(kAlnum);
constexpr CharSet kWord("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
constexpr CharSet kWordDot("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
constexpr CharSet kBase64("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
constexpr CharSet kBase64Bare("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
constexpr CharSet kCredential("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");
constexpr CharSet kUpperDigit("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
constexpr CharSet kHex("0123456789abcdef");
// What ends the authority of a URL, wherever it is written.
constexpr CharSet kInAuthority(" \t\r\n\"'<>`\\/?#|{}", true);
// What ends a value that follows name=.
constexpr CharSet kInAssigned(" \t\r\n\"'&", true);
constexpr CharSet kInLine("\r\n", true);

constexpr std::size_t kPemLabel = 48;         // bytes between "-----BEGIN " and "-----"
constexpr std::size_t kPemSearch = 512;       // within which a line of base64 must begin
constexpr std::size_t kPemLine = 32;          // bytes of base64 that are no word
constexpr std::size_t kLongestKeyName = 128;  // of an AWS secret, however its bytes come
constexpr std::size_t kSpaces = 64;           // between a name, its colon and its value

Finding none() { return {}; }
Finding more(std::size_t begin, Kind kind) {
  Finding finding;
  finding.state = State::More;
  finding.begin = begin;
  finding.kind = kind;
  return finding;
}
Finding found(std::size_t begin, std::size_t end, Kind kind, Tail tail = {}) {
  Finding finding;
  finding.state = State::Found;
  finding.begin = begin;
  finding.end = end;
  finding.kind = kind;
  finding.tail = std::move(tail);
  return finding;
}

enum class Match { No, Part, Yes };

// Part: what is there agrees, and more may come.
Match match(const View& view, std::size_t at, std::string_view literal, bool any_case = false) {
  const std::string_view there = view.text.substr(std::min(at, view.text.size()), literal.size());
  for (std::size_t i = 0; i < there.size(); ++i) {
    const bool same =
        any_case ? base::to_lower(there[i]) == base::to_lower(literal[i]) : there[i] == literal[i];
    if (!same) return Match::No;
  }
  if (there.size() == literal.size()) return Match::Yes;
  return view.final ? Match::No : Match::Part;
}

std::size_t run_end(std::string_view text, std::size_t at, const CharSet& set) {
  while (at < text.size() && set.has(text[at])) ++at;
  return at;
}

// --- what is known

Finding find_literal(const View& view, std::size_t begin, const Pattern& pattern) {
  const Match matched = match(view, begin, pattern.text);
  if (matched == Match::No) return none();
  if (matched == Match::Part) return more(begin, Kind::Literal);
  return found(begin, begin + pattern.text.size(), Kind::Literal);
}

// Where among its first bytes the two stand that other text has the least.
std::size_t rarest_pair(std::string_view literal) {
  const auto commonness = [](char c) {
    if (c >= 'a' && c <= 'z') return 4;
    if ((c >= '0' && c <= '9') || std::string_view(" \"',:/.-_=").find(c) != std::string_view::npos) return 3;
    return 1;
  };
  constexpr std::size_t kPairs = kLeastLiteral - 1;
  std::size_t best = 0;
  for (std::size_t at = 1; at < kPairs; ++at) {
    const auto of = [&](std::size_t i) { return commonness(literal[i]) * commonness(literal[i + 1]); };
    if (of(at) < of(best)) best = at;
  }
  return best;
}

// --- tokens that a prefix tells

Finding find_token(const View& view, std::size_t begin, const Pattern& pattern) {
  if (!begins_word(view, begin)) return none();
  const Match match_prefix = match(view, begin, pattern.text);
  if (match_prefix == Match::No) return none();
  const std::size_t behind = std::min(begin + pattern.text.size(), view.text.size());
  const std::size_t end = run_end(view.text, behind, *pattern.set);
  if (match_prefix == Match::Yes && end - behind >= pattern.least)
    return found(begin, end, Kind::Token, Tail::run(*pattern.set));
  return end == view.text.size() && !view.final ? more(begin, Kind::Token) : none();
}

// "AccountKey=...": the name stays.
Finding find_value_of(const View& view, std::size_t begin, const Pattern& pattern) {
  Finding finding = find_token(view, begin, pattern);
  if (finding.state == State::Found) finding.begin += pattern.text.size();
  return finding;
}

Finding find_jwt(const View& view, std::size_t begin, const Pattern&) {
  if (!begins_word(view, begin)) return none();
  const Match prefix = match(view, begin, "eyJ");
  if (prefix != Match::Yes) return prefix == Match::Part ? more(begin, Kind::Jwt) : none();
  const std::size_t dot = run_end(view.text, begin, kWord);
  if (dot == view.text.size()) return view.final ? none() : more(begin, Kind::Jwt);
  if (view.text[dot] != '.' || dot - begin < 15) return none();
  const Match payload = match(view, dot + 1, "eyJ");
  if (payload == Match::Part) return more(begin, Kind::Jwt);
  if (payload == Match::No) {  // encrypted: the second part is no document
    const std::size_t second = run_end(view.text, dot + 1, kWord);
    if (second == view.text.size()) return view.final ? none() : more(begin, Kind::Jwt);
    if (view.text[second] != '.') return none();
  }
  return found(begin, run_end(view.text, dot, kWordDot), Kind::Jwt, Tail::run(kWordDot));
}

Finding find_aws_id(const View& view, std::size_t begin, const Pattern& pattern) {
  if (!begins_word(view, begin)) return none();
  const Match prefix = match(view, begin, pattern.text);
  if (prefix != Match::Yes) return prefix == Match::Part ? more(begin, Kind::AwsKey) : none();
  const std::size_t end = run_end(view.text, begin, kUpperDigit);
  if (end - begin > 20) return none();
  if (end == view.text.size() && !view.final) return more(begin, Kind::AwsKey);
  if (end - begin < 20 || (end < view.text.size() && kLetterOrDigit.has(view.text[end]))) return none();
  return found(begin, end, Kind::AwsKey);
}

// --- names and what they are followed by

// Behind a name: its quote, spaces, a colon or an equals sign, spaces. Where the value begins; the state says
// whether it can be told. quote: of the name, as it stands ("\"" may be preceded by a backslash).
struct Separator {
  Match match = Match::No;
  std::size_t value = 0;
  char sign = '\0';
};

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  const std::size_t most = std::min(text.size(), at + kSpaces);
  while (at < most && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

Separator separator(const View& view, std::size_t at) {
  const std::string_view text = view.text;
  const auto open = [&](std::size_t i) { return i >= text.size(); };
  const Separator undecided{view.final ? Match::No : Match::Part, 0, '\0'};
  if (open(at)) return undecided;
  if (text[at] == '\\') ++at;
  if (open(at)) return undecided;
  if (text[at] == '"' || text[at] == '\'') ++at;
  at = skip_spaces(text, at);
  if (open(at)) return undecided;
  const char sign = text[at];
  if (sign != ':' && sign != '=') return {};
  ++at;
  if (open(at) && !view.final) return undecided;
  if (!open(at) && (text[at] == '>' || text[at] == '=')) ++at;
  at = skip_spaces(text, at);
  if (open(at) && !view.final) return undecided;
  return {Match::Yes, at, sign};
}

// Opening quote of a value: how long it is, and the tail behind it. Nothing of it has been seen if more is
// set.
struct Opening {
  std::size_t size = 0;
  Tail tail;
  bool more = false;
};

Opening opening_quote(const View& view, std::size_t at) {
  const std::string_view text = view.text;
  if (at >= text.size()) return {};
  const char c = text[at];
  if (c == '"' || c == '\'') return {1, Tail::quote(c, view.form == Form::Yaml), false};
  if (c != '\\') return {};
  if (at + 1 >= text.size()) return {0, {}, !view.final};
  if (text[at + 1] != '"' && text[at + 1] != '\'') return {};
  return {2, Tail::escaped_quote(text[at + 1]), false};
}

// Where the line's first word stands that is no "- ": how deep the name is.
bool margin_in_front(const View& view, std::size_t at, std::size_t& column) {
  const std::size_t newline = at == 0 ? std::string_view::npos : view.text.rfind('\n', at - 1);
  const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  column = at - begin + (newline == std::string_view::npos ? view.column : 0);
  bool margin = newline != std::string_view::npos || view.margin;
  for (std::size_t i = begin; i < at && margin; ++i)
    margin = view.text[i] == ' ' || view.text[i] == '-' || view.text[i] == '"' || view.text[i] == '\'';
  return margin;
}

Finding find_named(const View& view, std::size_t begin, const Pattern& pattern) {
  const char front = view.back(begin);
  // --password=, but not x-password:.
  const bool dash = front == '-' && view.back(begin, 2) != '-' && view.back(begin, 2) != '\0' &&
                    view.back(begin, 2) != '\n' && view.back(begin, 2) != ' ';
  if (front == '_' || dash || !begins_word(view, begin)) return none();
  const Match name = match(view, begin, pattern.text, pattern.any_case);
  if (name != Match::Yes) return name == Match::Part ? more(begin, Kind::Field) : none();
  const Separator behind = separator(view, begin + pattern.text.size());
  if (behind.match != Match::Yes) return behind.match == Match::Part ? more(begin, Kind::Field) : none();
  Opening opening = opening_quote(view, behind.value);
  if (opening.more) return more(begin, Kind::Field);
  const std::size_t value = behind.value + opening.size;
  if (opening.size > 0) return found(value, value, Kind::Field, std::move(opening.tail));
  const bool quoted_name = front == '"' || front == '\'';
  if (view.form == Form::Yaml && behind.sign == ':') {
    std::size_t column = 0;
    if (margin_in_front(view, begin, column)) {
      if (quoted_name) --column;
      const bool open = value >= view.text.size() || view.text[value] == '\n' || view.text[value] == '\r';
      Finding finding = found(value, value, Kind::Field, Tail::block(column, open));
      finding.bare = view.back(value) == ' ' ? "\"" : " \"";
      return finding;
    }
  }
  if (value >= view.text.size() || view.text[value] == '\n' || view.text[value] == '\r') return none();
  const CharSet& set = behind.sign == '=' ? kInAssigned : kInLine;
  return set.has(view.text[value]) ? found(value, value, Kind::Field, Tail::run(set)) : none();
}

bool is_secret_key_name(std::string_view squeezed) {
  return squeezed.ends_with("secretaccesskey") || squeezed.ends_with("awssecretkey") ||
         squeezed.ends_with("secretkey");
}

// secret_access_key = 40 characters: nothing else tells them from a digest. In awsSecretKey a capital begins a
// word.
Finding find_named_aws_secret(const View& view, std::size_t begin, const Pattern& pattern) {
  if (!begins_word(view, begin) && !pattern.within_words) return none();
  const Match name = match(view, begin, pattern.text, pattern.any_case);
  if (name != Match::Yes) return name == Match::Part ? more(begin, Kind::AwsKey) : none();
  const std::size_t end = run_end(view.text, begin, kWord);
  if (end - begin > kLongestKeyName) return none();
  if (end == view.text.size() && !view.final) return more(begin, Kind::AwsKey);
  std::string squeezed;
  for (const char c : view.text.substr(begin, end - begin))
    if (c != '_' && c != '-') squeezed += base::to_lower(c);
  if (!is_secret_key_name(squeezed)) return none();
  const Separator behind = separator(view, end);
  if (behind.match != Match::Yes) return behind.match == Match::Part ? more(begin, Kind::AwsKey) : none();
  const Opening opening = opening_quote(view, behind.value);
  if (opening.more) return more(begin, Kind::AwsKey);
  const std::size_t value = behind.value + opening.size;
  const std::size_t value_end = run_end(view.text, value, kBase64Bare);
  if (value_end - value > 40) return none();
  if (value_end == view.text.size() && !view.final) return more(begin, Kind::AwsKey);
  return value_end - value == 40 ? found(value, value_end, Kind::AwsKey) : none();
}

// --- URLs and headers

Finding find_url_password(const View& view, std::size_t begin, const Pattern&) {
  if (match(view, begin, "://") != Match::Yes || !kLetterOrDigit.has(view.back(begin))) return none();
  const std::size_t authority = begin + 3;
  const std::size_t end = run_end(view.text, authority, kInAuthority);
  if (end == view.text.size() && !view.final) return more(begin, Kind::UrlPassword);
  // The last @, as browsers read it: an unescaped one may stand in the password.
  const std::string_view all = view.text.substr(authority, end - authority);
  const std::size_t at = all.rfind('@');
  const std::size_t colon = all.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon + 1 >= at) return none();
  return found(authority + colon + 1, authority + at, Kind::UrlPassword);
}

// "user:password" in base64.
bool is_basic(std::string_view word) {
  std::uint32_t bits = 0;
  int count = 0;
  bool colon = false;
  std::size_t decoded = 0;
  for (const char c : word) {
    if (c == '=') break;
    const std::size_t value =
        std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
    if (value == std::string_view::npos) return false;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    const auto byte = static_cast<unsigned char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
    if (byte < 0x20 || byte == 0x7F) return false;
    colon = colon || byte == ':';
    ++decoded;
  }
  return colon && decoded >= 3;
}

// The scheme's word, spaces, and a credential that no prose could be: with a digit, or said to be one.
Finding find_scheme(const View& view, std::size_t begin, const Pattern& pattern) {
  if (!begins_word(view, begin)) return none();
  const Match scheme = match(view, begin, pattern.text, true);
  if (scheme != Match::Yes) return scheme == Match::Part ? more(begin, Kind::Authorization) : none();
  const std::size_t word = skip_spaces(view.text, begin + pattern.text.size());
  if (word == view.text.size() && !view.final) return more(begin, Kind::Authorization);
  const std::size_t end = run_end(view.text, word, kCredential);
  const std::string_view credential = view.text.substr(word, end - word);
  const bool basic = base::to_lower(pattern.text.front()) == 'b' && base::to_lower(pattern.text[1]) == 'a';
  if (!basic && credential.size() >= pattern.least &&
      std::any_of(credential.begin(), credential.end(), [](char c) { return kDigit.has(c); }))
    return found(word, end, Kind::Authorization, Tail::run(kCredential));
  if (end == view.text.size() && !view.final) return more(begin, Kind::Authorization);
  if (basic && is_basic(credential)) return found(word, end, Kind::Authorization);
  return none();
}

// --- keys

Finding find_pem(const View& view, std::size_t begin, const Pattern& pattern) {
  const Match prefix = match(view, begin, pattern.text);
  if (prefix != Match::Yes) return prefix == Match::Part ? more(begin, Kind::PrivateKey) : none();
  const std::size_t label = begin + pattern.text.size();
  static constexpr CharSet kLabel("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ");
  const std::size_t label_end = run_end(view.text, label, kLabel);
  if (label_end - label > kPemLabel) return none();
  const Match dashes = match(view, label_end, "-----");
  if (dashes != Match::Yes) return dashes == Match::Part ? more(begin, Kind::PrivateKey) : none();
  const std::string_view name = view.text.substr(label, label_end - label);
  if (name.find("PRIVATE KEY") == std::string_view::npos) return none();
  // A program that only knows the line has no key behind it.
  static constexpr CharSet kAround(" \t\r\n\\\"':,-.()%&#;<>");
  const std::size_t body = label_end + 5;
  for (std::size_t at = body; at < body + kPemSearch;) {
    const std::size_t end = run_end(view.text, at, kBase64);
    if (end - at >= kPemLine) return found(begin, body, Kind::PrivateKey, Tail::pem());
    if (end == view.text.size()) return view.final ? none() : more(begin, Kind::PrivateKey);
    if (!kAround.has(view.text[end])) return none();
    at = end + 1;
  }
  return none();
}

// Base64 of "-----BEGIN": which key, the next bytes say.
Finding find_encoded_pem(const View& view, std::size_t begin, const Pattern& pattern) {
  const Match prefix = match(view, begin, pattern.text);
  if (prefix == Match::No) return none();
  constexpr std::size_t kLook = 60;
  const std::size_t end = run_end(view.text, begin, kBase64);
  if (end == view.text.size() && !view.final && end - begin < kLook) return more(begin, Kind::PrivateKey);
  // "PRIVATE KEY" at each of the three places that a byte can have in base64.
  const std::string_view head = view.text.substr(begin, std::min(end - begin, kLook));
  for (const std::string_view word : {"UFJJVkFURSBLRV", "BSSVZBVEUgS0VZ", "QUklWQVRFIEtFW"})
    if (head.find(word) != std::string_view::npos)
      return found(begin, end, Kind::PrivateKey, Tail::run(kBase64));
  return none();
}

Pattern token(std::string_view prefix, std::size_t anchor, const CharSet& set, std::size_t least) {
  return {prefix, anchor, find_token, &set, least, false};
}

}  // namespace

bool begins_word(const View& view, std::size_t at) {
  if (!kLetterOrDigit.has(view.back(at))) return true;
  const char second = view.back(at, 2);
  return second == '\\' || (view.back(at, 3) == '%' && kLetterOrDigit.has(second));
}

const std::vector<Pattern>& built_in_patterns() {
  static const std::vector<Pattern> kPatterns{
      {"-----BEGIN ", 7, find_pem, nullptr, 0, false, true},
      {"LS0tLS1CRUdJTi", 0, find_encoded_pem, nullptr, 0, false, true},
      {"eyJ", 1, find_jwt, nullptr, 0, false},
      {"AKIA", 0, find_aws_id, nullptr, 0, false},
      {"ASIA", 0, find_aws_id, nullptr, 0, false},
      {"secret", 2, find_named_aws_secret, nullptr, 0, true},
      {"Secret", 2, find_named_aws_secret, nullptr, 0, false, true},
      {"://", 1, find_url_password, nullptr, 0, false, true},
      {"bearer ", 0, find_scheme, nullptr, 16, true},
      {"basic ", 0, find_scheme, nullptr, 8, true},
      // GitHub, GitLab
      token("ghp_", 0, kLetterOrDigit, 36),
      token("gho_", 0, kLetterOrDigit, 36),
      token("ghu_", 0, kLetterOrDigit, 36),
      token("ghs_", 0, kLetterOrDigit, 36),
      token("ghr_", 0, kLetterOrDigit, 36),
      token("github_pat_", 5, kWord, 22),
      token("glpat-", 0, kWord, 20),
      token("gldt-", 0, kWord, 20),
      token("glrt-", 0, kWord, 20),
      // Slack
      token("xoxb-", 0, kWord, 10),
      token("xoxp-", 0, kWord, 10),
      token("xoxa-", 0, kWord, 10),
      token("xoxr-", 0, kWord, 10),
      token("xoxs-", 0, kWord, 10),
      token("xoxe-", 0, kWord, 10),
      token("xoxe.", 0, kWordDot, 10),
      token("xapp-", 0, kWord, 10),
      {"hooks.slack.com/services/", 0, find_value_of, &kCredential, 20, false},
      // Google
      token("AIza", 1, kWord, 35),
      token("GOCSPX-", 1, kWord, 20),
      token("ya29.", 0, kWord, 20),
      // Stripe
      token("sk_live_", 2, kLetterOrDigit, 16),
      token("sk_test_", 2, kLetterOrDigit, 16),
      token("rk_live_", 2, kLetterOrDigit, 16),
      token("rk_test_", 2, kLetterOrDigit, 16),
      token("whsec_", 4, kBase64, 20),
      // Registries of packages and images
      token("npm_", 1, kLetterOrDigit, 36),
      token("pypi-AgE", 3, kWord, 32),
      token("dckr_pat_", 1, kWord, 20),
      // Clouds and services
      token("SG.", 0, kWordDot, 40),
      token("dop_v1_", 3, kHex, 64),
      token("hvs.", 0, kWord, 24),
      token("hvb.", 0, kWord, 24),
      token("glsa_", 0, kWord, 32),
      token("glc_", 0, kBase64, 32),
      token("hf_", 1, kLetterOrDigit, 34),
      token("sk-ant-", 1, kWord, 20),
      token("sk-proj-", 1, kWord, 20),
      token("shpat_", 1, kHex, 32),
      {"AccountKey=", 0, find_value_of, &kBase64, 40, false},
      {"SharedAccessKey=", 2, find_value_of, &kBase64, 40, false},
      token("AGE-SECRET-KEY-1", 2, kUpperDigit, 50),
      // Postern's own
      token("postern-pass-v1.", 7, kWordDot, 16),
  };
  return kPatterns;
}

Pattern literal_pattern(std::string_view literal) {
  Pattern pattern{literal, rarest_pair(literal), find_literal};
  pattern.within_words = true;
  return pattern;
}

Pattern named_pattern(std::string_view name) { return {name, 0, find_named, nullptr, 0, true}; }

bool announces_aws_secret(std::string_view key) {
  if (key.size() < 9 || key.size() > 64 || base::to_lower(key.back()) != 'y') return false;
  std::string squeezed;
  for (const char c : key)
    if (c != '_' && c != '-') squeezed += base::to_lower(c);
  return is_secret_key_name(squeezed);
}

Finding find_aws_secret(const View& view) {
  const std::size_t end = run_end(view.text, 0, kBase64);
  if (end > 40) return none();
  if (end == view.text.size() && !view.final) return more(0, Kind::AwsKey);
  return end == 40 && end == view.text.size() ? found(0, end, Kind::AwsKey) : none();
}

}  // namespace postern::redact
