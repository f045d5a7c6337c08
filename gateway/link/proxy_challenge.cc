// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/proxy_challenge.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/bytes.h"
#include "base/crypto.h"
#include "gateway/link/md5.h"

namespace postern::link {
namespace {

using base::Code;
using base::Result;
using base::Side;

constexpr std::size_t kShownScheme = 64;

base::Error bad_challenge() {
  return base::fail(Code::Invalid, Side::Component, "what it demands is not well formed");
}

bool is_token_char(char c) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOther.find(c) != std::string_view::npos;
}

// Reads one field's value: challenges apart by commas, as are the parameters within one.
class ChallengeReader {
 public:
  ChallengeReader(std::string_view text, std::vector<ProxyChallenge>& out) : rest_(text), out_(out) {}

  bool read() {
    const std::size_t before = out_.size();
    for (;;) {
      while (!rest_.empty() && (is_blank(rest_.front()) || rest_.front() == ',')) rest_.remove_prefix(1);
      if (rest_.empty()) return true;
      if (!read_element(out_.size() > before) || !at_end_of_element()) return false;
    }
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t'; }
  bool skip_blanks() {
    const std::size_t before = rest_.size();
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
    return rest_.size() < before;
  }
  bool at_end_of_element() {
    skip_blanks();
    return rest_.empty() || rest_.front() == ',';
  }
  std::string_view token() {
    std::size_t size = 0;
    while (size < rest_.size() && is_token_char(rest_[size])) ++size;
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  // A parameter of the challenge before it, or a new challenge with its first parameter.
  bool read_element(bool within) {
    const std::string_view name = token();
    if (name.empty()) return false;
    const bool apart = skip_blanks();
    if (!rest_.empty() && rest_.front() == '=') return within && read_value(name);
    if (out_.size() == kMostChallenges) return false;
    out_.push_back({base::to_lower(name), {}});
    if (!apart || rest_.empty() || rest_.front() == ',') return true;
    return read_first();
  }

  // After a scheme and a blank: a token68 (of Negotiate and the like, which is not kept) or a parameter.
  bool read_first() {
    const std::string_view before = rest_;
    const std::string_view name = token();
    skip_blanks();
    if (!name.empty() && rest_.starts_with('=') && !rest_.starts_with("==")) {
      const std::string_view from = rest_;
      rest_.remove_prefix(1);
      skip_blanks();
      const bool padding = rest_.empty() || rest_.front() == ',';
      rest_ = from;
      if (!padding) return read_value(name);
    }
    rest_ = before;
    while (!rest_.empty() && (is_token_char(rest_.front()) || rest_.front() == '/' || rest_.front() == '='))
      rest_.remove_prefix(1);
    return rest_.size() < before.size();
  }

  bool read_value(std::string_view name) {
    rest_.remove_prefix(1);  // '='
    skip_blanks();
    std::string value;
    if (rest_.starts_with('"')) {
      if (!read_quoted(value)) return false;
    } else {
      value = token();
      if (value.empty()) return false;
    }
    ProxyChallenge& challenge = out_.back();
    const std::string lower = base::to_lower(name);
    const bool twice = std::any_of(challenge.parameters.begin(), challenge.parameters.end(),
                                   [&](const auto& one) { return one.first == lower; });
    if (twice || challenge.parameters.size() == kMostChallenges) return false;
    challenge.parameters.emplace_back(lower, std::move(value));
    return true;
  }

  bool read_quoted(std::string& value) {
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return false;
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
  std::vector<ProxyChallenge>& out_;
};

// Whether a list apart by commas has that word.
bool names(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, comma);
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
    if (base::equals_ignoring_case(one, word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// Of the known algorithms; without one it is MD5 (RFC 7616 section 3.3).
bool take_algorithm(std::string_view text, ProxyDemand& demand) {
  std::string name = base::to_lower(text.empty() ? "md5" : text);
  constexpr std::string_view kSession = "-sess";
  demand.session = name.ends_with(kSession);
  if (demand.session) name.resize(name.size() - kSession.size());
  if (name == "sha-256") demand.scheme = ProxyDemand::Scheme::Sha256;
  if (name == "md5") demand.scheme = ProxyDemand::Scheme::Md5;
  return demand.scheme != ProxyDemand::Scheme::Basic;
}

bool take_digest(const ProxyChallenge& challenge, ProxyDemand& demand) {
  demand = {};
  if (!take_algorithm(challenge.find("algorithm"), demand)) return false;
  demand.realm = challenge.find("realm");
  demand.nonce = challenge.find("nonce");
  demand.opaque = challenge.find("opaque");
  demand.userhash = base::equals_ignoring_case(challenge.find("userhash"), "true");
  demand.stale = base::equals_ignoring_case(challenge.find("stale"), "true");
  return !demand.nonce.empty() && names(challenge.find("qop"), "auth");
}

std::string schemes_of(const std::vector<ProxyChallenge>& challenges) {
  std::string out;
  for (const ProxyChallenge& one : challenges) {
    const std::string name = base::printable(one.scheme, kShownScheme);
    out += (out.empty() ? "" : ", ") + name;
    if (one.scheme == "digest")
      out += " with " +
             base::printable(one.find("algorithm").empty() ? "MD5" : one.find("algorithm"), kShownScheme);
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

class Digest {
 public:
  explicit Digest(ProxyDemand::Scheme scheme) : sha256_(scheme == ProxyDemand::Scheme::Sha256) {}
  // Of texts with colons between them; what was hashed is wiped.
  std::string of(std::initializer_list<std::string_view> parts) const {
    std::string text;
    for (const std::string_view& part : parts) {
      if (&part != parts.begin()) text += ':';
      text += part;
    }
    std::string out = sha256_ ? base::sha256_hex(text) : md5_hex(text);
    base::wipe(text);
    return out;
  }

 private:
  bool sha256_;
};

std::string count_of(std::uint32_t count) {
  std::array<char, 9> out{};
  std::snprintf(out.data(), out.size(), "%08x", count);
  return {out.data(), 8};
}

}  // namespace

std::string_view ProxyChallenge::find(std::string_view name) const {
  for (const auto& [known, value] : parameters) {
    if (known == name) return value;
  }
  return {};
}

Result<std::vector<ProxyChallenge>> parse_challenges(const http::Fields& fields) {
  std::vector<ProxyChallenge> out;
  bool sound = true;
  fields.for_each([&](const http::Field& field) {
    if (field.name == "proxy-authenticate") sound = sound && ChallengeReader(field.value, out).read();
  });
  if (!sound) return bad_challenge();
  return out;
}

Result<ProxyDemand> choose_demand(const std::vector<ProxyChallenge>& challenges) {
  ProxyDemand chosen;
  bool found = false;
  for (const ProxyChallenge& one : challenges) {
    ProxyDemand demand;
    if (one.scheme == "basic" && !found) {
      demand.realm = one.find("realm");
      chosen = demand;
      found = true;
    }
    if (one.scheme != "digest" || !take_digest(one, demand)) continue;
    const bool better =
        !found || chosen.scheme == ProxyDemand::Scheme::Basic ||
        (chosen.scheme == ProxyDemand::Scheme::Md5 && demand.scheme == ProxyDemand::Scheme::Sha256);
    if (better) chosen = demand;
    found = true;
  }
  if (found) return chosen;
  if (challenges.empty())
    return base::fail(Code::Denied, Side::Component, "it demands authentication and does not say which");
  return base::fail(
      Code::Denied, Side::Component,
      "it demands " + schemes_of(challenges) +
          ", and Postern answers to Basic and to Digest (SHA-256 or MD5, qop auth) alone: have the "
          "proxy offer one of these to this machine");
}

Result<std::string> answer_demand(const ProxyDemand& demand, const ProxyQuestion& question) {
  if (demand.scheme == ProxyDemand::Scheme::Basic) {
    std::string pair(question.user);
    pair += ':';
    pair += question.password;
    std::string out = "Basic " + base::to_base64(pair);
    base::wipe(pair);
    return out;
  }
  const Digest digest(demand.scheme);
  const bool sha256 = demand.scheme == ProxyDemand::Scheme::Sha256;
  std::string secret = digest.of({question.user, demand.realm, question.password});
  if (secret.empty())
    return base::fail(Code::Denied, "it demands Digest with MD5, which this machine's OpenSSL does not do");
  if (demand.session) secret = digest.of({secret, demand.nonce, question.client_nonce});
  const std::string count = count_of(question.count);
  const std::string asked = digest.of({question.method, question.uri});
  const std::string response = digest.of({secret, demand.nonce, count, question.client_nonce, "auth", asked});
  base::wipe(secret);
  const std::string user =
      demand.userhash ? digest.of({question.user, demand.realm}) : std::string(question.user);
  std::string out = "Digest username=" + in_quotes(user) + ", realm=" + in_quotes(demand.realm) +
                    ", uri=" + in_quotes(question.uri) + ", algorithm=" + (sha256 ? "SHA-256" : "MD5") +
                    (demand.session ? "-sess" : "") + ", nonce=" + in_quotes(demand.nonce) + ", nc=" + count +
                    ", cnonce=" + in_quotes(question.client_nonce) + ", qop=auth, response=\"" + response +
                    '"';
  if (!demand.opaque.empty()) out += ", opaque=" + in_quotes(demand.opaque);
  if (demand.userhash) out += ", userhash=true";
  return out;
}

}  // namespace postern::link
